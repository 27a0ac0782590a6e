/** Who sent a request: by a bearer token, compared in constant time whatever its length, or by a signature. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, refusal } from './answers.ts';
import type { Incoming } from './entrance.ts';

/** What senders may prove themselves with: the entrance's own secret, and the bearer tokens that are good everywhere. */
export interface Secrets {
  readonly own?: string;
  readonly bearer: readonly string[];
}

export interface Signature {
  /** Lower case. A request without this header has to carry a bearer token. */
  readonly header: string;
  /** The header with the time that is signed, if there is one; lower case. */
  readonly time?: string;
  /**
   * `secret`: the own secret signs, and is as good as a bearer token.
   * `public`: a key that everybody knows checks it; what is configured says who may sign, and is no secret.
   */
  readonly key: 'secret' | 'public';
  /** Undefined when it is right, else what is answered. Compares in constant time. */
  readonly refuse: (incoming: Incoming, own: string) => Promise<Answer | undefined> | Answer | undefined;
}

type Proof =
  | { readonly kind: 'token' }
  | {
      readonly kind: 'signature';
      readonly refuse: (incoming: Incoming) => ReturnType<Signature['refuse']>;
    }
  | { readonly kind: 'none'; readonly answer: Answer };

interface Guarded {
  readonly name: string;
  readonly signature?: Signature;
}

/** What the headers offer; a signature can be checked only once the body is there. */
export function proofOf(
  headers: IncomingHttpHeaders,
  { name, signature }: Guarded,
  { own, bearer }: Secrets,
): Proof {
  if (own === undefined && bearer.length === 0) return none(closed(name));
  const token = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const good = own === undefined || signature?.key === 'public' ? bearer : [own, ...bearer];
  if (token !== undefined && isOneOf(token, good)) return { kind: 'token' };
  if (signature && headers[signature.header] !== undefined) {
    if (own === undefined) return none(cannotCheck(name, signature));
    return { kind: 'signature', refuse: (incoming) => signature.refuse(incoming, own) };
  }
  return none(stranger(name, token, signature));
}

const none = (answer: Answer): Proof => ({ kind: 'none', answer });

const closed = (name: string): Answer => ({
  ...refusal(
    503,
    'No token is configured, so nothing is accepted here.',
    'Set the environment variable FIREBREAK_TOKEN, here and where it is sent from (`openssl rand -hex 32` makes one), ' +
      `or http.tokens.${name} in firebreak.yml, and start Firebreak again.`,
  ),
  outcome: 'unsigned',
});

const cannotCheck = (name: string, { key }: Signature): Answer =>
  refusal(
    401,
    'The request is signed, but nothing is configured to check it with.',
    `Name the environment variable that holds ${key === 'secret' ? 'the signing secret' : 'what docs/alerts.md says'} in http.tokens.${name} of firebreak.yml, and start Firebreak again.`,
  );

function stranger(name: string, token: string | undefined, signature: Signature | undefined): Answer {
  const missing = signature
    ? `The request carries neither a bearer token nor ${signature.header}.`
    : 'The request carries no bearer token.';
  return {
    ...refusal(
      401,
      token === undefined ? missing : 'The bearer token is not known here.',
      `Send \`Authorization: Bearer <token>\` with the bot's FIREBREAK_TOKEN, or with the secret of http.tokens.${name} in firebreak.yml.`,
    ),
    headers: { 'www-authenticate': 'Bearer' },
  };
}

/** Compares with every token, so that the time does not tell which one came close. */
function isOneOf(given: string, tokens: readonly string[]): boolean {
  const digest = sha256(given);
  return tokens.map((token) => timingSafeEqual(sha256(token), digest)).some(Boolean);
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
