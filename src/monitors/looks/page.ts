/** A page that the site depends on, asked for as a browser would, once. */
import { beginningOf, connectionCode } from '../../http-answers.ts';
import { outbound } from '../../outbound.ts';
import type { Look, Symptom } from '../look.ts';
import type { PageLook } from '../look-settings.ts';

/** Red by no answer, another status, or words that are missing; no redirect is followed, 64 KiB are read. */
export const lookAtPage =
  ({ url, status, contains }: PageLook, timeoutMs: number): Look =>
  async (_memory, signal) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const trouble = await troubleOf(url, { status, contains }, limit, signal).catch(wordsFor(timeoutMs));
    return { symptoms: trouble === undefined ? [] : [symptomOf(url, trouble)] };
  };

async function troubleOf(
  url: string,
  { status, contains }: { readonly status: number; readonly contains: string | undefined },
  limit: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const answer = await outbound(url, {
    headers: { 'user-agent': 'firebreak' },
    redirect: 'manual',
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  });
  const text = await beginningOf(answer);
  if (answer.status !== status) return `answers ${answer.status}, not ${status}`;
  return contains === undefined || text.includes(contains)
    ? undefined
    : `answers without the words "${contains}"`;
}

/** Without the query, which may hold what is nobody's business. */
function symptomOf(url: string, trouble: string): Symptom {
  const { origin, pathname } = new URL(url);
  return { key: `http:${origin}${pathname}`, error: `${origin}${pathname} ${trouble}`, relations: [] };
}

const wordsFor =
  (timeoutMs: number) =>
  (error: unknown): string => {
    const { name } = error as { readonly name?: string };
    if (name === 'TimeoutError') return `does not answer within ${timeoutMs / 1000} s`;
    const code = connectionCode(error) ?? '';
    if (code.startsWith('ERR_SSL_')) return 'does not speak TLS as it should';
    return REASONS[code] ?? `cannot be reached (${code || 'reason unknown'})`;
  };

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'cannot be reached: no address is known for its name (DNS)',
  EAI_AGAIN: 'cannot be reached: the name server does not answer (DNS)',
  ECONNREFUSED: 'cannot be reached: nothing listens there',
  ADDRESS_REFUSED: 'is an address that is never asked: clouds give credentials there',
  ECONNRESET: 'closes the connection without an answer',
  UND_ERR_SOCKET: 'closes the connection without an answer',
  UND_ERR_CONNECT_TIMEOUT: 'cannot be reached: no connection in time',
  EHOSTUNREACH: 'cannot be reached: no way leads to its host',
  ENETUNREACH: 'cannot be reached: no way leads to its network',
  CERT_HAS_EXPIRED: 'has a certificate that has expired (TLS)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that nobody vouches for (TLS)',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate that nobody vouches for (TLS)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate whose issuer is not known (TLS)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate whose issuer is not known (TLS)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name (TLS)',
};
