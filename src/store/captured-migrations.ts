/** Migrations as they were captured beside the project's own tool. */
import type { CapturedMigration } from '../domain/plan.ts';
import type { Db } from './store.ts';

export async function saveCaptured(
  tx: Db,
  target: string,
  migrations: readonly CapturedMigration[],
  now: Date,
): Promise<void> {
  for (const migration of migrations) {
    await tx.query(
      `insert into captured_migrations (target, name, file_hash, migration, captured_at)
       values ($1, $2, $3, $4, $5)
       on conflict (target, name, file_hash) do update set captured_at = excluded.captured_at`,
      [target, migration.name, migration.fileHash, JSON.stringify(migration), now],
    );
  }
}

/** The newest capture of each migration. */
export async function loadCaptured(db: Db, target: string): Promise<readonly CapturedMigration[]> {
  const { rows } = await db.query<{ migration: CapturedMigration }>(
    `select distinct on (name) migration
       from captured_migrations
      where target = $1
      order by name, captured_at desc`,
    [target],
  );
  return rows.map((row) => row.migration);
}
