/** What an error of an attempt means for its outbox row, and whether Slack may have done what was asked. */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import { type Effect, laneOf } from '../../domain/effects.ts';
import { retryAfter } from '../../http-answers.ts';
import type { Delivery } from '../../store/outbox.ts';
import { DEADLINE_MS } from '../client.ts';

/** No later attempt can succeed. */
export class Refused extends Error {}

/** Nothing was asked of Slack: another instance has the row now. */
export class NotOurs extends Error {}

/** Answers after which Slack does not know either, and tells so. */
const SLACK_FAILED = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
/** Somebody has to mend the app's installation; what waits is sent then. */
const LOCKED_OUT = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'org_login_required',
]);
/** The request never left this machine. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The bot is not in the channel, or cannot see it. */
const NOT_INVITED = new Set(['not_in_channel', 'channel_not_found']);

/** Channels that people name in firebreak.yml, by the lane of what goes there. */
const SETTINGS: Readonly<Record<string, string>> = {
  'incidents-channel': 'slack.incidents_channel',
  stakeholders: 'slack.stakeholder_channel',
};

/** Slack takes the token no more, or never did. */
export const isRefusedToken = (error: unknown): boolean => LOCKED_OUT.has(slackError(error) ?? '');

/** How the outbox goes on, or whoever asked without an effect. */
export function deliveryOf(error: unknown, effect?: Effect): Delivery {
  const reason = slackError(error);
  const setting = effect && SETTINGS[laneOf(effect)];
  if (reason !== undefined && NOT_INVITED.has(reason) && setting !== undefined) {
    // A forgotten invitation is made up for, and must not have cost what monitors proposed until then.
    const fix = `invite the bot to that channel (/invite @firebreak), or mend ${setting} in firebreak.yml`;
    return { kind: 'retry', error: reason, fix };
  }
  if (error instanceof WebAPIRateLimitedError) return { kind: 'wait', seconds: error.retryAfter };
  if (error instanceof Refused) return { kind: 'refused', reason: error.message };
  if (error instanceof WebAPIPlatformError) return ofPlatform(error.data.error);
  return { kind: 'retry', error: said(error) };
}

/** False when the attempt surely had no effect; only else is it worth looking for one. */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof WebAPIRateLimitedError || error instanceof Refused || error instanceof NotOurs)
    return false;
  if (error instanceof WebAPIPlatformError) return SLACK_FAILED.has(error.data.error);
  if (error instanceof WebAPIRequestError) return !NEVER_SENT.has(causeCode(error.original));
  return true;
}

/** When it makes sense to look for what an attempt did: a request that broke off may still be on its way. */
export const lookableFrom = (error: unknown, begunAt: Date, now: Date): number =>
  isAnswer(error) ? now.getTime() : begunAt.getTime() + DEADLINE_MS;

/** Not one of a gateway, behind which Slack may still be at work. */
const isAnswer = (error: unknown): boolean =>
  error instanceof WebAPIPlatformError || (error instanceof WebAPIHTTPError && error.statusCode < 502);

/** The seconds of a Retry-After; 1 when it says none. */
export const secondsToWait = (header: string | null, now: Date): number =>
  Math.max(1, Math.ceil(retryAfter(header, now) ?? 1));

/** The `error` field of Slack's answer, when that is what was thrown. */
export const slackError = (error: unknown): string | undefined =>
  error instanceof WebAPIPlatformError ? error.data.error : undefined;

function ofPlatform(code: string): Delivery {
  if (code === 'ratelimited') return { kind: 'wait', seconds: 1 };
  if (SLACK_FAILED.has(code) || LOCKED_OUT.has(code)) return { kind: 'retry', error: code };
  return { kind: 'refused', reason: code };
}

function causeCode({ cause }: Error): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : '';
}

function said(error: unknown): string {
  if (error instanceof WebAPIHTTPError) return `HTTP ${error.statusCode}`;
  return error instanceof Error ? error.message : String(error);
}
