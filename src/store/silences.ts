/** Silences that people set. */
import type { Match, Silence } from '../domain/alert-rules.ts';
import { storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

/** Sets one; resolves to its number. */
export async function insertSilence(
  tx: Db,
  { match, until, reason, by }: Omit<Silence, 'id'>,
  now: Date,
): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `insert into silences (match, until, reason, created_by, created_at)
     values ($1, $2, $3, $4, $5)
     returning id`,
    [storableJson(match), until, reason, by, now],
  );
  return (rows[0] as { id: number }).id;
}

/** Those that hold at that time. */
export async function activeSilences(db: Db, now: Date): Promise<readonly Silence[]> {
  const { rows } = await db.query<SilenceRow>(
    `select id, match, until, reason, created_by
       from silences
      where until > $1 and lifted_at is null
      order by id`,
    [now],
  );
  return rows.map(toSilence);
}

/** Ends one before its time; undefined when none of that number holds. */
export async function liftSilence(tx: Db, id: number, by: string, now: Date): Promise<Silence | undefined> {
  const row = first(
    await tx.query<SilenceRow>(
      `update silences set lifted_by = $2, lifted_at = $3
        where id = $1 and until > $3 and lifted_at is null
       returning id, match, until, reason, created_by`,
      [id, by, now],
    ),
  );
  return row && toSilence(row);
}

interface SilenceRow {
  readonly id: number;
  readonly match: Match;
  readonly until: Date;
  readonly reason: string;
  readonly created_by: string;
}

const toSilence = ({ id, match, until, reason, created_by }: SilenceRow): Silence => ({
  id,
  match,
  until,
  reason,
  by: created_by,
});
