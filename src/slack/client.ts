/** Web API clients that never wait or retry by themselves: the outbox does, where it survives a crash. */
import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { Logger } from '../log.ts';
import { boltLogger } from './logger.ts';
import type { Pulse } from './pulse.ts';

/** How long a call may take; after it, nobody knows whether Slack did what was asked. */
export const DEADLINE_MS = 8000;

export interface Api {
  readonly token: string;
  /** Where the Web API is; Slack itself without it. */
  readonly apiUrl?: string | undefined;
}

export const clientOptions = (apiUrl: string | undefined, log: Logger): WebClientOptions => ({
  ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
  logger: boltLogger(log),
  retryConfig: { retries: 0 },
  rejectRateLimitedCalls: true,
  timeout: DEADLINE_MS,
});

export const createClient = ({ token, apiUrl }: Api, log: Logger, pulse?: Pick<Pulse, 'fetch'>): WebClient =>
  new WebClient(token, { ...clientOptions(apiUrl, log), ...(pulse ? { fetch: pulse.fetch } : {}) });

export interface Identity {
  readonly botUserId: string;
  readonly botId: string;
  readonly teamId: string;
  /** Where the workspace is, with a slash at its end: permalinks begin with it. */
  readonly url?: string;
}

export interface WhoAmI {
  /** Without asking. */
  known(): Identity | undefined;
  get(): Promise<Identity>;
}

/** Who the bot is, asked once. */
export function createIdentity(client: WebClient): WhoAmI {
  let found: Identity | undefined;
  return {
    known: () => found,
    async get() {
      if (found) return found;
      const {
        user_id: botUserId = '',
        bot_id: botId = '',
        team_id: teamId = '',
        url,
      } = await client.auth.test();
      found = { botUserId, botId, teamId, ...(url ? { url } : {}) };
      return found;
    },
  };
}
