/** Signatures that are an HMAC-SHA256 of the body, in hex: most senders differ in names only. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Answer, refusal } from './answers.ts';
import type { Signature } from './proof.ts';

export interface HmacScheme {
  /** Lower case. It may hold several, with commas, while a secret is being changed. */
  readonly header: string;
  /** What stands before the hex, for example `v1=`. */
  readonly prefix?: string;
  /** The header with the time of signing, in seconds since 1970; it is signed before the body. */
  readonly time?: {
    readonly header: string;
    readonly separator: '.' | ':';
    /** `optional`: senders can be told to leave it out; then the body alone is signed. */
    readonly presence: 'required' | 'optional';
  };
}

/** A signature by such a scheme. What was signed more than 5 minutes ago, or ahead, is refused as a replay. */
export const hmacSignature = ({ header, prefix = '', time }: HmacScheme): Signature => ({
  header,
  ...(time ? { time: time.header } : {}),
  key: 'secret',
  refuse({ headers, body, now }, secret) {
    const signedAt = time === undefined ? undefined : one(headers[time.header]);
    if (time?.presence === 'required' && signedAt === undefined) return untimed(time.header);
    const hmac = createHmac('sha256', secret);
    if (time && signedAt !== undefined) hmac.update(`${signedAt}${time.separator}`);
    const right = hmac.update(body).digest();
    if (!hexes(one(headers[header]) ?? '', prefix).some((given) => isSame(given, right)))
      return forged(header);
    return signedAt === undefined ? undefined : refuseStale(Number(signedAt) * 1000, now, FIVE_MINUTES);
  },
});

/** What is answered when a signed time is further away than `withinMs`, or none at all. */
export function refuseStale(signedAt: number, now: Date, withinMs: number): Answer | undefined {
  const seconds = Math.round((now.getTime() - signedAt) / 1000);
  if (Math.abs(seconds) * 1000 <= withinMs) return undefined;
  const age = Number.isNaN(seconds) ? 'at no time that can be read' : `${seconds} s ago`;
  return refusal(
    409,
    `The request was signed ${age}: it may be a replay, and is not taken.`,
    `Sign each attempt anew, and check both clocks: it must arrive within ${withinMs / 1000} s.`,
  );
}

const FIVE_MINUTES = 5 * 60 * 1000;

const one = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.join(',');

const hexes = (header: string, prefix: string): readonly Buffer[] =>
  header
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix))
    .map((part) => Buffer.from(part.slice(prefix.length), 'hex'));

const isSame = (given: Buffer, right: Buffer): boolean =>
  given.length === right.length && timingSafeEqual(given, right);

const untimed = (header: string): Answer =>
  refusal(401, `The request has a signature and no ${header}.`, `Send ${header}: the time is signed too.`);

const forged = (header: string): Answer =>
  refusal(
    401,
    `The signature in ${header} is not right for this body.`,
    'Compare the secret here with that of the sender; whatever is in between must leave the body as it is.',
  );
