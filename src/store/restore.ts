/** Fills an empty store from the file of a backup, in one transaction: all of it or nothing. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { FirebreakError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { copySql, SAME_FORM } from './backup.ts';
import { type BackupHeader, backupLines, type Checked, checkBackup, END_OF_TABLE } from './backup-file.ts';
import { copyIn } from './copy.ts';
import { appliedMigrations, lockMigrations, migrateWithin, shippedMigrations } from './migrate.ts';
import { type Db, first, type Store } from './store.ts';
import { TABLES } from './tables.ts';

type Client = ReturnType<Store['dedicated']>;

/**
 * Afterwards the store has the present schema. Throws BACKUP_BROKEN, BACKUP_TOO_NEW, STORE_IN_USE while a Firebreak is
 * connected to it, and STORE_NOT_EMPTY.
 */
export async function restore(store: Store, file: string): Promise<Checked> {
  const checked = await checkBackup(file);
  await refuseNewer(file, checked.header);
  const client = store.dedicated({ application_name: 'firebreak-restore', query_timeout: 0 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    await fill(client, file, checked);
    await client.query('commit');
    return checked;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function refuseNewer(file: string, { migrations, tables, program }: BackupHeader): Promise<void> {
  const shipped = await shippedMigrations();
  const isKnown =
    migrations.every((name) => shipped.includes(name)) && tables.every(({ name }) => TABLES.includes(name));
  if (!isKnown)
    throw new FirebreakError('BACKUP_TOO_NEW', { found: file, needed: program, version: VERSION });
}

async function fill(client: Client, file: string, { header, rows }: Checked): Promise<void> {
  await client.query(SAME_FORM);
  // A bot that starts meanwhile waits for it, and finds the store filled.
  await lockMigrations(client);
  await refuseUsed(client);
  await refuseFilled(client, header);
  await migrateWithin(client, header.migrations);
  await copyAll(client, file, header, rows);
  for (const { table, column, last } of header.sequences)
    if (last !== null) await setSequence(client, table, column, last);
  await migrateWithin(client);
}

/** Other sessions of Firebreak, by the names that they give themselves. */
async function refuseUsed(client: Client): Promise<void> {
  const result = await client.query<{ found: string }>(
    `select string_agg(distinct application_name, ', ') as found
       from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and application_name in ('firebreak', 'firebreak-inbox', 'firebreak-leases', 'firebreak-listen')
     having count(*) > 0`,
  );
  const used = first(result);
  if (used) throw new FirebreakError('STORE_IN_USE', used);
}

/** What is there would be lost among what comes; and a schema that is ahead of the backup cannot take its rows. */
async function refuseFilled(client: Client, { migrations }: BackupHeader): Promise<void> {
  const ahead = (await appliedMigrations(client)).filter((name) => !migrations.includes(name));
  const { rows } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) with ordinality as t (name, n) where to_regclass(quote_ident(name)) is not null order by n',
    [TABLES],
  );
  const filled: string[] = [];
  for (const { name } of rows) if (await hasRows(client, name)) filled.push(name);
  const found = filled.length > 0 ? `rows in ${filled.join(', ')}` : ahead.join(', ');
  if (found !== '') throw new FirebreakError('STORE_NOT_EMPTY', { found });
}

async function hasRows(db: Db, table: string): Promise<boolean> {
  const result = await db.query(`select from ${pg.escapeIdentifier(table)} limit 1`);
  return result.rowCount === 1;
}

async function copyAll(
  client: Client,
  file: string,
  { tables }: BackupHeader,
  rows: Checked['rows'],
): Promise<void> {
  const lines = backupLines(file);
  await lines.next(); // the header
  for (const table of tables) {
    const copy = copyIn(client, copySql(table, 'from stdin'));
    await pipeline(Readable.from(tableOf(lines), { objectMode: false }), copy);
    if (copy.rows === rows[table.name]) continue;
    const reason = `${copy.rows} rows of ${table.name} came instead of ${rows[table.name] ?? 0}`;
    throw new FirebreakError('BACKUP_BROKEN', { found: file, reason });
  }
  await lines.return(undefined);
}

const ENOUGH = 64 * 1024;

/** The rows of the table that comes next, many at once. */
async function* tableOf(lines: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value.equals(END_OF_TABLE)) break;
    waiting.push(next.value);
    bytes += next.value.length;
    if (bytes < ENOUGH) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** The next number follows the last one that was given, also when its row is gone. */
async function setSequence(db: Db, table: string, column: string, last: number): Promise<void> {
  await db.query('select setval(pg_get_serial_sequence(quote_ident($1), $2)::regclass, $3)', [
    table,
    column,
    last,
  ]);
}
