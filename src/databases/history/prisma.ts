/** Prisma: the table `_prisma_migrations`, and a folder a migration. It has no down; a `down.sql` beside is taken for it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defineHistory } from '../history.ts';
import { byName, filesOf, sqlMigration } from '../history-files.ts';
import { historyTable } from '../history-table.ts';
import { literal, quoteName } from '../names.ts';

export default defineHistory({
  name: 'prisma',
  table: 'public._prisma_migrations',
  ...historyTable({
    name: 'migration_name',
    appliedAt: 'finished_at',
    // What is under way has no log yet.
    state: "case when finished_at is null then case when logs is null then 'running' else 'failed' end end",
    fileHash: 'checksum',
    where: () => 'rolled_back_at is null',
    order: 'started_at desc',
    // Written before the migration begins, and again after it.
    ownTransaction: true,
  }),
  // What `prisma migrate resolve --rolled-back` writes: the next deploy applies it again.
  removal: (table, migration) =>
    `update ${quoteName(table)} set rolled_back_at = now() where migration_name = ${literal(migration)} and rolled_back_at is null`,
  // The key that the schema engine locks.
  lock: () => 'select pg_try_advisory_xact_lock(72707369) as free',
  async capture(dir) {
    const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const found = await Promise.all(
      folders
        .map(({ name }) => name)
        .sort(byName)
        .map(async (name) => {
          const files = await filesOf(
            join(dir, name),
            (file) => file === 'migration.sql' || file === 'down.sql',
          );
          const [up, down] = ['migration.sql', 'down.sql'].map((one) =>
            files.find(({ file }) => file === one),
          );
          return up ? [await sqlMigration(name, up.hash, up.text, down?.text)] : [];
        }),
    );
    return found.flat();
  },
});
