/** The bot's side of Slack: Bolt behind the inbox, and its listeners, each of which acks, calls and renders. */
import { setTimeout as sleep } from 'node:timers/promises';
import { App as Bolt } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { App, Directory } from '../app/app.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { FirebreakError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { privately } from './answer.ts';
import { actOnClick, type Click } from './clicks.ts';
import { clientOptions, type WhoAmI } from './client.ts';
import { clipMessage } from './clip-message.ts';
import { type Body, senderOf } from './inbound.ts';
import { inboxReceiver } from './inbox-receiver.ts';
import { boltLogger } from './logger.ts';
import { openForm, submitDeclare } from './modals.ts';
import { createIntroductions } from './people.ts';
import { isRefusedToken, slackError } from './perform/verdict.ts';
import { replayOpen } from './replay.ts';
import { type SocketReceiver, socketReceiver } from './socket.ts';
import { DECLARE_FORM } from './views/declare-modal.ts';

const START_MS = 10_000;

export interface SlackParts {
  /** From `createClient`: it carries the bot's token. */
  readonly client: WebClient;
  readonly identity: WhoAmI;
  readonly appToken: string;
  readonly apiUrl?: string | undefined;
  /** `/incident` */
  readonly command: string;
  readonly store: Pick<Store, 'inbox'>;
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly directory: Directory;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface Slack {
  /** Settles with the first connection, or goes on trying; fails only when Slack refuses the token. */
  start(): Promise<void>;
  stop(): Promise<void>;
  connected(): boolean;
  /** Does what a crash left undone; to be called at start and on each tick, by one instance at a time. */
  readonly replay: () => Promise<void>;
}

/** Builds the bot; nothing is connected before `start`. */
export function createSlack(parts: SlackParts): Slack {
  const { client, identity, appToken, apiUrl, store, dispatch, log, now } = parts;
  const socket = socketReceiver({ appToken, apiUrl, log });
  const receiver = inboxReceiver(socket, { inbox: store.inbox, now, log });
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
    start: () => startUp(socket, identity, log),
    stop: () => receiver.stop() as Promise<void>,
    connected: () => socket.connected(),
    replay: () =>
      replayOpen({ bolt, client, dispatch, inbox: store.inbox, underWay: receiver.underWay, log, now }),
  };
}

/** A Slack that is away must not keep the rest of the bot from its work; one that refuses a token ends the start. */
async function startUp(socket: SocketReceiver, identity: WhoAmI, log: Logger): Promise<void> {
  try {
    await Promise.all([connect(socket, log), askWhoWeAre(identity, log)]);
  } catch (error) {
    await socket.stop();
    throw error;
  }
}

async function connect(socket: SocketReceiver, log: Logger): Promise<void> {
  const started = socket.start().catch((error: unknown) => {
    throw tokenRefused('SLACK_APP_TOKEN', error);
  });
  await Promise.race([started, sleep(START_MS, undefined, { ref: false })]);
  if (!socket.connected()) log.warn('Slack does not answer yet; connecting goes on');
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

function listen(bolt: Bolt, parts: SlackParts): void {
  const { command, app, dispatch, log } = parts;
  const introduce = createIntroductions(app, log);
  bolt.use(async ({ body, next }) => {
    introduce(body as unknown as Body);
    await next();
  });
  bolt.command(command, async ({ ack, command: typed, context }) => {
    const { inboxKey, receivedAt } = origin(context);
    const line = { text: typed.text, actor: typed.user_id, channelId: typed.channel_id, receivedAt };
    const { text, form } = await dispatch({ ...line, ...(inboxKey ? { inboxKey } : {}) });
    const opened = form && (await openForm(form, { id: typed.trigger_id, receivedAt }, parts));
    await ack(opened ? undefined : privately(text));
  });
  bolt.shortcut('declare_incident', async ({ ack, shortcut, context }) => {
    const { receivedAt } = origin(context);
    await openForm({ kind: 'declare', severity: 'sev3' }, { id: shortcut.trigger_id, receivedAt }, parts);
    await ack();
  });
  bolt.shortcut('add_to_timeline', async ({ ack, shortcut, context }) => {
    const { inboxKey } = origin(context);
    const answer = ack as (payload?: unknown) => Promise<void>;
    await answer(privately(await clipMessage(shortcut, inboxKey, parts)));
  });
  bolt.view(DECLARE_FORM, async ({ ack, body, view, context }) => {
    const { inboxKey } = origin(context);
    const errors = await submitDeclare({ values: view.state.values, by: body.user.id, inboxKey }, parts);
    await ack(errors ? { response_action: 'errors', errors } : undefined);
  });
  bolt.action(/.*/, async ({ ack, body, action, context }) => {
    const text = await actOnClick(
      clickOf(body as unknown as Body, action as unknown as Body, origin(context)),
      parts,
    );
    // Ours, which sends the text by response_url: Slack takes none in the ack of a click.
    const answer = ack as (payload?: unknown) => Promise<void>;
    await answer(text === undefined ? undefined : privately(text));
  });
}

function clickOf(body: Body, action: Body, from: Origin): Click {
  const channel = body['channel'] as { readonly id?: string } | undefined;
  return {
    ...from,
    actionId: String(action['action_id']),
    value: typeof action['value'] === 'string' ? action['value'] : undefined,
    by: senderOf(body)?.id ?? 'unknown',
    channelId: channel?.id,
  };
}

interface Origin {
  readonly inboxKey: string | undefined;
  readonly receivedAt: Date;
}

/** What the inbox receiver put into Bolt's context. */
const origin = (context: Readonly<Record<string, unknown>>): Origin => ({
  inboxKey: context['inboxKey'] as string | undefined,
  receivedAt: context['receivedAt'] as Date,
});
