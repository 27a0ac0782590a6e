/** Knex: the tables `knex_migrations` and `knex_migrations_lock`, and a directory of code. */
import { defineHistory } from '../history.ts';
import { codeMigration, filesOf, isCode } from '../history-files.ts';
import { historyTable } from '../history-table.ts';
import { quoteName } from '../names.ts';

export default defineHistory({
  name: 'knex',
  table: 'public.knex_migrations',
  ...historyTable({ name: 'name', appliedAt: 'migration_time', order: 'id desc' }),
  // The row that the tool sets to 1 while it runs; locked, it cannot be set until the transaction ends.
  lock: (table) =>
    `select coalesce((select is_locked = 0 from ${quoteName(`${table}_lock`)} limit 1 for update skip locked), false) as free`,
  capture: async (dir) =>
    // The history holds the name of the file, with its ending.
    (await filesOf(dir, isCode)).map((it) => codeMigration(it.file, it)),
});
