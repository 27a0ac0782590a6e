/** Reading what people type after a verb. */
import { isSlackUser } from '../domain/actor.ts';
import { SEVERITIES, type Severity } from '../domain/incident.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Request } from './command.ts';

/** `sev2`, `SEV2`, `2` or `p2`. */
export function readSeverity(word: string): Severity | Refusal {
  const digit = /^(?:sev|p)?-?([1-9])$/i.exec(word)?.[1];
  const severity = SEVERITIES.find((each) => each === `sev${digit ?? ''}`);
  return severity ?? refuse('UNKNOWN_SEVERITY', { found: word, known: SEVERITIES.join(', ') });
}

/** True for a word that is meant as a severity, right or wrong. */
export const looksLikeSeverity = (word: string): boolean => /^(?:sev|p)-?\d+$/i.test(word);

/** `<@U123>` or `me`; undefined when it is neither. */
export function readPerson(word: string, request: Pick<Request, 'actor'>): string | undefined {
  if (word === 'me') return request.actor;
  const id = /^<@([UW][A-Z0-9]+)>$/.exec(word)?.[1] ?? word;
  return isSlackUser(id) ? id : undefined;
}

/** First word and the rest. */
export function headOf(words: string): { head: string; rest: string } {
  const [, head = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(words.trim()) ?? [];
  return { head, rest };
}

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'ok' in value && value.ok === false;
