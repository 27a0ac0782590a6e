/** The bot's side of Slack: Bolt behind the inbox, connected and kept so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { App as Bolt } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { App, Directory } from '../app/app.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { FirebreakError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Spool } from '../store/spool.ts';
import type { Store } from '../store/store.ts';
import { clientOptions, type WhoAmI } from './client.ts';
import { canWait } from './danger.ts';
import { createEntering } from './enter-kept.ts';
import { watchFreezes } from './freezes.ts';
import { type HttpHandler, type HttpLink, httpLink } from './http.ts';
import { inboxReceiver } from './inbox-receiver.ts';
import type { SlackLink } from './link.ts';
import { listen } from './listeners.ts';
import { boltLogger } from './logger.ts';
import { isRefusedToken, slackError } from './perform/verdict.ts';
import { createReplay, type Replay, tellDirectly } from './replay.ts';
import { type SocketReceiver, socketReceiver } from './socket.ts';

const START_MS = 10_000;

export interface SlackParts {
  /** From `createClient`: it carries the bot's token. */
  readonly client: WebClient;
  readonly identity: WhoAmI;
  /** How Slack reaches the bot. */
  readonly link: SlackLink;
  readonly apiUrl?: string | undefined;
  /** `/incident` */
  readonly command: string;
  readonly store: Pick<Store, 'inbox'>;
  /** Where that is kept which the store does not take; without it, it is refused. */
  readonly spool?: Spool;
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly directory: Directory;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface Slack {
  /** Settles when Slack is reached, or goes on trying; fails only when Slack refuses a token. */
  start(): Promise<void>;
  stop(): Promise<void>;
  connected(): boolean;
  /** Over HTTP only: answers what Slack sends. */
  readonly handle?: HttpHandler;
  /** Does what a crash left undone. */
  readonly replay: Replay;
}

/** Builds the bot; nothing is connected before `start`. */
export function createSlack(parts: SlackParts): Slack {
  const { client, identity, apiUrl, store, spool, app, dispatch, log, now } = parts;
  const { inbox } = store;
  const link = linkOf(parts);
  const receiver = inboxReceiver(link, {
    inbox,
    spool,
    canWait: (asked) => canWait(asked, dispatch),
    tell: (user, text) => tellDirectly(user, text, client, log),
    now,
    log,
  });
  const entering = spool && createEntering({ spool, inbox, now, log });
  const bolt = new Bolt({
    receiver,
    // Without asking Slack: a command must not fail because auth.test did.
    authorize: () =>
      Promise.resolve({ ...(client.token ? { botToken: client.token } : {}), ...identity.known() }),
    clientOptions: clientOptions(apiUrl, log),
    logger: boltLogger(log),
    convoStore: false,
  });
  listen(bolt, parts);
  return {
    async start() {
      // First: Slack may be away.
      entering?.start();
      await startUp(link, identity, log);
    },
    async stop() {
      await receiver.stop();
      await entering?.stop();
    },
    connected: () => link.connected(),
    ...('handle' in link ? { handle: link.handle } : {}),
    replay: createReplay({
      bolt,
      app,
      dispatch,
      inbox,
      underWay: receiver.underWay,
      entering,
      log,
      now,
    }),
  };
}

function linkOf({ link, identity, apiUrl, log, now }: SlackParts): SocketReceiver | HttpLink {
  const freezes = watchFreezes(now);
  return link.kind === 'http'
    ? httpLink({ signingSecret: link.signingSecret, identity, freezes, log, now })
    : socketReceiver({ appToken: link.appToken, apiUrl, freezes, log });
}

/** A Slack that is away must not keep the rest of the bot from its work; one that refuses a token ends the start. */
async function startUp(link: SocketReceiver | HttpLink, identity: WhoAmI, log: Logger): Promise<void> {
  try {
    await Promise.all([connect(link), askWhoWeAre(identity, log)]);
    if (!link.connected()) log.warn('Slack does not answer yet; connecting goes on');
  } catch (error) {
    await link.stop();
    throw error;
  }
}

async function connect(link: SocketReceiver | HttpLink): Promise<void> {
  const started = link.start().catch((error: unknown) => {
    throw tokenRefused('SLACK_APP_TOKEN', error);
  });
  await Promise.race([started, sleep(START_MS, undefined, { ref: false })]);
}

async function askWhoWeAre(identity: WhoAmI, log: Logger): Promise<void> {
  try {
    await identity.get();
  } catch (error) {
    if (isRefusedToken(error)) throw tokenRefused('SLACK_BOT_TOKEN', error);
    log.warn({ err: error }, 'auth.test failed');
  }
}

const tokenRefused = (variable: string, error: unknown): FirebreakError =>
  new FirebreakError('SLACK_TOKEN_REFUSED', { variable, found: slackError(error) ?? String(error) }, error);
