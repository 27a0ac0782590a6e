/** node-pg-migrate: the table `pgmigrations`, and a directory of .sql, .js and .ts files. */
import { extname } from 'node:path';
import type { CapturedMigration } from '../../domain/plan.ts';
import { defineHistory } from '../history.ts';
import {
  byName,
  codeMigration,
  filesOf,
  isCode,
  type MigrationFile,
  sqlMigration,
  stem,
} from '../history-files.ts';
import { historyTable } from '../history-table.ts';

export default defineHistory({
  name: 'node-pg-migrate',
  table: 'public.pgmigrations',
  // `run_on` has no time zone: the tool writes the server's local time, and it is read back as such.
  ...historyTable({ name: 'name', appliedAt: 'run_on', order: 'run_on desc, id desc' }),
  // The key that the tool locks while it runs: a deploy at the same moment stops by itself.
  lock: () => 'select pg_try_advisory_xact_lock(7241865325823964) as free',
  async capture(dir) {
    const files = await filesOf(dir, (file) => extname(file).toLowerCase() === '.sql' || isCode(file));
    return Promise.all(files.sort(byPrefix).map(captureFile));
  },
});

/** The tool's order: by the number in front, then by name. */
function byPrefix({ file: a }: MigrationFile, { file: b }: MigrationFile): number {
  const prefix = (file: string): number => Number.parseInt(file, 10) || 0;
  return prefix(a) - prefix(b) || byName(a, b);
}

async function captureFile({ file, text, hash }: MigrationFile): Promise<CapturedMigration> {
  if (isCode(file)) return codeMigration(stem(file), { file, text, hash });
  const { up, down } = splitSql(text);
  return await sqlMigration(stem(file), hash, up, down);
}

/** The tool's own rule for where a part begins: a comment line, not SQL. */
const UP = /^\s*--[\s-]*up\s+migration/im;
const DOWN = /^\s*--[\s-]*down\s+migration/im;

/** Splits a file exactly as the tool does; without an up marker the whole file is the up, as in the tool. */
export function splitSql(content: string): { readonly up: string; readonly down?: string } {
  const up = content.search(UP);
  const down = content.search(DOWN);
  return {
    up: up >= 0 ? content.slice(up, down < up ? undefined : down) : content,
    ...(down >= 0 ? { down: content.slice(down, up < down ? undefined : up) } : {}),
  };
}
