/** What Slack says of the app and of what firebreak.yml names, asked for `firebreak doctor`: nothing is sent, nothing changed. */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  type WebClientOptions,
} from '@slack/web-api';
import { silentLogger } from '../log.ts';
import { outbound } from '../outbound.ts';
import { createClient, createIdentity, type WhoAmI } from './client.ts';

type Fetch = NonNullable<WebClientOptions['fetch']>;
export type SlackClient = ReturnType<typeof createClient>;

/** The time that Slack's answer bears, in whole seconds, and when it was asked for. */
export interface DateSeen {
  readonly theirs: number;
  readonly asked: number;
  readonly answered: number;
}

export interface Consultation {
  readonly client: SlackClient;
  readonly identity: WhoAmI;
  /** Of the last answer; undefined when none bore one. */
  readonly dateSeen: () => DateSeen | undefined;
}

/** A client for one token, whose answers' dates are looked at. */
export function consult(token: string, apiUrl: string | undefined, now: () => Date): Consultation {
  let seen: DateSeen | undefined;
  const watched: Fetch = async (input, init) => {
    const asked = now().getTime();
    const answer = await outbound(input, init).catch((error: unknown) => {
      throw new Error(reasonOf(error), { cause: error });
    });
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    if (!Number.isNaN(theirs)) seen = { theirs, asked, answered: now().getTime() };
    return answer;
  };
  const client = createClient({ token, apiUrl }, silentLogger, { fetch: watched });
  return { client, identity: createIdentity(client), dateSeen: () => seen };
}

export type Unanswered =
  | { readonly kind: 'refused'; readonly error: string; readonly needed?: string }
  /** Asked too often. */
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'silent'; readonly reason: string };

/** Why a call got no answer; what is no fault of the call is thrown on. */
export function whyUnanswered(error: unknown): Unanswered {
  if (error instanceof WebAPIRateLimitedError) return { kind: 'wait', seconds: error.retryAfter };
  if (error instanceof WebAPIPlatformError) {
    const { error: code, needed } = error.data as { error: string; needed?: unknown };
    return { kind: 'refused', error: code, ...(typeof needed === 'string' ? { needed } : {}) };
  }
  if (error instanceof WebAPIRequestError) return { kind: 'silent', reason: error.original.message };
  if (error instanceof WebAPIHTTPError) return { kind: 'silent', reason: error.message };
  throw error;
}

/** `fetch failed` says nothing; what is behind it does. */
function reasonOf(error: unknown): string {
  const { cause, message, code } = error as Readonly<Record<'cause' | 'message' | 'code', unknown>>;
  if (typeof cause === 'object' && cause !== null) return reasonOf(cause);
  return (
    [message, code].filter((each) => typeof each === 'string').find((each) => each !== '') ?? String(error)
  );
}
