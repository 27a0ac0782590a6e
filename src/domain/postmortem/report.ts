/** What a report is made of: the record without the rows of its timeline, which are read one after the other. */
import type { EntryKind } from '../entry.ts';
import { DEFAULT_ROLES, type RoleSpec } from '../policy.ts';
import type { IncidentRecord } from '../record.ts';
import { type Row, rowsOf, standing } from '../timeline.ts';

/** The record but for its timeline. */
export type Known = Omit<IncidentRecord, 'timeline'>;

export interface ReportContext {
  /** For example `Firebreak 0.1.0`. */
  readonly generatedBy: string;
  /** The configured roles; the defaults unless told. */
  readonly roles?: readonly RoleSpec[];
  /** IANA zone of the team; UTC alone unless told. */
  readonly timezone?: string;
  /** The SQL of plans as it may be shown, by plan hash; a plan that is not in it shows its hash alone. */
  readonly sql?: ReadonlyMap<string, string>;
}

export interface Report extends Known, Required<ReportContext> {
  /** Rows on which a fact can rest, as they stand now. */
  readonly landmarks: readonly Row[];
  /** Hash of the newest entry that is no export: one more export changes nothing in the next. */
  readonly anchor: string;
}

/** Kinds of entries that facts rest on; all others are words of people, of which there may be very many. */
export const LANDMARKS = [
  'declared',
  'status',
  'role',
  'impact',
  'summary',
  'cause',
  'fix',
  'milestone',
  'page',
  'answer',
  'action',
  'monitor',
  'change',
  'diagnosis',
  'run',
  'approval',
  'step',
] as const satisfies readonly EntryKind[];

/** The report of a record that is in memory whole. */
export function reportOf({ timeline, ...known }: IncidentRecord, context: ReportContext): Report {
  const kinds: ReadonlySet<EntryKind> = new Set(LANDMARKS);
  const newest = timeline.filter(({ kind }) => kind !== 'export').at(-1);
  return reportWith(
    known,
    rowsOf(timeline).filter(({ kind }) => kinds.has(kind)),
    timeline.at(-1)?.kind === 'export' ? (newest?.hash ?? known.headHash) : known.headHash,
    context,
  );
}

/** What was taken back or left out supports nothing. */
export function reportWith(
  known: Known,
  landmarks: readonly Row[],
  anchor: string,
  { generatedBy, roles = DEFAULT_ROLES, timezone = 'UTC', sql = new Map() }: ReportContext,
): Report {
  const { leftOut } = known.incident;
  return {
    ...known,
    generatedBy,
    roles,
    timezone,
    sql,
    anchor,
    landmarks: standing(landmarks).filter(({ seq }) => !leftOut.includes(seq)),
  };
}
