/** The timeline as people read it: what was corrected since stands on the entry it corrects; nothing is rewritten. */
import type { EntryKind, NewEntry, TimelineEntry } from './entry.ts';
import type { Actor } from './incident.ts';
import { timeOf } from './slack-ts.ts';

/** What a correction does to the entry that it names. */
export type CorrectionKind =
  /** Its text is now that of the correction. */
  | 'text'
  /** It is taken back. */
  | 'struck'
  /** It counts again. */
  | 'restored'
  /** Its message was deleted in Slack; what was captured stays. */
  | 'deleted'
  /** The files of its message were read: the correction's `details.files` are now those of the entry. */
  | 'files';

/** One thing that happened, as it stands now. */
export interface Row {
  readonly seq: number;
  /** When it happened; rows are sorted by this, then by `seq`. */
  readonly at: Date;
  readonly recordedAt: Date;
  readonly kind: TimelineEntry['kind'];
  readonly actor: Actor;
  /** As it reads now; undefined once erased. */
  readonly text?: string;
  readonly link?: string;
  readonly details?: TimelineEntry['details'];
  /** By whom and why its words were taken out. */
  readonly erased?: TimelineEntry['erased'];
  /** Who gave it this text, and when. */
  readonly said: Pick<Said, 'at' | 'by'>;
  /** What it said before, oldest first. */
  readonly earlier: readonly Said[];
  readonly struck?: Correction;
  readonly deleted?: Correction;
}

interface Said {
  readonly at: Date;
  readonly by: Actor;
  /** Undefined once erased. */
  readonly text?: string;
}

interface Correction {
  readonly at: Date;
  readonly by: Actor;
  /** Why. */
  readonly text?: string;
}

/** Words of people: they can be edited and taken back. All else the bot recorded: it is the record, and stands. */
const CORRECTABLE: readonly EntryKind[] = ['note', 'message', 'update', 'impact', 'summary', 'cause', 'fix'];

/** Whether an entry of this kind can be edited, struck and restored. */
export const correctable = (kind: EntryKind): boolean => CORRECTABLE.includes(kind);

/** An entry that corrects another one of the same incident. */
export const correction = (
  what: CorrectionKind,
  of: number,
  by: Actor,
  text: string,
  at: Date,
): NewEntry => ({
  at,
  kind: 'correction',
  actor: by,
  text,
  details: { of, what },
});

/** All rows by the time things happened; struck ones are among them, and say so. */
export function rowsOf(timeline: readonly TimelineEntry[]): readonly Row[] {
  const rows = new Map<number, Row>();
  for (const entry of timeline.toSorted((a, b) => a.seq - b.seq)) {
    const corrected = correctedBy(entry);
    const row = corrected && rows.get(corrected.of);
    if (corrected && row) rows.set(corrected.of, apply(row, corrected.what, entry));
    // One that names no entry is itself one, so that nothing is lost.
    else rows.set(entry.seq, rowOf(entry));
  }
  return [...rows.values()].toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);
}

/** Those that count: nothing that was taken back. */
export const standing = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ struck }) => struck === undefined);

/** What an entry corrects; undefined when it is none that corrects. */
export function correctedBy({
  kind,
  details,
}: Pick<TimelineEntry, 'kind' | 'details'>):
  | { readonly of: number; readonly what: CorrectionKind }
  | undefined {
  const { of, what } = details ?? {};
  return kind === 'correction' && typeof of === 'number' ? { of, what: what as CorrectionKind } : undefined;
}

const rowOf = ({ hash: _, ...entry }: TimelineEntry): Row => ({
  ...entry,
  said: { at: saidAt(entry), by: entry.actor },
  earlier: [],
});

/** A message was said before it was captured; one that was edited before that holds the words of the edit. */
function saidAt({ kind, at, recordedAt, details }: Omit<TimelineEntry, 'hash'>): Date {
  const { edited } = (details?.['message'] ?? {}) as { readonly edited?: string };
  return kind !== 'message' ? recordedAt : edited === undefined ? at : timeOf(edited);
}

function apply(row: Row, what: CorrectionKind, { actor: by, at, text, details }: TimelineEntry): Row {
  const { struck: _, ...rest } = row;
  switch (what) {
    case 'text':
      return reworded(row, withText({ at, by }, text));
    case 'struck':
      return { ...row, struck: withText({ at, by }, text) };
    case 'restored':
      return rest;
    case 'deleted':
      return { ...row, deleted: withText({ at, by }, text) };
    case 'files':
      return { ...row, details: { ...row.details, files: details?.['files'] } };
  }
}

/** The newest words count: an edit of a message may be heard of after a later one. */
function reworded(row: Row, said: Said): Row {
  const all = [...row.earlier, withText(row.said, row.text), said].toSorted(
    (a, b) => a.at.getTime() - b.at.getTime(),
  );
  const { text, ...newest } = all.at(-1) ?? said;
  return withText({ ...row, said: newest, earlier: all.slice(0, -1) }, text);
}

/** Erased words are absent, not empty. */
function withText<T extends object>(value: T, text: string | undefined): T & { readonly text?: string } {
  const { text: _, ...rest } = value as T & { text?: string };
  return (text === undefined ? rest : { ...rest, text }) as T & { readonly text?: string };
}
