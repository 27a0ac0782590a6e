/** How long an incident took to be detected, acknowledged, mitigated and resolved; what is missing stays unknown. */
import { Duration } from 'luxon';
import type { Incident, MilestoneName } from './incident.ts';

export interface Metric {
  readonly name: 'time to detect' | 'time to acknowledge' | 'time to mitigate' | 'time to resolve';
  /** Which milestones it is made of: the same names mean other things elsewhere. */
  readonly formula: string;
  /** Undefined while one of the two milestones is not recorded; never 0 for that. */
  readonly seconds: number | undefined;
}

const DEFINITIONS: readonly (readonly [Metric['name'], MilestoneName, MilestoneName])[] = [
  ['time to detect', 'detected', 'impact_started'],
  ['time to acknowledge', 'acknowledged', 'detected'],
  ['time to mitigate', 'mitigated', 'detected'],
  ['time to resolve', 'resolved', 'impact_started'],
];

/** The four metrics, always in this order. */
export const metrics = (milestones: Incident['milestones']): readonly Metric[] =>
  DEFINITIONS.map(([name, end, start]) => ({
    name,
    formula: `${end} - ${start}`,
    seconds: secondsBetween(milestones[start]?.at, milestones[end]?.at),
  }));

/** Seconds from start to end, negative when they were recorded the other way round. */
export const secondsBetween = (start: Date | undefined, end: Date | undefined): number | undefined =>
  start === undefined || end === undefined ? undefined : (end.getTime() - start.getTime()) / 1000;

/** A duration in words: `1.4 s`, `4 min 12 s`, `2 d 3 h`. */
export function duration(seconds: number): string {
  if (seconds < 0) return `minus ${duration(-seconds)}`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const parts = Duration.fromObject({ seconds: Math.round(seconds) }).shiftTo(
    'days',
    'hours',
    'minutes',
    'seconds',
  );
  const words = [
    [parts.days, 'd'],
    [parts.hours, 'h'],
    [parts.minutes, 'min'],
    [parts.seconds, 's'],
  ] as const;
  return words.flatMap(([amount, unit]) => (amount === 0 ? [] : [`${amount} ${unit}`])).join(' ');
}
