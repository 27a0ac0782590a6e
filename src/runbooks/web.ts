/** Requests over HTTP: no redirect is followed, no more than a little of the answer is read, nothing takes forever. */
import { beginningOf, lostBy } from '../http-answers.ts';
import { outbound } from '../outbound.ts';

export interface WebRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type WebAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string; readonly ms: number }
  /** No answer: whether it was heard is not known. */
  | { readonly kind: 'lost'; readonly reason: string };

const TIMEOUT_MS = 10_000;

/** Asks once. Never throws. */
export async function ask(
  { method, url, headers, body }: WebRequest,
  signal: AbortSignal,
): Promise<WebAnswer> {
  const begun = performance.now();
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await outbound(url, {
      method,
      headers: { 'user-agent': 'firebreak', ...headers },
      // The address is what was approved: a redirect would lead elsewhere.
      redirect: 'manual',
      signal: AbortSignal.any([signal, limit]),
      ...(body === undefined ? {} : { body }),
    });
    const text = await beginningOf(answer);
    return { kind: 'answered', status: answer.status, text, ms: Math.round(performance.now() - begun) };
  } catch (error) {
    return { kind: 'lost', reason: lostBy(error, { signal, timeoutMs: TIMEOUT_MS }) };
  }
}

/** The address with more of a query; values are encoded, whatever they hold. */
export function withQuery(url: string, query: Readonly<Record<string, string | number>>): string {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query)) address.searchParams.append(name, String(value));
  return address.href;
}
