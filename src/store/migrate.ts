/** Brings the store's schema up to date: numbered SQL files, each in a transaction. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FirebreakError } from '../errors.ts';
import { PACKAGE_ROOT, VERSION } from '../version.ts';
import type { Db, Store } from './store.ts';

const MIGRATIONS = join(PACKAGE_ROOT, 'src', 'store', 'migrations');
const MIGRATION_LOCK = 0x46424d47; // "FBMG"

interface Migration {
  readonly id: number;
  readonly name: string;
  /** The oldest program version that may work beside this schema. */
  readonly worksBeside: string;
  readonly sql: string;
}

/** Applies what is missing. Refuses with STORE_TOO_NEW when a newer Firebreak's schema rules this one out. */
export async function migrate(
  store: Store,
  version: string = VERSION,
  folder = MIGRATIONS,
): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  // Its own connection, since a migration, or the wait for another starter's, may take longer than any other statement.
  const client = store.dedicated({ application_name: 'firebreak-migrate', query_timeout: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await applyAll(client, migrations, version);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Keeps every starter waiting until the end of the transaction. */
export async function lockMigrations(client: Client): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
}

/** Applies, of those that are missing, the ones that are named, within the caller's transaction; all unless told. */
export async function migrateWithin(client: Client, names?: readonly string[]): Promise<void> {
  await client.query(HISTORY);
  for (const migration of await readMigrations(MIGRATIONS))
    if (names === undefined || names.includes(migration.name)) await apply(client, migration);
}

/** The names of those that this program brings, in order. */
export const shippedMigrations = async (): Promise<readonly string[]> =>
  (await readMigrations(MIGRATIONS)).map(({ name }) => name);

/** The names of those that were applied, in order; none in an empty database. */
export async function appliedMigrations(db: Db): Promise<readonly string[]> {
  const { rows: found } = await db.query<{ there: boolean }>(
    `select to_regclass('firebreak_migrations') is not null as there`,
  );
  if (found[0]?.there !== true) return [];
  const { rows } = await db.query<{ name: string }>('select name from firebreak_migrations order by id');
  return rows.map(({ name }) => name);
}

/** How a schema stands to this program, only read. */
export interface SchemaStand {
  /** What the next start will apply. */
  readonly missing: readonly string[];
  /** The version that it takes, when that is a later one than this. */
  readonly needed?: string;
}

/** Of a store in which nothing was applied yet, everything is missing. */
export async function schemaStand(db: Db, version = VERSION, folder = MIGRATIONS): Promise<SchemaStand> {
  const { rows } = await db
    .query<{ id: number; works_beside: string }>('select id, works_beside from firebreak_migrations')
    .catch((error: unknown) => {
      if (isUndefinedTable(error)) return { rows: [] };
      throw error;
    });
  const migrations = await readMigrations(folder);
  const applied = new Set(rows.map(({ id }) => id));
  const missing = migrations.filter(({ id }) => !applied.has(id)).map(({ name }) => name);
  const needed = newest(rows);
  const tooOld = needed !== undefined && compareVersions(version, needed) < 0;
  return { missing, ...(tooOld ? { needed } : {}) };
}

const isUndefinedTable = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === '42P01';

const newest = (rows: readonly { readonly works_beside: string }[]): string | undefined =>
  rows
    .map((row) => row.works_beside)
    .sort(compareVersions)
    .at(-1);

type Client = ReturnType<Store['dedicated']>;

const HISTORY = `
  create table if not exists firebreak_migrations (
    id           integer primary key,
    name         text not null,
    works_beside text not null,
    applied_at   timestamptz not null default now()
  )`;

async function applyAll(
  client: Client,
  migrations: readonly Migration[],
  version: string,
): Promise<readonly string[]> {
  const applied: string[] = [];
  await oneStarter(client, () => client.query(HISTORY));
  for (const migration of migrations) {
    const fresh = await oneStarter(client, async () => {
      await refuseIfTooOld(client, version);
      return apply(client, migration);
    });
    if (fresh) applied.push(migration.name);
  }
  await refuseIfTooOld(client, version);
  return applied;
}

/** One transaction, and no other starter's beside it. */
async function oneStarter<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await lockMigrations(client);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function apply(client: Client, migration: Migration): Promise<boolean> {
  // Must come first, so that a second starter sees that this one is being applied.
  const { rowCount } = await client.query(
    'insert into firebreak_migrations (id, name, works_beside) values ($1, $2, $3) on conflict do nothing',
    [migration.id, migration.name, migration.worksBeside],
  );
  if (rowCount === 0) return false;
  await client.query(migration.sql);
  return true;
}

async function refuseIfTooOld(client: Client, version: string): Promise<void> {
  const { rows } = await client.query<{ works_beside: string }>(
    'select works_beside from firebreak_migrations',
  );
  const needed = newest(rows);
  if (needed !== undefined && compareVersions(version, needed) < 0) {
    throw new FirebreakError('STORE_TOO_NEW', { needed, found: version });
  }
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  refuseSameNumber(files);
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), 'utf8');
      const worksBeside = /^-- works-beside: (\d+\.\d+\.\d+)$/m.exec(sql)?.[1];
      if (worksBeside === undefined) throw new FirebreakError('MIGRATION_WITHOUT_VERSION', { found: file });
      return { id: numberOf(file), name: file, worksBeside, sql };
    }),
  );
}

const numberOf = (file: string): number => Number(file.slice(0, 4));

/** Of two files with one number the second would pass for applied. */
function refuseSameNumber(sorted: readonly string[]): void {
  for (const [index, file] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || numberOf(before) !== numberOf(file)) continue;
    throw new FirebreakError('MIGRATION_NUMBER_TWICE', { first: before, second: file });
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (const position of [0, 1, 2]) {
    const difference = (left?.[position] ?? 0) - (right?.[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
