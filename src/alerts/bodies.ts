/** How a body is read: within limits, before anything is made of it. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { type Answer, refusal } from './answers.ts';

/** The bytes; undefined when there are more than `limit`, which is found out without keeping them. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  // Destroyed, the request would take its connection along, and nobody would read the refusal.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type Read = { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly answer: Answer };

/** The JSON in a body; `expects` says what should have been sent. */
export function readJson(body: Buffer, expects: string): Read {
  // Before it is parsed and walked: what walks it may recurse.
  if (isDeeperThan(DEEPEST, body)) {
    return {
      ok: false,
      answer: refusal(400, `The body is nested deeper than ${DEEPEST} levels.`, expects),
    };
  }
  try {
    return { ok: true, json: JSON.parse(body.toString('utf8')) };
  } catch {
    return { ok: false, answer: refusal(400, 'The body is not JSON.', expects) };
  }
}

/** What is answered to JSON of another shape: at most 10 of its problems, each with its path. */
export function wrongShape({ issues }: z.ZodError, expects: string): Answer {
  const problems = issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  const more = issues.length - problems.length;
  return refusal(400, 'The body is not as expected.', expects, {
    problems: more > 0 ? [...problems, `and ${more} more`] : problems,
  });
}

const DEEPEST = 32;
const MOST_PROBLEMS = 10;

/** Counts brackets outside of strings: they are ASCII, so bytes will do. */
function isDeeperThan(deepest: number, body: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) inString = !inString;
    else if (inString) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === BRACKET || byte === BRACE) depth += 1;
    else if (byte === BRACKET_END || byte === BRACE_END) depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [BRACKET, BRACKET_END] = [0x5b, 0x5d];
const [BRACE, BRACE_END] = [0x7b, 0x7d];
