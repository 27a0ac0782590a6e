/** Posts a page once, and says what came of it; no secret is in what it says. */
import { lostBy, retryAfter } from '../http-answers.ts';
import { outbound } from '../outbound.ts';

/** What came of one attempt: as for all that the outbox delivers. */
export type Outcome =
  | { readonly kind: 'sent' }
  /** 429: not before so many seconds. */
  | { readonly kind: 'wait'; readonly seconds: number }
  /** Permanent: no later attempt can succeed. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'retry'; readonly error: string };

export interface PageRequest {
  /** How a person calls the receiver. */
  readonly receiver: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Finds the reason in the body of a refusal, without secrets; without it the body is not read: it may hold some. */
  readonly reasonIn?: (body: string) => string | undefined;
}

export interface PostLimits {
  readonly now: () => Date;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Never throws. */
export async function post(request: PageRequest, limits: PostLimits): Promise<Outcome> {
  const { receiver, url, headers, body, reasonIn } = request;
  try {
    const answer = await outbound(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'firebreak', ...headers },
      body,
      // A page followed to somewhere else would be signed for, and shown to, somebody else.
      redirect: 'manual',
      signal: AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]),
    });
    const reason = answer.ok ? undefined : reasonIn?.(await answer.text());
    // Unread, it would keep the connection.
    if (!answer.bodyUsed) await answer.body?.cancel();
    return outcomeOf(answer, `${receiver} answered ${answer.status}${reason ? `: ${reason}` : ''}`, limits);
  } catch (error) {
    return { kind: 'retry', error: `${receiver}: ${lostBy(error, limits)}` };
  }
}

function outcomeOf({ status, headers }: Response, told: string, { now }: PostLimits): Outcome {
  if (status < 300) return { kind: 'sent' };
  if (status < 400) return { kind: 'refused', reason: `${told}, and redirects are not followed` };
  if (status === 429) return { kind: 'wait', seconds: secondsIn(headers.get('retry-after'), now()) };
  const later = status >= 500 || status === 408;
  return later ? { kind: 'retry', error: told } : { kind: 'refused', reason: told };
}

const DEFAULT_WAIT_S = 30;
/** Somebody waits for this page: a receiver that wants more is asked again by then. */
const MAX_WAIT_S = 300;

function secondsIn(header: string | null, now: Date): number {
  const seconds = retryAfter(header, now) ?? DEFAULT_WAIT_S;
  return Math.min(Math.max(Math.ceil(seconds), 1), MAX_WAIT_S);
}
