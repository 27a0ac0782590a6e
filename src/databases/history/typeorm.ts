/** TypeORM: the table `migrations`, whose `timestamp` is that of the name, and a directory of classes. */
import { defineHistory } from '../history.ts';
import { codeMigration, filesOf, isCode, type MigrationFile, stem } from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'typeorm',
  table: 'public.migrations',
  ...historyTable({ name: 'name', order: 'id desc' }),
  lock: () => undefined,
  capture: async (dir) => (await filesOf(dir, isCode)).map(captureFile),
});

/** `1700000000000-AddDue.ts` holds `class AddDue1700000000000`, by the tool's own template. */
function captureFile(it: MigrationFile) {
  const [, at = '', what = stem(it.file)] = /^(\d{13})-(.+)$/.exec(stem(it.file)) ?? [];
  return codeMigration(`${what}${at}`, it);
}
