/** One way in: who may send to it, and what is done with the JSON that was sent. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type Answer, refusal } from './answers.ts';
import { readBody, readJson } from './bodies.ts';
import { proofOf, type Signature } from './proof.ts';

/** A request as it came: what is signed is its bytes. */
export interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly now: Date;
  /** How its sender has proved itself, or is about to. */
  readonly proof: 'token' | 'signature';
}

export interface Entrance {
  /** Its key in `http.tokens`, and what it is counted under. */
  readonly name: string;
  /** How its senders sign; without it they carry a bearer token. */
  readonly signature?: Signature;
  /** What to send, for who sent something else. */
  readonly expects: string;
  readonly take: (json: unknown, incoming: Incoming) => Promise<Answer>;
}

/** What requests are let in by. */
export interface Gate {
  /** Bearer tokens that are good everywhere. */
  readonly tokens: readonly string[];
  /** The secrets of single entrances, by their names. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly now: () => Date;
}

/** Lets a request in, or says why not: who sent it, how large and how deep it is, and whether it is JSON. */
export async function enter(request: IncomingMessage, entrance: Entrance, gate: Gate): Promise<Answer> {
  const { headers } = request;
  const own = gate.secrets[entrance.name];
  const proof = proofOf(headers, entrance, { bearer: gate.tokens, ...(own === undefined ? {} : { own }) });
  if (proof.kind === 'none') return proof.answer;
  const body = await readBody(request, MIB);
  if (body === undefined) return TOO_LARGE;
  const incoming = { headers, body, now: gate.now(), proof: proof.kind };
  const refused = proof.kind === 'signature' ? await proof.refuse(incoming) : undefined;
  if (refused) return refused;
  const read = readJson(body, entrance.expects);
  return read.ok ? entrance.take(read.json, incoming) : read.answer;
}

const MIB = 1024 * 1024;

const TOO_LARGE: Answer = {
  ...refusal(413, 'The body is larger than 1 MiB.', 'Send it in several requests.'),
  headers: { connection: 'close' },
};
