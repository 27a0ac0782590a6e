/** dbmate: the table `schema_migrations`, which holds versions alone, and a directory of SQL. */
import { defineHistory } from '../history.ts';
import { filesOf, type MigrationFile, sqlMigration } from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'dbmate',
  table: 'public.schema_migrations',
  ...historyTable({ name: 'version', order: 'version collate "C" desc' }),
  lock: () => undefined,
  capture: async (dir) =>
    Promise.all((await filesOf(dir, (file) => /^\d.*\.sql$/.test(file))).map(captureFile)),
});

function captureFile({ file, text, hash }: MigrationFile) {
  const [version = ''] = /^\d+/.exec(file) ?? [];
  const { up, down } = split(text);
  return sqlMigration(version, hash, up, down);
}

/** The tool's own markers, each a comment line. */
const UP = /^--\s*migrate:up(\s*$|\s+\S+)/m;
const DOWN = /^--\s*migrate:down(\s*$|\s+\S+)/m;

function split(text: string): { readonly up: string; readonly down?: string } {
  const up = Math.max(0, text.search(UP));
  const down = text.search(DOWN);
  return down < 0 ? { up: text.slice(up) } : { up: text.slice(up, down), down: text.slice(down) };
}
