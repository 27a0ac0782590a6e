/** What the answers of HTTP services, and their absence, say to whoever asked. */
import { DateTime } from 'luxon';

/** The seconds of a `Retry-After`, which may also be a time in the format of HTTP; undefined when it says neither. */
export function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  const until = DateTime.fromHTTP(header);
  const seconds = until.isValid ? (until.toMillis() - now.getTime()) / 1000 : Number(header);
  return Number.isNaN(seconds) ? undefined : seconds;
}

/** Why no answer came. Never the message of the error: it may hold the address, or what we sent. */
export function lostBy(
  error: unknown,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): string {
  if (signal.aborted) return 'given up before an answer came';
  if ((error as { readonly name?: string }).name === 'TimeoutError')
    return `no answer within ${timeoutMs / 1000} s`;
  return `the connection failed (${connectionCode(error) ?? 'reason unknown'})`;
}

/** Node's code of a failed `fetch`, such as ECONNREFUSED. */
export const connectionCode = (error: unknown): string | undefined =>
  (error as { readonly cause?: { readonly code?: string } }).cause?.code;

const MOST_BYTES = 64 * 1024;

/** The first 64 KiB of an answer. Of a longer one the rest is not read: it may have no end. */
export async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_BYTES).toString();
}
