/** Umzug, and so Sequelize: the table `SequelizeMeta`, and a directory of code or SQL. */
import { defineHistory } from '../history.ts';
import { codeMigration, filesOf, isCode, sqlMigration } from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'umzug',
  table: 'public.SequelizeMeta',
  // A row is written after the migration has ended, which has transactions of its own, or none.
  ...historyTable({ name: 'name', order: 'name collate "C" desc', ownTransaction: true }),
  lock: () => undefined,
  async capture(dir) {
    const files = await filesOf(
      dir,
      (file) => isCode(file) || (file.endsWith('.sql') && !file.endsWith(DOWN)),
    );
    const downs = new Map(
      (await filesOf(dir, (file) => file.endsWith(DOWN))).map(({ file, text }) => [file, text]),
    );
    return Promise.all(
      files.map(async ({ file, text, hash }) =>
        isCode(file)
          ? codeMigration(file, { file, text, hash })
          : await sqlMigration(file, hash, text, downs.get(file.replace(/(\.up)?\.sql$/, DOWN))),
      ),
    );
  },
});

const DOWN = '.down.sql';
