/** How long incidents took, over many of them: count, median and p90 of each time; what is missing is not counted. */

import type { Incident } from './incident.ts';
import { type Metric, metrics } from './metrics.ts';

/** What a figure needs of an incident. */
export type Case = Pick<
  Incident,
  'id' | 'kind' | 'status' | 'severity' | 'service' | 'duplicateOf' | 'milestones'
>;

export interface TimeFigure extends Pick<Metric, 'name' | 'formula'> {
  /** Incidents that it was measured in. */
  readonly count: number;
  /** Incidents in which one of the two milestones is not recorded (yet). */
  readonly missing: number;
  /** Incidents whose milestones stand in the wrong order: a mistake of the record, not a time. */
  readonly reversed: number;
  /** Undefined when it was measured nowhere; in seconds. */
  readonly median: number | undefined;
  readonly p90: number | undefined;
}

export interface Group {
  readonly incidents: number;
  readonly times: readonly TimeFigure[];
}

export interface NamedGroup extends Group {
  /** Undefined: not recorded. */
  readonly name: string | undefined;
}

export interface LeftOut {
  readonly drills: number;
  readonly duplicates: number;
  readonly cancelled: number;
}

export interface Figures extends Group {
  readonly leftOut: LeftOut;
  /** Only those that there were. */
  readonly bySeverity: readonly NamedGroup[];
  readonly byService: readonly NamedGroup[];
}

/** `severities` in their order; one that was taken out of the configuration comes after them. */
export function figures(cases: readonly Case[], severities: readonly string[]): Figures {
  const counted = cases.filter((each) => whyLeftOut(each) === undefined);
  const rank = (name: string): number => (severities.includes(name) ? severities.indexOf(name) : Infinity);
  return {
    ...groupOf(counted),
    leftOut: {
      drills: cases.filter((each) => whyLeftOut(each) === 'drills').length,
      duplicates: cases.filter((each) => whyLeftOut(each) === 'duplicates').length,
      cancelled: cases.filter((each) => whyLeftOut(each) === 'cancelled').length,
    },
    bySeverity: grouped(counted, ({ severity }) => severity).toSorted(
      (a, b) => compare(rank(a.name ?? ''), rank(b.name ?? '')) || byName(a, b),
    ),
    byService: grouped(counted, ({ service }) => service).toSorted(byName),
  };
}

/**
 * Of sorted values, the one below which the share lies, between two neighbours by their distance: as `percentile_cont`
 * of PostgreSQL and spreadsheets have it, so that a median of 2 and 4 is 3.
 */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted(compare);
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below === undefined || above === undefined
    ? undefined
    : below + (above - below) * (place - Math.floor(place));
}

/** One reason each, the first that fits: a duplicate is cancelled too. */
function whyLeftOut({ kind, status, duplicateOf }: Case): keyof LeftOut | undefined {
  if (kind === 'drill') return 'drills';
  if (duplicateOf !== undefined) return 'duplicates';
  return status === 'cancelled' ? 'cancelled' : undefined;
}

function groupOf(cases: readonly Case[]): Group {
  const measured = cases.map(({ milestones }) => metrics(milestones));
  return {
    incidents: cases.length,
    times: metrics({}).map(({ name, formula }, index) => {
      const known = measured.flatMap((each) => each[index]?.seconds ?? []);
      const values = known.filter((seconds) => seconds >= 0);
      return {
        name,
        formula,
        count: values.length,
        missing: cases.length - known.length,
        reversed: known.length - values.length,
        median: percentile(values, 0.5),
        p90: percentile(values, 0.9),
      };
    }),
  };
}

function grouped(cases: readonly Case[], nameOf: (each: Case) => string | undefined): readonly NamedGroup[] {
  const names = [...new Set(cases.map(nameOf))];
  return names.map((name) => ({ name, ...groupOf(cases.filter((each) => nameOf(each) === name)) }));
}

/** What has no name comes last. */
const byName = (a: NamedGroup, b: NamedGroup): number =>
  a.name === undefined || b.name === undefined
    ? compare(Number(a.name === undefined), Number(b.name === undefined))
    : compare(a.name, b.name);

const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
