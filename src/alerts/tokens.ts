/** Whether a request carries one of the bearer tokens: compared in constant time, whatever its length. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Answer, refusal } from './answers.ts';

/** Undefined when the request may pass, else what it is answered. */
export function refuseStranger(request: IncomingMessage, tokens: readonly string[]): Answer | undefined {
  if (tokens.length === 0) {
    return refusal(
      503,
      'No token is configured, so nothing is accepted here.',
      'Set the environment variable FIREBREAK_TOKEN, here and where it is sent from (`openssl rand -hex 32` makes one), and start Firebreak again.',
    );
  }
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given !== undefined && isOneOf(given, tokens)) return undefined;
  return {
    ...refusal(
      401,
      given === undefined ? 'The request carries no bearer token.' : 'The bearer token is not known here.',
      'Send `Authorization: Bearer <token>` with the FIREBREAK_TOKEN of the bot; `firebreak migrations capture` takes it from the same variable.',
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
