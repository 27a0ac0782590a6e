/** Reading what people type after a verb. */
import { isSlackUser } from '../domain/actor.ts';
import type { Severity } from '../domain/incident.ts';
import type { Policy, RoleSpec } from '../domain/policy.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Request } from './command.ts';

type Severities = Pick<Policy, 'severities'>;

/** A configured name in any case; `2`, `p2` and `sev-2` where names end in numbers. */
export function readSeverity(word: string, { severities }: Severities): Severity | Refusal {
  const names = severities.map(({ name }) => name);
  const digit = /^(?:sev|p)?-?(\d+)$/i.exec(word)?.[1];
  const found =
    names.find((name) => name === word.toLowerCase()) ??
    names.find((name) => digit !== undefined && /\d+$/.exec(name)?.[0] === digit);
  return found ?? refuse('UNKNOWN_SEVERITY', { found: word, known: names.join(', ') });
}

/** True for a word that is meant as a severity, right or wrong; `p99` is a figure that titles speak of. */
export const looksLikeSeverity = (word: string, { severities }: Severities): boolean =>
  /^(?:sev-?\d+|p-?\d)$/i.test(word) || severities.some(({ name }) => name === word.toLowerCase());

/** By its name, or the beginning of it that no other one has: `customer` for `customer-liaison`. */
export function readRole(word: string, { roles }: Pick<Policy, 'roles'>): RoleSpec | Refusal {
  const wanted = word.toLowerCase().replaceAll('_', '-');
  const exact = roles.find(({ name }) => name === wanted);
  const near = roles.filter(({ name }) => wanted.length > 2 && name.startsWith(wanted));
  return (
    exact ??
    (near.length === 1 ? near[0] : undefined) ??
    refuse('UNKNOWN_ROLE', { found: word, known: roles.map(({ name }) => name).join(', ') })
  );
}

/** `<@U123>` or `me`; undefined when it is neither. */
export function readPerson(word: string, request: Pick<Request, 'actor'>): string | undefined {
  if (word.toLowerCase() === 'me') return request.actor;
  const id = /^<@([UW][A-Z0-9]+)>$/.exec(word)?.[1] ?? word;
  return isSlackUser(id) ? id : undefined;
}

/** `30`, `30m`, `2h`, `1d` as seconds; minutes unless told. */
export function readWait(word: string): number | undefined {
  const [, count, unit = 'm'] = /^(\d{1,4})\s*(m|min|h|d)?$/i.exec(word) ?? [];
  if (count === undefined) return undefined;
  return Number(count) * { m: 60, h: 3600, d: 86_400 }[unit[0]?.toLowerCase() as 'm' | 'h' | 'd'];
}

/** First word and the rest. */
export function headOf(words: string): { head: string; rest: string } {
  const [, head = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(words.trim()) ?? [];
  return { head, rest };
}

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'ok' in value && value.ok === false;
