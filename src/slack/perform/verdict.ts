/** What an error of an attempt means for its outbox row, and whether Slack may have done what was asked. */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import type { Delivery } from '../../store/outbox.ts';

/** No later attempt can succeed. */
export class Refused extends Error {}

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

/** How the outbox goes on. */
export function deliveryOf(error: unknown): Delivery {
  if (error instanceof WebAPIRateLimitedError) return { kind: 'wait', seconds: error.retryAfter };
  if (error instanceof Refused) return { kind: 'refused', reason: error.message };
  if (error instanceof WebAPIPlatformError) return ofPlatform(error.data.error);
  return { kind: 'retry', error: said(error) };
}

/** False when the attempt surely had no effect; only else is it worth looking for one. */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof WebAPIRateLimitedError || error instanceof Refused) return false;
  if (error instanceof WebAPIPlatformError) return SLACK_FAILED.has(error.data.error);
  if (error instanceof WebAPIRequestError) return !NEVER_SENT.has(causeCode(error.original));
  return true;
}

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
