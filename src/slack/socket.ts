/**
 * Socket Mode over two connections. socket-mode 3.1 is deaf for 5 s when Slack refreshes a connection, and its
 * own reconnect ends the process when it fails: here each connection is reopened at once, and the other one hears.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type Receiver, type ReceiverEvent, SocketModeReceiver } from '@slack/bolt';
import type { SocketModeClient } from '@slack/socket-mode';
import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import type { Logger } from '../log.ts';
import { clientOptions } from './client.ts';
import type { Freezes } from './freezes.ts';

const CONNECTIONS = 2;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
/** A token that was refused: somebody may mend it. */
const REFUSED_WAIT_MS = 60_000;
const CLOSE_MS = 2000;
/** Errors that end a start; later, only a person mends them. */
const HOPELESS = new Set([
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'user_removed_from_team',
  'team_disabled',
  'not_allowed_token_type',
  'missing_scope',
]);

export interface SocketReceiver extends Receiver {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** At least one connection stands. */
  connected(): boolean;
}

export interface SocketParts {
  readonly appToken: string;
  readonly apiUrl?: string | undefined;
  readonly log: Logger;
  readonly freezes: Freezes;
  /** Until the next try with a token that was refused. */
  readonly refusedWaitMs?: number;
}

/** `start` settles with the first connection: it stands, or Slack refused the token; what stands later is kept up until `stop`. */
export function socketReceiver(parts: SocketParts): SocketReceiver {
  const ending = new AbortController();
  const standing = new Set<SocketModeClient>();
  const receivers = Array.from({ length: CONNECTIONS }, () => connection(parts));
  const { log, freezes, refusedWaitMs = REFUSED_WAIT_MS } = parts;
  const watch = (client: SocketModeClient, opened: () => void, refused: (error: unknown) => void) =>
    keepOpen(client, { standing, opened, refused, refusedWaitMs, signal: ending.signal, log });
  return {
    connected: () => standing.size > 0,
    init: (app: App) =>
      receivers.forEach((receiver) => receiver.init(awake(app, receiver.client, standing, parts))),
    start: () =>
      new Promise<void>((resolve, reject) => {
        for (const { client } of receivers) watch(client, resolve, reject).then(resolve, reject);
      }),
    async stop() {
      ending.abort();
      freezes.stop();
      await Promise.all(receivers.map(({ client }) => close(client)));
    },
  };
}

/**
 * Takes nothing from a connection that stood through a freeze: Slack has told the person that it failed, and they may
 * have said it again or thought better of it. It is reopened at once, so that nothing which is said after that is lost;
 * events are sent again, since they are not acked.
 */
function awake(
  app: App,
  client: SocketModeClient,
  standing: ReadonlySet<SocketModeClient>,
  { freezes, log }: SocketParts,
): App {
  let known = freezes.count();
  let closing: Promise<void> | undefined;
  client.on('connected', () => {
    known = freezes.count();
    closing = undefined;
  });
  const reopen = (): Promise<void> => (closing ??= close(client));
  freezes.onEnd(() => {
    if (standing.has(client))
      reopen().catch((error: unknown) => log.warn({ err: error }, 'a connection could not be closed'));
  });
  return {
    processEvent: async (event: ReceiverEvent) => {
      if (freezes.count() === known) return app.processEvent(event);
      log.warn('a delivery from before a standstill of this process is not taken');
      await reopen();
    },
  } as unknown as App;
}

function connection({ appToken, apiUrl, log }: SocketParts): SocketModeReceiver {
  const { logger, ...options } = clientOptions(apiUrl, log);
  return new SocketModeReceiver({
    appToken,
    ...(logger ? { logger } : {}),
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: options },
  });
}

interface Watch {
  readonly standing: Set<SocketModeClient>;
  readonly opened: () => void;
  readonly refused: (error: unknown) => void;
  readonly refusedWaitMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

async function keepOpen(client: SocketModeClient, watch: Watch): Promise<void> {
  const { standing, opened, signal } = watch;
  let failures = 0;
  while (!signal.aborted) {
    const closed = new Promise((resolve) => client.once('disconnected', resolve));
    try {
      await client.start();
      if (isEnding(signal)) {
        await close(client);
        return;
      }
      failures = 0;
      standing.add(client);
      opened();
      await closed;
    } catch (error) {
      await pause(afterFailure(error, failures++, watch), signal);
    } finally {
      standing.delete(client);
    }
  }
}

/** Read anew: it changes while we wait. */
const isEnding = (signal: AbortSignal): boolean => signal.aborted;

const isHopeless = (error: unknown): boolean =>
  error instanceof WebAPIPlatformError && HOPELESS.has(error.data.error);

/** How long to wait after it. */
function afterFailure(error: unknown, failures: number, { refused, refusedWaitMs, log }: Watch): number {
  if (!isHopeless(error)) {
    log.warn({ err: error }, 'no connection to Slack');
    return waitFor(error, failures);
  }
  log.error({ err: error }, 'Slack refuses the app-level token');
  refused(error);
  return refusedWaitMs;
}

const waitFor = (error: unknown, failures: number): number =>
  error instanceof WebAPIRateLimitedError
    ? error.retryAfter * 1000
    : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);

/** A peer that does not answer the close frame is not waited for. */
async function close(client: SocketModeClient): Promise<void> {
  await Promise.race([client.disconnect(), sleep(CLOSE_MS, undefined, { ref: false })]);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
