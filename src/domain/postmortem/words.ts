/** The phrases that the sections share: times, unknowns, people, sessions. */
import { duration } from '../metrics.ts';
import type { Blocker } from '../sweep.ts';
import { formatIn, formatUtc, isUtc } from '../when.ts';
import type { Act } from './facts.ts';
import { code, type Item, inline, nameOf } from './markdown.ts';
import { PARTS, type PartName } from './parts.ts';
import type { Known, Report } from './report.ts';

/** Said aloud wherever the record knows nothing, with who or what can fill it in. */
export const notRecorded = (how: string): string => `not recorded (${how})`;

/** What people wrote of a part, line by line under its title; else how they can. */
export function written(report: Known, name: PartName): readonly Item[] {
  const { title, section } = partOf(name);
  const part = report.parts.find((each) => each.part === name);
  if (!part)
    return [`${title}: ${notRecorded(`the team should fill this in: \`postmortem write ${section}\``)}`];
  const lines = part.text.split('\n').map((line) => line.replace(/^\s*[-*•]\s+/, '').trim());
  return [
    `${title} (${who(report, part.by)}, ${formatUtc(part.at)}):`,
    lines.filter((line) => line !== '').map((line) => inline(line, report.people)),
  ];
}

const partOf = (name: PartName): (typeof PARTS)[number] =>
  PARTS.find((each) => each.name === name) ?? PARTS[0];

export const byMilestone = (name: string): string => notRecorded(`set it with \`milestone ${name} <time>\``);

/** A person's name as Markdown. */
export const who = (record: Pick<Known, 'people'>, actor: string): string =>
  inline(nameOf(actor, record.people));

/** `2026-11-22 14:05:09`, in UTC: for columns and figures that say so. */
export const isoClock = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

/** The team's zone, when it is another than UTC. */
export const teamZone = ({ timezone }: Pick<Report, 'timezone'>): string | undefined =>
  isUtc(timezone) ? undefined : timezone;

/** `2026-11-22 14:05:09 UTC`, and what clocks of the team showed. */
export function when(report: Pick<Report, 'timezone'>, date: Date): string {
  const zone = teamZone(report);
  return zone === undefined ? formatUtc(date) : `${formatUtc(date)} (${formatIn(date, zone)} ${zone})`;
}

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
