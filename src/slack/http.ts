/** Slack over HTTP: signed requests at a path of the bot's own server, taken by Bolt's receiver. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, HTTPReceiver, type Receiver } from '@slack/bolt';
import type { Logger } from '../log.ts';
import type { WhoAmI } from './client.ts';
import type { Freezes } from './freezes.ts';
import { boltLogger } from './logger.ts';

/** Where Slack is told to send everything: events, commands, clicks and forms. */
export const SLACK_PATH = '/slack/events';

/** Slack signs the time; Bolt refuses what is older than this, but takes what is dated ahead, and so for longer. */
const AHEAD_MS = 5 * 60_000;
/** The largest that Slack sends are forms; a view has at most 250 kB. */
const BODY_LIMIT = 1024 * 1024;
/** How long Slack waits for an ack. */
const PATIENCE_MS = 3000;
const ASK_AGAIN_MS = 15_000;

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpLink extends Receiver {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Slack has answered, and what it sends is taken. */
  connected(): boolean;
  /** Answers a request at SLACK_PATH. Before `start` and from `stop` on it is 503: Slack sends events again. */
  readonly handle: HttpHandler;
}

export interface HttpLinkParts {
  readonly signingSecret: string;
  readonly identity: WhoAmI;
  readonly freezes: Freezes;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Bolt's receiver without its server. Refuses unsigned, stale and future-dated requests with 401, long ones with 413. */
export function httpLink(parts: HttpLinkParts): HttpLink {
  const { signingSecret, identity, freezes, now, log } = parts;
  const ending = new AbortController();
  const bolt = new HTTPReceiver({
    signingSecret,
    endpoints: SLACK_PATH,
    bodyLimit: BODY_LIMIT,
    logger: boltLogger(log),
  });
  let open = false;
  return {
    connected: () => open && identity.known() !== undefined,
    init: (app: App) => bolt.init(app),
    start: () => {
      open = true;
      void askUntilKnown(identity, ending.signal);
      return Promise.resolve();
    },
    stop: () => {
      open = false;
      ending.abort();
      freezes.stop();
      return Promise.resolve();
    },
    handle(request, response) {
      const refused = open ? refusedWith(request, freezes.lastEnd(), now()) : 503;
      if (refused === undefined) bolt.requestListener(request, response);
      else end(response, refused);
    },
  };
}

function refusedWith(
  { headers }: IncomingMessage,
  frozenUntil: Date | undefined,
  now: Date,
): number | undefined {
  const signedAt = Number(headers['x-slack-request-timestamp']) * 1000;
  if (isGivenUp(signedAt, frozenUntil)) return 503;
  if (Number(headers['content-length']) > BODY_LIMIT) return 413;
  return signedAt > now.getTime() + AHEAD_MS ? 401 : undefined;
}

/** Slack has told the person that it failed; an event it sends again. */
const isGivenUp = (signedAt: number, frozenUntil: Date | undefined): boolean =>
  frozenUntil !== undefined && signedAt < frozenUntil.getTime() - PATIENCE_MS;

/** No connection would tell that Slack is back. */
async function askUntilKnown(identity: WhoAmI, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await identity.get().catch(() => undefined)))
    await sleep(ASK_AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
}

const end = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { 'retry-after': '5', connection: 'close' });
  response.end();
};
