/** Writes the whole store into one file, as it was at one moment, while the bot goes on. */
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { FirebreakError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { type BackupHeader, type BackupTrailer, END_OF_TABLE, FORMAT } from './backup-file.ts';
import { copyOut } from './copy.ts';
import { appliedMigrations, shippedMigrations } from './migrate.ts';
import type { Db, Store } from './store.ts';
import { TABLES } from './tables.ts';

type Client = ReturnType<Store['dedicated']>;

/**
 * Answers how many rows of each table are in the file, which takes its name when it is whole and is the owner's alone
 * to read. Throws BACKUP_THERE for a file that is there, BACKUP_NOTHING for a database without a store, BACKUP_STORE_NEWER
 * for one of a newer Firebreak.
 */
export async function backUp(
  store: Store,
  file: string,
  now: Date,
): Promise<Readonly<Record<string, number>>> {
  if (existsSync(file)) throw new FirebreakError('BACKUP_THERE', { found: file });
  const client = store.dedicated({ application_name: 'firebreak-backup', query_timeout: 0 });
  client.on('error', () => undefined);
  await client.connect();
  const draft = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(SAME_FORM);
    const header = await describe(client, now);
    const rows: Record<string, number> = {};
    await pipeline(content(client, header, rows), createGzip(), createWriteStream(draft, OWN_AND_NEW));
    await flush(draft);
    await rename(draft, file);
    return rows;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Values read the same on every server, whatever its settings are; a table may take its time. */
export const SAME_FORM = `
  set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres';
  set local timezone = 'UTC';
  set local bytea_output = 'hex';
  set local extra_float_digits = 1;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0`;

const OWN_AND_NEW = { flags: 'wx', mode: 0o600 };

/** `copy` of a table's columns: `to stdout` or `from stdin`. */
export const copySql = (
  { name, columns }: BackupHeader['tables'][number],
  way: 'to stdout' | 'from stdin',
): string =>
  `copy ${pg.escapeIdentifier(name)} (${columns.map((each) => pg.escapeIdentifier(each)).join(', ')}) ${way}`;

async function describe(client: Client, now: Date): Promise<BackupHeader> {
  const migrations = await appliedMigrations(client);
  if (migrations.length === 0) throw new FirebreakError('BACKUP_NOTHING', {});
  const shipped = await shippedMigrations();
  const unknown = migrations.find((name) => !shipped.includes(name));
  // Its tables are not known here, and would be missing.
  if (unknown !== undefined)
    throw new FirebreakError('BACKUP_STORE_NEWER', { found: unknown, version: VERSION });
  const there = await columnsOf(client);
  const tables = TABLES.flatMap((name) => {
    const columns = there.get(name);
    return columns ? [{ name, columns }] : [];
  });
  return {
    firebreak_backup: FORMAT,
    program: VERSION,
    made_at: now.toISOString(),
    migrations: [...migrations],
    tables,
    sequences: await sequencesOf(client),
  };
}

async function columnsOf(db: Db): Promise<ReadonlyMap<string, string[]>> {
  const { rows } = await db.query<{ name: string; columns: string[] }>(
    `select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
       from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      where c.oid in (select to_regclass(quote_ident(name)) from unnest($1::text[]) as t (name))
      group by 1`,
    [TABLES],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** Ahead of the snapshot by what others have just taken, never behind it. */
async function sequencesOf(db: Db): Promise<BackupHeader['sequences']> {
  const { rows } = await db.query<{ table: string; column: string; last: number | null }>(
    `select c.relname::text as table, a.attname::text as column,
            pg_sequence_last_value(pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass) as last
       from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attidentity <> '' and not a.attisdropped
      where c.oid in (select to_regclass(quote_ident(name)) from unnest($1::text[]) as t (name))
      order by 1, 2`,
    [TABLES],
  );
  return rows;
}

async function* content(
  client: Client,
  header: BackupHeader,
  rows: Record<string, number>,
): AsyncGenerator<Buffer> {
  const sum = createHash('sha256');
  const summed = (chunk: Buffer): Buffer => {
    sum.update(chunk);
    return chunk;
  };
  yield summed(line(header));
  for (const table of header.tables) {
    const copy = copyOut(client, copySql(table, 'to stdout'));
    for await (const chunk of copy) yield summed(chunk as Buffer);
    yield summed(END_OF_TABLE);
    rows[table.name] = copy.rows;
  }
  const trailer: BackupTrailer = { rows, sha256: sum.digest('hex') };
  yield line(trailer);
}

const line = (facts: unknown): Buffer => Buffer.from(`${JSON.stringify(facts)}\n`);

async function flush(file: string): Promise<void> {
  const written = await open(file, 'r+');
  try {
    await written.sync();
  } finally {
    await written.close();
  }
}
