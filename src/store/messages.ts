/** Messages of incidents' channels, with all that they said; each part may arrive twice, late, or before the others. */
import type { FileFacts, KnownMessage, Version } from '../domain/capture.ts';
import type { Actor } from '../domain/incident.ts';
import { timeOf } from '../domain/slack-ts.ts';
import { storable, storableJson } from '../domain/storable.ts';
import { heldFilesOf } from './files.ts';
import { marksOf } from './marks.ts';
import { type Db, first } from './store.ts';

/** Names a message. */
export interface MessageKey {
  readonly channel: string;
  readonly ts: string;
}

export interface MessageHead extends MessageKey {
  readonly incident: number;
  readonly thread?: string | undefined;
  readonly author?: Actor | undefined;
  readonly authorName?: string | undefined;
  readonly link?: string | undefined;
}

/** One message at a time, until the transaction ends: a mark and its message never miss each other. */
export async function lockMessage(tx: Db, { channel, ts }: MessageKey): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`message ${channel} ${ts}`]);
}

/** Writes what does not change of a message; what is known stays. True when it is new. */
export async function saveMessage(tx: Db, head: MessageHead): Promise<boolean> {
  const { channel, ts, incident, thread, author, authorName, link } = head;
  const result = await tx.query<{ fresh: boolean }>(
    `insert into messages (channel_id, ts, incident_id, thread_ts, author, author_name, permalink, posted_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (channel_id, ts) do update
        set thread_ts = coalesce(messages.thread_ts, excluded.thread_ts),
            author = coalesce(messages.author, excluded.author),
            author_name = coalesce(messages.author_name, excluded.author_name),
            permalink = coalesce(messages.permalink, excluded.permalink)
     returning xmax = 0 as fresh`,
    [channel, ts, incident, thread, author, authorName && storable(authorName), link, timeOf(ts)],
  );
  return first(result)?.fresh ?? false;
}

/**
 * Writes one version; nothing of a message that was erased. `heardTs`: of the event that tells it. Of two that are told
 * in passing nobody knows which is later: the same one holds, whichever comes first.
 */
export async function saveVersion(
  tx: Db,
  { channel, ts }: MessageKey,
  { edited, by, text, files }: Version,
  heardTs: string,
): Promise<void> {
  await tx.query(
    `insert into message_revisions (channel_id, ts, edited_ts, edited_by, text, files, event_ts)
     select channel_id, ts, $3, $4, $5, $6, $7
       from messages where channel_id = $1 and ts = $2 and erased_at is null
     on conflict (channel_id, ts, edited_ts) do update
        set text = excluded.text, files = excluded.files, event_ts = excluded.event_ts, edited_by = excluded.edited_by
      where (message_revisions.event_ts, message_revisions.text collate "C")
            < (excluded.event_ts, excluded.text collate "C")`,
    [channel, ts, edited, by, storable(text), storableJson(files), heardTs],
  );
}

/** The earliest that was heard of it holds. */
export async function saveDeletion(tx: Db, { channel, ts }: MessageKey, at: Date): Promise<void> {
  await tx.query('update messages set deleted_at = least(deleted_at, $3) where channel_id = $1 and ts = $2', [
    channel,
    ts,
    at,
  ]);
}

/** Which entry of the timeline it became. */
export async function setEntry(tx: Db, { channel, ts }: MessageKey, seq: number): Promise<void> {
  await tx.query('update messages set entry = $3 where channel_id = $1 and ts = $2', [channel, ts, seq]);
}

interface MessageRow {
  readonly incident_id: number;
  readonly thread_ts: string | null;
  readonly author: string | null;
  readonly author_name: string | null;
  readonly permalink: string | null;
  readonly deleted_at: Date | null;
  readonly erased_at: Date | null;
  readonly entry: number | null;
}

export interface StoredMessage extends KnownMessage {
  readonly incident: number;
  readonly entry?: number;
}

export async function loadMessage(db: Db, key: MessageKey): Promise<StoredMessage | undefined> {
  const { channel, ts } = key;
  const row = first(
    await db.query<MessageRow>(
      `select incident_id, thread_ts, author, author_name, permalink, deleted_at, erased_at, entry
         from messages where channel_id = $1 and ts = $2`,
      [channel, ts],
    ),
  );
  if (!row) return undefined;
  return {
    channel,
    ts,
    incident: row.incident_id,
    ...(row.thread_ts === null ? {} : { thread: row.thread_ts }),
    ...(row.author === null ? {} : { author: row.author }),
    ...(row.author_name === null ? {} : { authorName: row.author_name }),
    ...(row.permalink === null ? {} : { link: row.permalink }),
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at }),
    ...(row.entry === null ? {} : { entry: row.entry }),
    erased: row.erased_at !== null,
    versions: await versionsOf(db, key),
    marks: await marksOf(db, key),
    files: await heldFilesOf(db, key),
  };
}

async function versionsOf(db: Db, { channel, ts }: MessageKey): Promise<readonly Version[]> {
  const { rows } = await db.query<{
    edited_ts: string;
    edited_by: string;
    text: string;
    files: readonly FileFacts[];
  }>(
    `select edited_ts, edited_by, text, files
       from message_revisions where channel_id = $1 and ts = $2
      order by edited_ts`,
    [channel, ts],
  );
  return rows.map(({ edited_ts: edited, edited_by: by, text, files }) => ({ edited, by, text, files }));
}

/** Messages of a channel that are there for all we know: for a look whether they still are. */
export async function standingMessages(
  db: Db,
  channel: string,
  since: string,
): Promise<readonly { readonly ts: string; readonly thread?: string; readonly captured: boolean }[]> {
  const { rows } = await db.query<{ ts: string; thread_ts: string | null; captured: boolean }>(
    `select ts, thread_ts, entry is not null as captured
       from messages
      where channel_id = $1 and ts >= $2 and deleted_at is null
      order by ts`,
    [channel, since],
  );
  return rows.map(({ ts, thread_ts, captured }) => ({
    ts,
    captured,
    ...(thread_ts === null ? {} : { thread: thread_ts }),
  }));
}

/** Authors of captured messages whose names nobody has told yet. */
export async function namelessAuthors(db: Db): Promise<readonly string[]> {
  const { rows } = await db.query<{ author: string }>(
    `select distinct author
       from messages
      where entry is not null and author ~ '^[UW][A-Z0-9]{2,}$'
        and not exists (select from people where people.user_id = messages.author)
      limit 20`,
  );
  return rows.map(({ author }) => author);
}

/** Redacts a message: its words and files go, and whatever Slack still says of it is not written. */
export async function eraseMessage(tx: Db, { channel, ts }: MessageKey, at: Date): Promise<void> {
  await tx.query('update messages set erased_at = $3 where channel_id = $1 and ts = $2', [channel, ts, at]);
  await tx.query('delete from message_revisions where channel_id = $1 and ts = $2', [channel, ts]);
  await tx.query('delete from stored_files where channel_id = $1 and ts = $2', [channel, ts]);
}

/** Deletes messages from before `before` that nobody put on the timeline, with their marks. */
export async function forgetMessages(db: Db, before: Date): Promise<void> {
  await db.query('delete from messages where entry is null and posted_at < $1', [before]);
  await db.query(
    `delete from marks
      where ts < $1
        and not exists (select from messages m where m.channel_id = marks.channel_id and m.ts = marks.ts)`,
    [String(Math.floor(before.getTime() / 1000))],
  );
}
