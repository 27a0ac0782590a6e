/** Which messages stand on the timeline: what is known of a message now, against what is written of it. */
import { entry } from './decision.ts';
import type { NewEntry, TimelineEntry } from './entry.ts';
import type { Actor } from './incident.ts';
import { timeOf } from './slack-ts.ts';
import { correctedBy, correction, type Row, rowsOf } from './timeline.ts';

export interface FileFacts {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** A file after it was read; `problem`: why it has no digest. */
export interface HeldFile extends FileFacts {
  readonly sha256?: string;
  readonly problem?: string;
  readonly at: Date;
}

/** What a message said at one time. */
export interface Version {
  /** Slack's timestamp of the edit; empty: as it was first said. */
  readonly edited: string;
  readonly by: Actor;
  readonly text: string;
  readonly files: readonly FileFacts[];
}

/** How somebody says that a message belongs on the timeline: by an emoji, a pin, or the shortcut or a mention. */
export const MARK_KINDS = ['reaction', 'pin', 'asked'] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** One person's mark on a message, as it stands after the latest that was heard of it. */
export interface Mark {
  readonly kind: MarkKind;
  /** The emoji's, or how it was asked for. */
  readonly name: string;
  readonly user: Actor;
  readonly on: boolean;
  /** When it became so, and by whom. */
  readonly ts: string;
  readonly by: Actor;
  /** The first time it was on; absent: only that it was taken away was heard. */
  readonly firstOn?: string;
}

export interface KnownMessage {
  readonly channel: string;
  readonly ts: string;
  readonly thread?: string;
  /** Absent: only its deletion was heard. */
  readonly author?: Actor;
  /** What a bot calls itself. */
  readonly authorName?: string;
  readonly link?: string;
  /** By the time of the edit, oldest first. */
  readonly versions: readonly Version[];
  readonly deletedAt?: Date;
  /** Redacted: nothing more is written of it. */
  readonly erased: boolean;
  /** Those that count. */
  readonly marks: readonly Mark[];
  readonly files: readonly HeldFile[];
}

/**
 * The entries to append. `about`: the entry of the message and its corrections, by seq. The first call for a message
 * answers its entry, the next one what corrects it; however the same events arrive, the rows are the same in the end.
 */
export function reconcile(message: KnownMessage, about: readonly TimelineEntry[]): readonly NewEntry[] {
  if (message.erased) return [];
  const [own] = about;
  if (own === undefined) return captured(message);
  const row = rowsOf(about).find(({ seq }) => seq === own.seq);
  if (row?.text === undefined) return [];
  return [
    ...reworded(message, own, about),
    ...hashed(message, row),
    ...deleted(message, row),
    ...taken(message, row, about),
  ];
}

/** Whether it belongs, or belonged, on the timeline. */
export const isMarked = ({ marks }: Pick<KnownMessage, 'marks'>): boolean =>
  marks.some(({ firstOn }) => firstOn !== undefined);

/** At its own time, by its author. */
function captured(message: KnownMessage): readonly NewEntry[] {
  const { author, authorName, channel, ts, thread, link, versions } = message;
  const [version] = versions;
  const [mark] = everOn(message.marks).toSorted((a, b) => compare(a.firstOn, b.firstOn));
  if (!mark || !version || author === undefined) return [];
  const { edited, files } = version;
  const details = {
    message: { channel, ts, ...(thread ? { thread } : {}), ...(edited ? { edited } : {}) },
    captured_by: mark.user,
    captured_how: mark.kind,
    ...(authorName ? { author_name: authorName } : {}),
    ...(files.length > 0 ? { files } : {}),
  };
  const made = entry(timeOf(ts), 'message', author, words(version), details);
  return [{ ...made, ...(link ? { link } : {}) }];
}

/** A message that is only a file says so. */
function words({ text, files }: Version): string {
  if (text.trim() !== '') return text;
  return files.length > 0 ? `Shared ${files.map(({ name }) => name).join(', ')}` : 'A message without text';
}

/** Each version that is not written yet; the newest counts, whichever is heard of last. */
function reworded(
  { ts, versions }: KnownMessage,
  own: TimelineEntry,
  about: readonly TimelineEntry[],
): readonly NewEntry[] {
  const written = new Map([[editedIn(own), own.text]]);
  for (const { details, text } of about) {
    const edited = details?.['edited'];
    if (typeof edited === 'string') written.set(edited, text);
  }
  return versions
    .filter((version) => written.get(version.edited) !== words(version))
    .map((version) => {
      // Edits have whole seconds: one in the second of its message is not before it.
      const at = timeOf(version.edited > ts ? version.edited : ts);
      return also(correction('text', own.seq, version.by, words(version), at), { edited: version.edited });
    });
}

/** Which version the entry itself holds. */
function editedIn({ details }: TimelineEntry): string {
  const { edited } = (details?.['message'] ?? {}) as { readonly edited?: string };
  return edited ?? '';
}

/** Digests come later than the entry: a download must not keep a message waiting. */
function hashed({ files }: KnownMessage, row: Row): readonly NewEntry[] {
  const shown = (row.details?.['files'] ?? []) as readonly Partial<HeldFile>[];
  const known = files.filter(
    (file) => !shown.some(({ id, sha256, problem }) => id === file.id && (sha256 ?? problem) !== undefined),
  );
  if (known.length === 0) return [];
  const others = shown.filter(({ id }) => !known.some((file) => file.id === id));
  const facts = known.map(({ at: _, ...file }) => file);
  const text = known.map(({ name, sha256, problem }) => `${name}: ${sha256 ? `SHA-256 ${sha256}` : problem}`);
  const at = new Date(Math.max(...known.map((file) => file.at.getTime())));
  const made = correction('files', row.seq, 'firebreak', text.join('; '), at);
  return [also(made, { files: [...others, ...facts] })];
}

function deleted({ deletedAt }: KnownMessage, row: Row): readonly NewEntry[] {
  if (deletedAt === undefined || row.deleted) return [];
  return [correction('deleted', row.seq, 'unknown', 'Deleted in Slack', deletedAt)];
}

/**
 * An entry stands while a mark stands. What a person struck or restored by hand holds against every mark before it, and
 * gives way to one that was set or taken away after it.
 */
function taken(message: KnownMessage, row: Row, about: readonly TimelineEntry[]): readonly NewEntry[] {
  const wanted = wantedOf(message);
  if (!wanted) return [];
  const { struck, by, at, mark } = wanted;
  const byHand = about.filter(isByHand).map((each) => each.at.getTime());
  if (byHand.some((time) => time >= at.getTime())) return [];
  if (struck && row.struck?.at.getTime() !== at.getTime())
    return [also(correction('struck', row.seq, by, `taken back: ${gone(mark)}`, at), { mark: mark.kind })];
  if (!struck && row.struck)
    return [also(correction('restored', row.seq, by, 'marked again', at), { mark: mark.kind })];
  return [];
}

function isByHand(each: TimelineEntry): boolean {
  const what = correctedBy(each)?.what;
  return (what === 'struck' || what === 'restored') && each.details?.['mark'] === undefined;
}

/** Deleting a message takes its pins and reactions with it: nobody took them back. */
const DELETION_MS = 2000;

function wantedOf({
  marks,
  deletedAt,
}: KnownMessage): { struck: boolean; at: Date; by: Actor; mark: Mark } | undefined {
  const known = everOn(marks);
  const stands = (mark: Mark): boolean =>
    mark.on || (deletedAt !== undefined && timeOf(mark.ts).getTime() >= deletedAt.getTime() - DELETION_MS);
  const active = known.filter(stands);
  const [latest] = (active.length > 0 ? active : known).toSorted((a, b) => compare(b.ts, a.ts));
  return latest && { struck: active.length === 0, at: timeOf(latest.ts), by: latest.by, mark: latest };
}

const everOn = (marks: readonly Mark[]): readonly Mark[] =>
  marks.filter(({ firstOn }) => firstOn !== undefined);

const gone = ({ kind, name }: Mark): string =>
  kind === 'reaction' ? `:${name}: was removed` : kind === 'pin' ? 'it was unpinned' : 'asked for';

const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

const also = (made: NewEntry, more: NonNullable<NewEntry['details']>): NewEntry => ({
  ...made,
  details: { ...made.details, ...more },
});
