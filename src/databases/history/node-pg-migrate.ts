/** node-pg-migrate: the table `pgmigrations`, and a directory of .sql, .js and .ts files. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { CapturedMigration } from '../../domain/plan.ts';
import { defineHistory } from '../history.ts';
import { literal, quoteName } from '../names.ts';
import { statementsOf } from '../parse.ts';

export default defineHistory({
  name: 'node-pg-migrate',
  table: 'public.pgmigrations',

  /** `run_on` has no time zone: the tool writes the server's local time, and it is read back as such. */
  async applied(read, table) {
    const rows = await read<{ name: string; applied_at: Date; xid: string }>(`
      select name, run_on::timestamptz as applied_at, xmin::text as xid
        from ${quoteName(table)}
       order by run_on desc, id desc
       limit 1000`);
    return rows.map((row) => ({ name: row.name, appliedAt: row.applied_at, xid: row.xid }));
  },

  async capture(dir) {
    const files = (await readdir(dir)).filter((file) => CAPTURED.has(extname(file).toLowerCase()));
    return Promise.all(files.sort(byPrefix).map((file) => captureFile(join(dir, file))));
  },

  // The key that the tool locks while it runs: a deploy at the same moment stops by itself.
  lock: 'select pg_try_advisory_xact_lock(7241865325823964) as free',

  removal: (table, migration) => `delete from ${quoteName(table)} where name = ${literal(migration)}`,
});

const CAPTURED = new Set(['.sql', '.js', '.ts', '.cjs', '.mjs', '.cts', '.mts']);

/** The tool's order: by the number in front, then by name. */
function byPrefix(a: string, b: string): number {
  const prefix = (file: string): number => Number.parseInt(file, 10) || 0;
  return prefix(a) - prefix(b) || a.localeCompare(b);
}

async function captureFile(path: string): Promise<CapturedMigration> {
  const content = await readFile(path);
  const name = basename(path, extname(path));
  const fileHash = createHash('sha256').update(content).digest('hex');
  if (extname(path).toLowerCase() !== '.sql') return { name, fileHash, up: 'opaque', down: 'opaque' };
  const { up, down } = splitSql(content.toString('utf8'));
  const empty = down === undefined || (await isEmpty(down));
  return { name, fileHash, up, ...(empty ? {} : { down }) };
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

/** What cannot be parsed is not empty: the plan refuses it by name. */
const isEmpty = (sql: string): Promise<boolean> =>
  statementsOf(sql).then(
    (statements) => statements.length === 0,
    () => false,
  );
