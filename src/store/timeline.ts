/** The append-only timeline: entries under a hash chain, their contents beside it. */
import { randomBytes } from 'node:crypto';
import { type ChainedEntry, contentDigest, type EntryContent, GENESIS, linkHash } from '../domain/chain.ts';
import type { EntryKind, NewEntry, TimelineEntry } from '../domain/entry.ts';
import { storableJson } from '../domain/storable.ts';
import { type Row, rowsOf } from '../domain/timeline.ts';
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

/**
 * Appends entries in the order given; answers the head hash. The incident's row must be locked: the chain has one end,
 * which may have been read under that lock before. What is written is only sent: it is there for what follows in the
 * transaction, and fails that if it fails.
 */
export async function appendEntries(
  tx: Db,
  incidentId: number,
  entries: readonly NewEntry[],
  now: Date,
  end?: ChainEnd,
): Promise<string> {
  let { seq, hash } = end ?? (await chainEnd(tx, incidentId));
  for (const { at, kind, actor, text, link, details } of entries) {
    const json = storableJson({ text, ...(link ? { link } : {}), ...(details ? { details } : {}) });
    const salt = randomBytes(16).toString('hex');
    const digest = contentDigest(salt, JSON.parse(json) as EntryContent);
    seq += 1;
    hash = linkHash(hash, { incidentId, seq, at, recordedAt: now, kind, actor, contentDigest: digest });
    void tx.query(
      `with entry as (
         insert into timeline (incident_id, seq, at, recorded_at, kind, actor, content_digest, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning incident_id, seq)
       insert into timeline_contents (incident_id, seq, salt, content)
       select incident_id, seq, $9, $10 from entry`,
      [incidentId, seq, at, now, kind, actor, digest, hash, salt, json],
      'append-entry',
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

/** How many redactions there were, of any incident: whoever counts more than before must read again. */
export async function countRedactions(db: Db): Promise<number> {
  const result = await db.query<{ n: number }>(`select count(*) as n from timeline where kind = 'redaction'`);
  return first(result)?.n ?? 0;
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
        and (t.seq = $2 or (t.kind = 'correction' and t.seq > $2 and ${CORRECTED} = $2))
      order by t.seq`,
    [incidentId, seq],
  );
  return rows.map(toEntry);
}

/** Entries of some kinds by seq, with the corrections that name them. */
export async function loadEntries(
  db: Db,
  incidentId: number,
  kinds: readonly EntryKind[],
): Promise<readonly TimelineEntry[]> {
  const { rows } = await db.query<TimelineRow>(
    `with chosen as (select seq from timeline where incident_id = $1 and kind = any ($2))
     select ${COLUMNS}
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1
        and (t.seq in (select seq from chosen)
             or (t.kind = 'correction' and ${CORRECTED} in (select seq from chosen)))
      order by t.seq`,
    [incidentId, kinds],
  );
  return rows.map(toEntry);
}

/** Hash of the newest entry that is of no such kind. */
export async function hashBefore(db: Db, incidentId: number, kind: EntryKind): Promise<string | undefined> {
  const result = await db.query<{ hash: string }>(
    'select hash from timeline where incident_id = $1 and kind <> $2 order by seq desc limit 1',
    [incidentId, kind],
  );
  return first(result)?.hash;
}

/** Small enough that a page of the longest messages that Slack takes is no burden. */
const PAGE = 250;

/**
 * The timeline as people read it, by the time things happened, in the memory of one page: PostgreSQL sorts, and what
 * corrects a row is read with it. Within a transaction, whose cursor it is.
 */
export async function* rowsInTime(tx: Db, incidentId: number): AsyncGenerator<Row> {
  const { corrections, orphans } = await correctionsOf(tx, incidentId);
  await tx.query(
    `declare rows_in_time no scroll cursor for
     select ${COLUMNS}
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1
        and (t.kind <> 'correction' or t.seq = any ($2))
      order by t.at, t.seq`,
    [incidentId, orphans],
  );
  for (;;) {
    const { rows } = await tx.query<TimelineRow>(`fetch ${PAGE} from rows_in_time`);
    if (rows.length === 0) break;
    const named = rows.flatMap(({ seq }) => corrections.get(seq) ?? []);
    yield* rowsOf([...rows, ...(await entriesBySeq(tx, incidentId, named))].map(toEntry));
  }
  await tx.query('close rows_in_time');
}

/** Which entry is corrected by which; orphans name none, and stand for themselves, as `rowsOf` has it. */
async function correctionsOf(
  tx: Db,
  incidentId: number,
): Promise<{ corrections: ReadonlyMap<number, readonly number[]>; orphans: readonly number[] }> {
  const { rows } = await tx.query<{ seq: number; of: number | null }>(
    `select t.seq, ${CORRECTED} as of
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1 and t.kind = 'correction'
      order by t.seq`,
    [incidentId],
  );
  const correcting = new Set(rows.map(({ seq }) => seq));
  const corrections = new Map<number, number[]>();
  const orphans = new Set<number>();
  for (const { seq, of } of rows) {
    if (of === null || of < 1 || of >= seq || (correcting.has(of) && !orphans.has(of))) orphans.add(seq);
    else corrections.set(of, [...(corrections.get(of) ?? []), seq]);
  }
  return { corrections, orphans: [...orphans] };
}

async function entriesBySeq(
  tx: Db,
  incidentId: number,
  seqs: readonly number[],
): Promise<readonly TimelineRow[]> {
  if (seqs.length === 0) return [];
  const { rows } = await tx.query<TimelineRow>(
    `select ${COLUMNS}
       from timeline t
       left join timeline_contents c using (incident_id, seq)
      where t.incident_id = $1 and t.seq = any ($2)`,
    [incidentId, seqs],
  );
  return rows;
}

/** The number of the entry that a correction names. */
const CORRECTED = `case when jsonb_typeof(coalesce(c.content -> 'details', c.kept) -> 'of') = 'number'
             then (coalesce(c.content -> 'details', c.kept) -> 'of')::integer end`;

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

/** Hash of the newest entry; empty when there is none. */
export async function headOf(db: Db, incidentId: number): Promise<string> {
  const { seq, hash } = await chainEnd(db, incidentId);
  return seq === 0 ? '' : hash;
}

export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/** The newest entry; its seq is 0 when there is none. */
export async function chainEnd(tx: Db, incidentId: number): Promise<ChainEnd> {
  const result = await tx.query<ChainEnd>(
    'select seq, hash from timeline where incident_id = $1 order by seq desc limit 1',
    [incidentId],
    'chain-end',
  );
  return first(result) ?? { seq: 0, hash: GENESIS };
}
