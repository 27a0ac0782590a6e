/** Migrations as they were captured beside the project's own tool: every version of a file, and when it was the current one. */
import type { CapturedMigration } from '../domain/plan.ts';
import type { Db } from './store.ts';

/** A capture, and each time at which its contents became those of the file. */
interface KeptCapture extends CapturedMigration {
  readonly capturedAt: readonly Date[];
}

/**
 * A down beside the file may have come since, or code may be printed now: the newest capture of a hash counts.
 * A file that is captured again unchanged keeps its time: what was applied since is still this version. Answers the names
 * of those that are new or have changed.
 */
export async function saveCaptured(
  tx: Db,
  target: string,
  migrations: readonly CapturedMigration[],
  now: Date,
): Promise<readonly string[]> {
  const fresh: string[] = [];
  for (const migration of migrations) {
    const first = { ...migration, since: [now.toISOString()] };
    const { rowCount } = await tx.query(
      `insert into captured_migrations as known (target, name, file_hash, migration, captured_at)
       values ($1, $2, $3, $4, $5)
       on conflict (target, name, file_hash) do update
          set captured_at = excluded.captured_at,
              migration = excluded.migration || jsonb_build_object('since',
                coalesce(known.migration -> 'since', jsonb_build_array(known.captured_at))
                || jsonb_build_array(excluded.captured_at))
        where known.migration - 'since' is distinct from excluded.migration - 'since'
           or exists (select from captured_migrations other
                       where other.target = known.target and other.name = known.name
                         and other.captured_at > known.captured_at)`,
      [target, migration.name, migration.fileHash, JSON.stringify(first), now],
    );
    if (rowCount === 1) fresh.push(migration.name);
  }
  return fresh;
}

interface Row {
  readonly migration: CapturedMigration & { readonly since?: readonly string[] };
  readonly captured_at: Date;
}

/** Every capture of each migration, the newest first: a file may have been edited after it was applied. */
export async function loadCaptured(db: Db, target: string): Promise<readonly KeptCapture[]> {
  const { rows } = await db.query<Row>(
    `select migration, captured_at
       from captured_migrations
      where target = $1
      order by name, captured_at desc`,
    [target],
  );
  return rows.map(({ migration: { since, ...migration }, captured_at: last }) => ({
    ...migration,
    capturedAt: since?.map((at) => new Date(at)) ?? [last],
  }));
}
