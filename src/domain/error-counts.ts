/** How often a database refused what, in slices of ten seconds: what is kept of errors, whatever their rate. */
import { byTelling } from './sqlstate.ts';

export interface ErrorCount {
  readonly sqlstate: string;
  /** The table that they are about, where it is known. */
  readonly relation?: string | undefined;
  /** When their slice began. */
  readonly at: Date;
  readonly count: number;
  /** What one of them said, in PostgreSQL's own words: no value of a row is in it. */
  readonly sample?: string | undefined;
}

/** What an application tells of its errors at once. */
export interface ErrorReport {
  readonly target: string;
  readonly service?: string;
  /** The same one counts once. */
  readonly id?: string;
  readonly counts: readonly ErrorCount[];
}

export const SLICE_MS = 10_000;
/** How many tables of one code, and how many codes, are told apart within one slice. */
const MOST_RELATIONS = 20;
const MOST_CODES = 50;

/** When the slice of a moment began. */
export const sliceOf = (at: Date): Date => new Date(Math.floor(at.getTime() / SLICE_MS) * SLICE_MS);

/** Counts of the same code, table and slice as one; always in the same order. */
export function addUp(counts: readonly ErrorCount[]): readonly ErrorCount[] {
  const sums = new Map<string, ErrorCount>();
  for (const each of counts) {
    const key = keyOf(each);
    const before = sums.get(key);
    const sample = before?.sample ?? each.sample;
    const count = (before?.count ?? 0) + each.count;
    sums.set(key, { ...each, count, ...(sample === undefined ? {} : { sample }) });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/**
 * Folds together what would make too many rows, given those that are there: tables beyond the twentieth of a code
 * count under none, codes beyond the fiftieth under their class.
 */
export function bounded(
  counts: readonly ErrorCount[],
  known: readonly ErrorCount[] = [],
): readonly ErrorCount[] {
  const codes = createRoom(MOST_CODES);
  const relations = createRoom(MOST_RELATIONS);
  const fold = ({ relation, ...each }: ErrorCount): ErrorCount => {
    const slice = each.at.getTime();
    const sqlstate = codes(`${slice}`, each.sqlstate) ? each.sqlstate : `${each.sqlstate.slice(0, 2)}000`;
    const named = relation !== undefined && relations(`${slice} ${sqlstate}`, relation);
    return { ...each, sqlstate, ...(named ? { relation } : {}) };
  };
  for (const each of known) fold(each);
  // The most telling ones are let in first.
  return addUp([...counts].sort((a, b) => byTelling(a.sqlstate, b.sqlstate)).map(fold));
}

/** Lets in so many names a place; those that are in stay in. */
function createRoom(most: number): (place: string, name: string) => boolean {
  const places = new Map<string, Set<string>>();
  return (place, name) => {
    const names = places.get(place) ?? new Set<string>();
    places.set(place, names);
    if (names.size < most) names.add(name);
    return names.has(name);
  };
}

const keyOf = ({ at, sqlstate, relation = '' }: ErrorCount): string =>
  `${at.toISOString()} ${sqlstate} ${relation}`;

/** The table that a message of PostgreSQL names. */
export const relationIn = (message: string): string | undefined =>
  /\b(?:relation|table|view) "?([\p{L}_][\p{L}\p{N}_$.]*)/u.exec(message)?.[1];
