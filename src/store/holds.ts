/** Migrations that were rolled back and must not come back with the next deploy. */
import type { Hold } from '../domain/record.ts';
import { type Db, first } from './store.ts';

interface HoldRow {
  readonly target: string;
  readonly migration: string;
  readonly incident_id: number;
  readonly run_id: number | null;
  readonly since: Date;
  readonly returned_at: Date | null;
}

/** Holds a migration; held again, the newest rollback counts. */
export async function saveHold(tx: Db, hold: Hold): Promise<void> {
  await tx.query(
    `insert into holds (target, migration, incident_id, run_id, since)
     values ($1, $2, $3, $4, $5)
     on conflict (target, migration) do update
        set incident_id = excluded.incident_id, run_id = excluded.run_id, since = excluded.since,
            returned_at = null`,
    [hold.target, hold.migration, hold.incidentId, hold.runId ?? null, hold.since],
  );
}

/** What is held, on one target or on all, oldest first. */
export async function listHolds(db: Db, target?: string): Promise<readonly Hold[]> {
  const { rows } = await db.query<HoldRow>(
    `select target, migration, incident_id, run_id, since, returned_at
       from holds
      where $1::text is null or target = $1
      order by since, target, migration`,
    [target],
  );
  return rows.map(toHold);
}

/** What an incident holds. */
export async function holdsOf(db: Db, incidentId: number): Promise<readonly Hold[]> {
  const { rows } = await db.query<HoldRow>(
    `select target, migration, incident_id, run_id, since, returned_at
       from holds
      where incident_id = $1
      order by since, target, migration`,
    [incidentId],
  );
  return rows.map(toHold);
}

/** The hold on a migration; undefined when it may be deployed. */
export async function findHold(db: Db, target: string, migration: string): Promise<Hold | undefined> {
  const result = await db.query<HoldRow>(
    `select target, migration, incident_id, run_id, since, returned_at
       from holds
      where target = $1 and migration = $2`,
    [target, migration],
  );
  const row = first(result);
  return row && toHold(row);
}

/** Remembers that people were told of its return, or, without a time, that it is gone again. False: it was so already. */
export async function markReturned(
  tx: Db,
  { target, migration }: Pick<Hold, 'target' | 'migration'>,
  at: Date | undefined,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update holds
        set returned_at = $3
      where target = $1 and migration = $2 and (returned_at is null) = ($3::timestamptz is not null)`,
    [target, migration, at ?? null],
  );
  return rowCount === 1;
}

/** Lets a migration through again. False when it was not held. */
export async function liftHold(tx: Db, target: string, migration: string): Promise<boolean> {
  const { rowCount } = await tx.query('delete from holds where target = $1 and migration = $2', [
    target,
    migration,
  ]);
  return rowCount === 1;
}

const toHold = (row: HoldRow): Hold => ({
  target: row.target,
  migration: row.migration,
  incidentId: row.incident_id,
  ...(row.run_id === null ? {} : { runId: row.run_id }),
  since: row.since,
  ...(row.returned_at === null ? {} : { returnedAt: row.returned_at }),
});
