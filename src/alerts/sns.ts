/** Amazon SNS over HTTPS: who signed a message, and the confirmation of a subscription. */
import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { lostBy } from '../http-answers.ts';
import { type Answer, refusal } from './answers.ts';
import { readJson, wrongShape } from './bodies.ts';
import { refuseStale } from './hmac.ts';
import type { Signature } from './proof.ts';
import { instant } from './reading.ts';

/** Gets what is at a URL, as `fetch` does. */
export type Get = (url: string, init: RequestInit) => Promise<Response>;

const common = {
  MessageId: z.string().min(1),
  TopicArn: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.string(),
  SigningCertURL: z.string(),
};
const asking = { ...common, Token: z.string(), SubscribeURL: z.string() };

/** What SNS posts. */
export const SnsMessage = z.discriminatedUnion('Type', [
  z.object({ Type: z.literal('Notification'), ...common, Subject: z.string().optional() }),
  z.object({ Type: z.literal('SubscriptionConfirmation'), ...asking }),
  z.object({ Type: z.literal('UnsubscribeConfirmation'), ...asking }),
]);
export type SnsMessage = z.infer<typeof SnsMessage>;

/**
 * The signature of SNS. Everybody can let SNS sign a message of a topic of their own: so the own secret is the ARN of
 * the topic that is expected, or several with commas. Messages older than an hour are refused as replays.
 */
export function snsSignature(expects: string, get: Get): Signature {
  const keyAt = createKeys(get);
  return {
    header: 'x-amz-sns-message-type',
    key: 'public',
    async refuse({ body, now }, topics) {
      const read = readJson(body, expects);
      if (!read.ok) return read.answer;
      const parsed = SnsMessage.safeParse(read.json);
      if (!parsed.success) return wrongShape(parsed.error, expects);
      return refuseMessage(parsed.data, topics.split(/[\s,]+/), now, keyAt);
    },
  };
}

type KeyAt = (url: string) => Promise<KeyObject | string>;

async function refuseMessage(
  message: SnsMessage,
  topics: readonly string[],
  now: Date,
  keyAt: KeyAt,
): Promise<Answer | undefined> {
  // Before anything is fetched: a stranger's message must not make us do so.
  if (!topics.includes(message.TopicArn)) return otherTopic(message.TopicArn);
  if (!isOfSns(message.SigningCertURL) || !new URL(message.SigningCertURL).pathname.endsWith('.pem'))
    return forged('SigningCertURL is no address of SNS');
  const key = await keyAt(message.SigningCertURL);
  if (typeof key === 'string') return noKey(key);
  const algorithm = message.SignatureVersion === '1' ? 'sha1' : 'sha256';
  const signature = Buffer.from(message.Signature, 'base64');
  if (!verify(algorithm, Buffer.from(signedText(message)), key, signature))
    return forged('the signature is not right for this message');
  return refuseStale(instant(message.Timestamp)?.getTime() ?? Number.NaN, now, HOUR);
}

const HOUR = 3_600_000;

/** Follows the SubscribeURL of a message that SNS signed. */
export async function confirmSubscription(
  { SubscribeURL, TopicArn }: Extract<SnsMessage, { Type: 'SubscriptionConfirmation' }>,
  get: Get,
): Promise<Answer> {
  if (!isOfSns(SubscribeURL)) return forged('SubscribeURL is no address of SNS');
  const response = await fetched(SubscribeURL, get);
  if (typeof response !== 'string' && response.ok)
    return { status: 200, body: { ok: true, message: `The subscription to ${TopicArn} is confirmed.` } };
  const why = typeof response === 'string' ? response : `SNS answered ${response.status}`;
  return refusal(
    502,
    `The subscription could not be confirmed: ${why}.`,
    'Request the confirmation again in SNS.',
  );
}

/** `sns.<region>.amazonaws.com`, also in China; nothing else of Amazon's, where strangers can put files. */
export function isOfSns(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, password } = new URL(address);
  return (
    protocol === 'https:' &&
    username + password === '' &&
    /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(host)
  );
}

/** In the order, and of the fields, that SNS signs. */
const signedText = (message: SnsMessage): string =>
  (message.Type === 'Notification' ? OF_NOTIFICATION : OF_CONFIRMATION)
    .map((field) => [field, (message as Readonly<Record<string, string | undefined>>)[field]])
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}\n${value}\n`)
    .join('');

const OF_NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const OF_CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

/** Keys of certificates, each fetched once; why there is none, as text, is not kept. */
function createKeys(get: Get): KeyAt {
  const kept = new Map<string, KeyObject>();
  return async (url) => {
    const known = kept.get(url);
    if (known) return known;
    const response = await fetched(url, get);
    if (typeof response === 'string') return response;
    const key = response.ok ? keyOf(await response.text()) : undefined;
    if (key === undefined) return `what is there is no certificate (status ${response.status})`;
    if (kept.size >= MOST_KEYS) kept.clear();
    kept.set(url, key);
    return key;
  };
}

const MOST_KEYS = 20;

function keyOf(pem: string): KeyObject | undefined {
  try {
    return new X509Certificate(pem).publicKey;
  } catch {
    return undefined;
  }
}

/** The response, or why there is none. A redirect is not followed: it could lead anywhere. */
async function fetched(url: string, get: Get): Promise<Response | string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await get(url, { redirect: 'error', signal });
  } catch (error) {
    return lostBy(error, { signal, timeoutMs: TIMEOUT_MS });
  }
}

const TIMEOUT_MS = 5000;

const otherTopic = (found: string): Answer =>
  refusal(
    401,
    `The message is of the topic ${found.slice(0, 300)}, which is not expected here.`,
    'Put its ARN into the variable that http.tokens.cloudwatch names, and start Firebreak again.',
  );

const forged = (why: string): Answer =>
  refusal(
    401,
    `SNS has not signed this: ${why}.`,
    'Subscribe this URL to the topic; SNS signs what it sends.',
  );

const noKey = (why: string): Answer =>
  refusal(
    502,
    `The certificate of SNS could not be read: ${why}.`,
    'Let the bot reach sns.<region>.amazonaws.com over HTTPS; SNS sends the message again.',
  );
