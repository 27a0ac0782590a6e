/** The phrases that the sections share: times, unknowns, people, sessions. */
import { duration } from '../metrics.ts';
import type { IncidentRecord } from '../record.ts';
import type { Blocker } from '../sweep.ts';
import { formatUtc } from '../when.ts';
import type { Act } from './facts.ts';
import { code, inline, nameOf } from './markdown.ts';

/** Said aloud wherever the record knows nothing, with who or what can fill it in. */
export const notRecorded = (how: string): string => `not recorded (${how})`;

export const byAPerson = notRecorded('a person should fill this in');

export const byMilestone = (name: string): string => notRecorded(`set it with \`milestone ${name} <time>\``);

/** A person's name as Markdown. */
export const who = (record: IncidentRecord, actor: string): string => inline(nameOf(actor, record.people));

/** `14:05:09 UTC`: for lines that stand under a dated one. */
export const clock = (date: Date): string => formatUtc(date).slice(11);

export const seconds = (value: number | undefined): string =>
  value === undefined ? 'not recorded' : duration(value);

/** `1 row`, `493 rows`. */
export const plural = (amount: number, one: string, many = `${one}s`): string =>
  `${amount} ${amount === 1 ? one : many}`;

export const codes = (values: readonly string[]): string => values.map(code).join(', ');

/** A session that stood in the way, and what it did. */
export function session(blocker: Blocker): string {
  const held = blocker.relations.length > 0 ? ` on ${codes(blocker.relations)}` : '';
  const age = duration(blocker.transactionAge);
  const what = [
    `user ${code(blocker.user)}`,
    blocker.application === '' ? 'no application name' : `application ${code(blocker.application)}`,
    inline(blocker.state),
  ];
  return `session pid ${blocker.pid} (${what.join(', ')}), which held a lock${held} in a transaction open for ${age}; its last statement: ${code(blocker.query)}`;
}

/** An act in a sentence: `"Roll back migration … on shop" (run 4)`. */
export const named = ({ plan, run }: Act): string => `"${inline(plan.title)}" (run ${run.id})`;
