/** Who marked which message: reactions, pins, and what was asked for. The last word by Slack's time holds. */
import type { Mark, MarkKind } from '../domain/capture.ts';
import type { Actor } from '../domain/incident.ts';
import type { MessageKey } from './messages.ts';
import type { Db } from './store.ts';

export interface HeardMark extends MessageKey {
  readonly incident: number;
  readonly kind: MarkKind;
  readonly name: string;
  readonly user: Actor;
  readonly on: boolean;
  readonly by: Actor;
  readonly eventTs: string;
  /** Whether the person has the right; undefined: not known yet. Of no matter when it is taken away. */
  readonly counts?: boolean | undefined;
}

/** Writes what was heard; an older word changes only since when it was on. */
export async function saveMark(tx: Db, mark: HeardMark): Promise<void> {
  const { channel, ts, kind, name, user, incident, on, eventTs, by, counts } = mark;
  await tx.query(
    `insert into marks (channel_id, ts, kind, name, user_id, incident_id, is_on, event_ts, changed_by, first_on, counts)
     values ($1, $2, $3, $4, $5, $6, $7, $8::text, $9, case when $7 then $8::text end, $10)
     on conflict (channel_id, ts, kind, name, user_id) do update
        set is_on = case when excluded.event_ts > marks.event_ts then excluded.is_on else marks.is_on end,
            changed_by = case when excluded.event_ts > marks.event_ts then excluded.changed_by else marks.changed_by end,
            event_ts = greatest(marks.event_ts, excluded.event_ts),
            first_on = least(marks.first_on, excluded.first_on),
            counts = case when excluded.is_on then coalesce(excluded.counts, marks.counts) else marks.counts end,
            void = marks.void and not excluded.is_on,
            not_before = case when excluded.event_ts <= marks.event_ts then marks.not_before end`,
    [channel, ts, kind, name, user, incident, on, eventTs, by, counts],
  );
}

/** Those that count, of one message. */
export async function marksOf(db: Db, { channel, ts }: MessageKey): Promise<readonly Mark[]> {
  const { rows } = await db.query<MarkRow>(
    `select kind, name, user_id, is_on, event_ts, changed_by, first_on
       from marks
      where channel_id = $1 and ts = $2 and counts
      order by kind, name, user_id`,
    [channel, ts],
  );
  return rows.map(toMark);
}

interface MarkRow {
  readonly kind: MarkKind;
  readonly name: string;
  readonly user_id: string;
  readonly is_on: boolean;
  readonly event_ts: string;
  readonly changed_by: string;
  readonly first_on: string | null;
}

const toMark = (row: MarkRow): Mark => ({
  kind: row.kind,
  name: row.name,
  user: row.user_id,
  on: row.is_on,
  ts: row.event_ts,
  by: row.changed_by,
  ...(row.first_on === null ? {} : { firstOn: row.first_on }),
});

/** All that are on in a channel, whoever set them: for a look whether they still are. */
export async function marksOnIn(
  db: Db,
  channel: string,
): Promise<readonly { readonly message: string; readonly mark: Mark }[]> {
  const { rows } = await db.query<MarkRow & { readonly message: string }>(
    `select ts as message, kind, name, user_id, is_on, event_ts, changed_by, first_on
       from marks
      where channel_id = $1 and is_on and kind <> 'asked'`,
    [channel],
  );
  return rows.map(({ message, ...row }) => ({ message, mark: toMark(row) }));
}

/**
 * Marks that still need Slack and need not wait: who set them is unknown, or their message was never heard. First those
 * for which it was not asked yet.
 */
export async function openMarks(db: Db, now: Date): Promise<readonly OpenMark[]> {
  const { rows } = await db.query<{
    channel_id: string;
    ts: string;
    incident_id: number;
    user_id: string;
    counts: boolean | null;
    attempts: number;
  }>(
    `select channel_id, ts, incident_id, user_id, counts, max(attempts) as attempts
       from marks
      where first_on is not null and not void and (not_before is null or not_before <= $1)
        and (counts is null
             or (counts and not exists (select from message_revisions r
                                         where r.channel_id = marks.channel_id and r.ts = marks.ts)
                        and not exists (select from messages m
                                         where m.channel_id = marks.channel_id and m.ts = marks.ts
                                           and m.erased_at is not null)))
      group by channel_id, ts, incident_id, user_id, counts
      order by min(not_before) nulls first, ts
      limit 50`,
    [now],
  );
  return rows.map(({ channel_id: channel, incident_id: incident, user_id: user, counts, ...row }) => ({
    ...row,
    channel,
    incident,
    user,
    counts: counts ?? undefined,
  }));
}

export interface OpenMark extends MessageKey {
  readonly incident: number;
  readonly user: Actor;
  readonly counts: boolean | undefined;
  /** How often Slack was asked in vain. */
  readonly attempts: number;
}

/** Slack has said who the person is. */
export async function judgeMarks(tx: Db, { channel, ts, user }: OpenMark, counts: boolean): Promise<void> {
  await tx.query(
    `update marks set counts = $4, attempts = 0, not_before = null
      where channel_id = $1 and ts = $2 and user_id = $3 and counts is null`,
    [channel, ts, user, counts],
  );
}

/** Slack did not say: asked again, but not before. */
export async function retryMarks(db: Db, { channel, ts, user }: OpenMark, notBefore: Date): Promise<void> {
  await db.query(
    `update marks set attempts = attempts + 1, not_before = $4
      where channel_id = $1 and ts = $2 and user_id = $3`,
    [channel, ts, user, notBefore],
  );
}

/** There is nothing to capture. */
export async function voidMarks(tx: Db, { channel, ts }: MessageKey): Promise<void> {
  await tx.query('update marks set void = true where channel_id = $1 and ts = $2', [channel, ts]);
}
