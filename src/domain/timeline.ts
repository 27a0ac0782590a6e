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
  const texts = new Map<number, readonly Version[]>();
  for (const entry of timeline.toSorted((a, b) => a.seq - b.seq)) {
    const corrected = correctedBy(entry);
    const row = corrected && rows.get(corrected.of);
    if (!corrected || !row) {
      // One that names no entry is itself one, so that nothing is lost.
      rows.set(entry.seq, rowOf(entry));
      texts.set(entry.seq, [firstVersion(entry)]);
    } else if (corrected.what === 'text') {
      texts.set(corrected.of, withVersion(texts.get(corrected.of) ?? [], versionIn(entry)));
    } else rows.set(corrected.of, apply(row, corrected.what, entry));
  }
  const all = [...rows.values()].map((row) => reworded(row, texts.get(row.seq) ?? []));
  return all.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);
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
  if (kind !== 'message') return recordedAt;
  const { edited } = (details?.['message'] ?? {}) as { readonly edited?: string };
  return edited === undefined ? at : new Date(Math.max(at.getTime(), timeOf(edited).getTime()));
}

function apply(
  row: Row,
  what: Exclude<CorrectionKind, 'text'>,
  { actor: by, at, text, details }: TimelineEntry,
): Row {
  const { struck: _, ...rest } = row;
  switch (what) {
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

interface Version extends Said {
  /** Slack's timestamp of the edit, empty for the first words; absent when it is no version of a message. */
  readonly edited: string | undefined;
}

function firstVersion(entry: TimelineEntry): Version {
  const { edited = '' } = (entry.details?.['message'] ?? {}) as { readonly edited?: string };
  const said = { at: saidAt(entry), by: entry.actor, edited: entry.kind === 'message' ? edited : undefined };
  return withText(said, entry.text);
}

function versionIn({ actor: by, at, text, details }: TimelineEntry): Version {
  const edited = details?.['edited'];
  return withText({ at, by, edited: typeof edited === 'string' ? edited : undefined }, text);
}

/** Slack tells two edits in one second apart by nothing: the last of them is what it said then. */
const withVersion = (all: readonly Version[], version: Version): readonly Version[] => [
  ...all.filter(({ edited }) => edited === undefined || edited !== version.edited),
  version,
];

/** The newest words count: an edit of a message may be heard of after a later one. */
function reworded(row: Row, versions: readonly Version[]): Row {
  const all = versions.toSorted(byTime).map(({ edited: _, ...said }): Said => said);
  const newest = all.at(-1);
  if (!newest) return row;
  const { text, ...said } = newest;
  return withText({ ...row, said, earlier: all.slice(0, -1) }, text);
}

function byTime(a: Version, b: Version): number {
  const time = a.at.getTime() - b.at.getTime();
  if (time !== 0 || a.edited === undefined || b.edited === undefined) return time;
  return a.edited < b.edited ? -1 : a.edited > b.edited ? 1 : 0;
}

/** Erased words are absent, not empty. */
function withText<T extends object>(value: T, text: string | undefined): T & { readonly text?: string } {
  const { text: _, ...rest } = value as T & { text?: string };
  return (text === undefined ? rest : { ...rest, text }) as T & { readonly text?: string };
}
