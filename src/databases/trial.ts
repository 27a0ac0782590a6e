/** A migration tried on a database that nobody needs: up, down, up, and what is not as it was in between. */
import pg from 'pg';
import type { CapturedMigration } from '../domain/plan.ts';
import { FirebreakError } from '../errors.ts';
import { EVERYTHING, type Loss, losses } from './analyse/losses.ts';
import { analyse, type Lock, type SqlAnalysis } from './analyse.ts';
import { sha256 } from './history-files.ts';
import { shortName } from './names.ts';
import { statementsOf } from './parse.ts';
import { errorText, sqlstateOf } from './pg-errors.ts';
import { compareSchemas, type Difference, differenceText, readSchema, type Schema } from './schema.ts';
import type { TestResult } from './trial/report.ts';
import { compareRows, forgetRows, keepRows, type RowDifference, rowDifferenceText } from './trial/rows.ts';

export interface Trial {
  readonly name: string;
  readonly fileHash: string;
  /** SHA-256 of up and down. */
  readonly sql: string;
  readonly result: TestResult;
  /** Why it did not pass. */
  readonly reasons: readonly string[];
  /** What the down does not bring back, as it was announced. */
  readonly notUndone: readonly string[];
  /** What is not as it was before the up, as it was found. */
  readonly found: readonly string[];
  /** What the up loses, statement by statement. */
  readonly loses: readonly string[];
  readonly locks: { readonly up: readonly Lock[]; readonly down: readonly Lock[] };
  readonly rewrites: boolean;
}

const EMPTY = `
  select count(*)::int as n
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`;

/** Tries migrations on a database, which has to be empty, once it holds what the seed brings. */
export async function tryOn(
  connectionString: string,
  seed: string,
  migrations: readonly CapturedMigration[],
): Promise<Trial[]> {
  const client = new pg.Client({ connectionString, application_name: 'firebreak' });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(EMPTY);
    if (rows[0]?.n !== 0) throw new FirebreakError('TRIAL_NOT_EMPTY', { found: rows[0]?.n ?? 0 });
    const trials = await tryMigrations(
      client,
      migrations,
      (await statementsOf(seed)).map(({ sql }) => sql),
    );
    await forgetRows(client);
    return trials;
  } finally {
    await client.end();
  }
}

/** Tries one after the other; each leaves the database as its up does. A failed up ends it: the next ones build on it. */
async function tryMigrations(
  client: pg.Client,
  migrations: readonly CapturedMigration[],
  seed: readonly string[],
): Promise<Trial[]> {
  const trials: Trial[] = [];
  let left = await sow(client, seed);
  for (const migration of migrations) {
    const trial = { ...(await tryOne(client, migration)), sql: sqlHash(migration) };
    trials.push(trial);
    if (trial.result === 'passed' || trial.result === 'no-down') left = await sow(client, left);
    // What comes after it would build on something else.
    if (trial.result === 'failed' && BREAKS.some((words) => trial.reasons[0]?.startsWith(words))) break;
    if (trial.result === 'opaque' && migration.up === 'opaque') break;
  }
  return trials;
}

/** A table that a later migration makes, or a column of it, is not there yet. */
const NOT_YET = new Set(['42P01', '42703', '3F000', '42704', '42883']);

/** Runs the statements of a seed that can be run by now; answers those that have to wait for a migration. */
async function sow(client: pg.Client, seed: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const sql of seed) {
    try {
      await client.query(sql);
    } catch (error) {
      if (!NOT_YET.has(sqlstateOf(error) ?? '')) throw error;
      left.push(sql);
    }
  }
  return left;
}

const UP_FAILED = 'The up fails';
const UP_FAILED_AGAIN = 'After its down the up fails';
const BREAKS = [UP_FAILED, UP_FAILED_AGAIN];

interface Halves {
  readonly up: SqlAnalysis;
  readonly down: SqlAnalysis;
}

/** What a report names beside the file. */
export const sqlHash = ({ up, down }: CapturedMigration): string =>
  sha256(JSON.stringify([up, down ?? null]));

type Tried = Omit<Trial, 'sql'>;

async function tryOne(client: pg.Client, migration: CapturedMigration): Promise<Tried> {
  const { name, fileHash } = migration;
  const nothing = { notUndone: [], found: [], loses: [], locks: { up: [], down: [] }, rewrites: false };
  const unread = (why: string): Tried => ({ ...nothing, name, fileHash, result: 'opaque', reasons: [why] });
  if (migration.up === 'opaque') return unread('The up is code that was not printed as SQL: it was not run.');
  const up = await analyse(migration.up).catch(errorText);
  if (typeof up === 'string') return unread(`The up cannot be read: ${up}.`);
  const before = await stateOf(client);
  const first = await run(client, migration.up, up);
  const known = {
    ...nothing,
    name,
    fileHash,
    loses: up.destroysData,
    rewrites: up.rewrites,
    locks: { up: first.locks, down: [] },
  };
  if (first.error !== undefined)
    return { ...known, result: 'failed', reasons: [`${UP_FAILED}: ${first.error}.`] };
  const there = await readSchema(reading(client));
  if (migration.down === undefined)
    return { ...known, result: 'no-down', reasons: ['There is no down: missing or empty.'] };
  const down =
    migration.down === 'opaque' ? 'it is code' : await analyse(migration.down, up.names).catch(errorText);
  if (typeof down === 'string')
    return { ...known, result: 'opaque', reasons: [`The down cannot be read: ${down}.`] };
  return tryDown(client, migration, { up, down }, { before, there, known });
}

interface State {
  readonly schema: Schema;
}

async function stateOf(client: pg.Client): Promise<State> {
  await keepRows(client);
  return { schema: await readSchema(reading(client)) };
}

const reading =
  (client: pg.Client) =>
  async <Row extends object>(sql: string): Promise<Row[]> =>
    (await client.query<Row>(sql)).rows;

async function tryDown(
  client: pg.Client,
  migration: CapturedMigration,
  halves: Halves,
  { before, there, known }: { before: State; there: Schema; known: Omit<Tried, 'result' | 'reasons'> },
): Promise<Tried> {
  const undone = await run(client, migration.down ?? '', halves.down);
  const announced = losses(halves.up, halves.down);
  const told = {
    ...known,
    locks: { ...known.locks, down: undone.locks },
    rewrites: known.rewrites || halves.down.rewrites,
    notUndone: [...new Set(announced.map(({ text }) => text))],
  };
  if (undone.error !== undefined)
    return { ...told, result: 'failed', reasons: [`The down fails: ${undone.error}.`] };
  const different = compareSchemas(before.schema, await readSchema(reading(client)));
  const rows = await compareRows(client);
  await forgetRows(client);
  const found = [...different.map(differenceText), ...rows.map(rowDifferenceText)];
  const again = await run(client, migration.up, halves.up);
  if (again.error !== undefined)
    return { ...told, found, result: 'failed', reasons: [`${UP_FAILED_AGAIN}: ${again.error}.`] };
  const second = compareSchemas(there, await readSchema(reading(client)));
  const reasons = [
    ...different
      .filter((it) => !isAnnounced(it, announced))
      .map((it) => `The down does not bring it back, and nothing announced that: ${differenceText(it)}.`),
    ...rows
      .filter((it) => !isAnnounced(it, announced))
      .map((it) => `The down does not bring it back, and nothing announced that: ${rowDifferenceText(it)}.`),
    ...second
      .filter((it) => !isAnnounced(it, announced))
      .map((it) => `After its down the up makes something else: ${differenceText(it)}.`),
  ];
  if (reasons.length > 0) return { ...told, found, result: 'failed', reasons };
  const opaque = [...halves.up.statements, ...halves.down.statements].filter((it) => it.opaque);
  if (opaque.length > 0)
    return { ...told, found, result: 'opaque', reasons: opaque.map((it) => `It holds ${it.describe}.`) };
  return { ...told, found, result: 'passed', reasons: [] };
}

/** Whether the analysis of the SQL alone had said so: about this table or object, and, where it names one, this column. */
export const isAnnounced = (it: Difference | RowDifference, announced: readonly Loss[]): boolean =>
  announced.some(
    ({ on, column }) =>
      on === EVERYTHING ||
      ((on === it.on || on === ownName(it.object)) &&
        (column === undefined || it.column === undefined || column === it.column)),
  );

/** `orders_due` of `index public.orders_due`. */
const ownName = (object: string): string => {
  const name = object.slice(object.lastIndexOf(' ') + 1);
  return shortName(name);
};

interface Ran {
  readonly locks: readonly Lock[];
  readonly error?: string;
}

/** As the tool would: in one transaction, or statement by statement where one of them bears none. */
async function run(client: pg.Client, sql: string, analysis: SqlAnalysis): Promise<Ran> {
  const statements = (await statementsOf(sql)).map((it) => it.sql);
  const there = await relations(client);
  const { transactional } = analysis;
  try {
    if (transactional) await client.query('begin');
    for (const statement of statements) await client.query(statement);
    const locks = transactional ? await heldLocks(client, there) : analysis.locks;
    if (transactional) await client.query('commit');
    return { locks };
  } catch (error) {
    // It may have begun a transaction of its own.
    await client.query('rollback');
    return { locks: [], error: errorText(error) };
  } finally {
    // What a migration sets for its session is no setting of the next one.
    await client.query('reset all');
    await client.query('reset role');
  }
}

const relations = async (client: pg.Client): Promise<string[]> =>
  (await client.query<{ oid: string }>('select oid::text from pg_class')).rows.map(({ oid }) => oid);

/** The strongest lock on each table that was there before; for what the migration made itself nobody waits. */
async function heldLocks(client: pg.Client, there: readonly string[]): Promise<Lock[]> {
  const { rows } = await client.query<{ relation: string; mode: string }>(
    `
    select l.relation::regclass::text as relation, replace(l.mode, 'Lock', '') as mode
      from pg_locks l
      join pg_class c on c.oid = l.relation
      join pg_namespace n on n.oid = c.relnamespace
     where l.pid = pg_backend_pid() and l.locktype = 'relation' and c.relkind in ('r', 'p', 'v', 'm')
       and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'firebreak_trial')
       and l.mode not in ('AccessShareLock')
       and l.relation = any($1::oid[])
     order by array_position(array['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
                                   'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock'], l.mode)`,
    [there],
  );
  const strongest = new Map<string, Lock>();
  for (const lock of rows) if (!strongest.has(lock.relation)) strongest.set(lock.relation, lock);
  return [...strongest.values()];
}
