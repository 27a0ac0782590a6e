/** The append-only timeline: entries under a hash chain, their contents beside it. */
import { randomBytes } from 'node:crypto';
import { type ChainedEntry, contentDigest, type EntryContent, GENESIS, linkHash } from '../domain/chain.ts';
import type { EntryKind, NewEntry, TimelineEntry } from '../domain/entry.ts';
import { storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

interface TimelineRow {
  readonly seq: number;
  readonly at: Date;
  readonly recorded_at: Date;
  readonly kind: EntryKind;
  readonly actor: string;
  readonly content_digest: string;
  readonly hash: string;
  readonly salt: string | null;
  readonly content: EntryContent | null;
  readonly kept: EntryContent['details'] | null;
  readonly erased_at: Date | null;
  readonly erased_by: string | null;
  readonly erased_reason: string | null;
}

const COLUMNS =
  't.seq, t.at, t.recorded_at, t.kind, t.actor, t.content_digest, t.hash, c.salt, c.content, c.kept, c.erased_at, c.erased_by, c.erased_reason';

/** Appends entries in the order given; answers the head hash. The incident's row must be locked: the chain has one end. */
export async function appendEntries(
  tx: Db,
  incidentId: number,
  entries: readonly NewEntry[],
  now: Date,
): Promise<string> {
  let { seq, hash } = await chainEnd(tx, incidentId);
  for (const { at, kind, actor, text, link, details } of entries) {
    const json = storableJson({ text, ...(link ? { link } : {}), ...(details ? { details } : {}) });
    const salt = randomBytes(16).toString('hex');
    const digest = contentDigest(salt, JSON.parse(json) as EntryContent);
    seq += 1;
    hash = linkHash(hash, { incidentId, seq, at, recordedAt: now, kind, actor, contentDigest: digest });
    await tx.query(
      `with entry as (
         insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning incident_id, seq)
       insert into timeline_contents (incident_id, seq, salt, content)
       select incident_id, seq, $9, $10 from entry`,
      [incidentId, seq, at, now, kind, actor, digest, hash, salt, json],
    );
  }
  return hash;
}

/** All entries of an incident by seq, as the exports need them. */
export async function loadTimeline(db: Db, incidentId: number): Promise<readonly TimelineEntry[]> {
  return (await timelineRows(db, incidentId)).map(toEntry);
}

/** How many entries an incident has. */
export async function countEntries(db: Db, incidentId: number): Promise<number> {
  return (await chainEnd(db, incidentId)).seq;
}

/** The numbers of the entries that are no corrections, in their order. */
export async function entryNumbers(db: Db, incidentId: number): Promise<readonly number[]> {
  const { rows } = await db.query<{ seq: number }>(
    `select seq from timeline where incident_id = $1 and kind <> 'correction' order by seq`,
    [incidentId],
  );
  return rows.map(({ seq }) => seq);
}

export interface Erasure {
  readonly at: Date;
  readonly by: string;
  readonly reason: string;
}

/** Erases what an entry says, for good; `kept` is what is no words. False when it was erased before. */
export async function eraseEntry(
  tx: Db,
  incidentId: number,
  seq: number,
  { at, by, reason }: Erasure,
  kept?: EntryContent['details'],
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update timeline_contents
        set content = null, salt = null, erased_at = $3, erased_by = $4, erased_reason = $5, kept = $6
      where incident_id = $1 and seq = $2 and erased_at is null`,
    [incidentId, seq, at, by, reason, kept && JSON.stringify(kept)],
  );
  return rowCount === 1;
}

/** One entry and what corrects it, by seq. */
export async function loadCorrected(
  db: Db,
  incidentId: number,
  seq: number,
): Promise<readonly TimelineEntry[]> {
  const { rows } = await db.query<TimelineRow>(
    `select ${COLUMNS}
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1
        and (t.seq = $2
             or (t.kind = 'correction' and t.seq > $2 and coalesce(c.content -> 'details', c.kept) -> 'of' = to_jsonb($2::integer)))
      order by t.seq`,
    [incidentId, seq],
  );
  return rows.map(toEntry);
}

/** The same with digests and salts, for `verify`. */
export async function loadChain(db: Db, incidentId: number): Promise<readonly ChainedEntry[]> {
  const rows = await timelineRows(db, incidentId);
  return rows.map((row) => ({
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    actor: row.actor,
    hash: row.hash,
    incidentId,
    recordedAt: row.recorded_at,
    contentDigest: row.content_digest,
    salt: row.salt ?? undefined,
    content: row.content ?? undefined,
    erased: erasureOf(row),
    lost: row.content === null && row.erased_at === null,
  }));
}

const toEntry = (row: TimelineRow): TimelineEntry => ({
  seq: row.seq,
  at: row.at,
  recordedAt: row.recorded_at,
  kind: row.kind,
  actor: row.actor,
  hash: row.hash,
  ...(row.content as Pick<TimelineEntry, 'text' | 'link' | 'details'>),
  ...(row.kept ? { details: row.kept } : {}),
  ...(row.erased_at ? { erased: erasureOf(row) as Erasure } : {}),
});

const erasureOf = ({
  erased_at: at,
  erased_by: by,
  erased_reason: reason,
}: TimelineRow): Erasure | undefined =>
  at === null ? undefined : { at, by: by ?? '', reason: reason ?? '' };

async function timelineRows(db: Db, incidentId: number): Promise<readonly TimelineRow[]> {
  const { rows } = await db.query<TimelineRow>(
    `select ${COLUMNS}
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1
      order by t.seq`,
    [incidentId],
  );
  return rows;
}

/** The newest entry; its seq is 0 when there is none. */
export async function chainEnd(tx: Db, incidentId: number): Promise<{ seq: number; hash: string }> {
  const result = await tx.query<{ seq: number; hash: string }>(
    'select seq, hash from timeline where incident_id = $1 order by seq desc limit 1',
    [incidentId],
  );
  return first(result) ?? { seq: 0, hash: GENESIS };
}
