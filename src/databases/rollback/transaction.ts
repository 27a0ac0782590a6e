/** The one transaction of a rollback: marker, locks, snapshot, down, history, probes. It ends with its id. */
import type pg from 'pg';
import type { Marker, Plan } from '../../domain/plan.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import { beginSql } from '../execution.ts';
import { appliedMigrations, lockHistory, type Read } from '../history.ts';
import { writeMarker } from '../marker.ts';
import { quoteName } from '../names.ts';
import { Stop } from '../outcome.ts';
import { statementsOf } from '../parse.ts';
import { sqlstateOf } from '../pg-errors.ts';
import { runProbesInside } from '../probe.ts';
import { closeOff, createSchemaSql, type Fingerprint, fingerprint } from '../snapshot.ts';
import { EXACT_BYTES } from '../tables.ts';
import type { Target } from '../target.ts';
import { Budget, lockSeconds } from './budget.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';
import { lockSql, snapshotSql } from './sql.ts';

export interface Work {
  readonly target: Target;
  readonly plan: Plan;
  readonly inputs: RollbackInputs;
  readonly marker: Marker;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface TableCopy {
  readonly table: string;
  readonly snapshot: string;
  readonly rows: number;
  readonly checksum: string;
  readonly untouched: number;
}

export interface Ready {
  readonly xid: string;
  readonly copies: readonly TableCopy[];
  readonly probes: readonly ProbeResult[];
}

/** Does everything but the COMMIT. Whoever calls it commits, or rolls back when it throws. */
export async function prepare(client: pg.Client, work: Work): Promise<Ready> {
  const { inputs, target } = work;
  const read: Read = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows;
  // What other connections are needed for comes before the locks.
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  const down = await statementsOf(inputs.down);
  await client.query(beginSql(work));
  const xid = await markOnce(client, work);
  await stillNewest(target, inputs, read);
  const lock = inputs.tables.length === 0 ? undefined : lockSql(inputs.tables);
  if (lock !== undefined) await client.query(lock);
  const budget = new Budget(client, target.config.snapshot.maxLockSeconds, work.statementTimeoutMs);
  const it: Locked = { ...work, client, budget, reader: reader?.role ?? 'public' };
  await budget.run(() => sameTables(it));
  await budget.run(() => smallEnough(it));
  const copies = await copyTables(it);
  for (const { sql } of down) {
    refuseWhenAborted(work.signal);
    await budget.run(() => client.query(sql));
  }
  await budget.run(() => forget(client, inputs));
  return { xid, copies, probes: await greenProbes(it) };
}

/** The transaction once it has its locks. */
interface Locked extends Work {
  readonly client: pg.Client;
  readonly budget: Budget;
  /** The role that may read kept keys. */
  readonly reader: string;
}

async function markOnce(client: pg.Client, work: Work): Promise<string> {
  try {
    return await writeMarker(client, work.marker, work.plan.hash);
  } catch (error) {
    if (sqlstateOf(error) !== '23505') throw error;
    throw new Stop(
      'REFUSED',
      'This step has been committed before: its marker is there. It is not run twice.',
    );
  }
}

async function stillNewest(target: Target, inputs: RollbackInputs, read: Read): Promise<void> {
  if (!(await lockHistory(target, read))) {
    throw new Stop('CHANGED', 'The migration tool is running at this moment: a deploy holds its lock.');
  }
  const [newest] = await appliedMigrations(target, read);
  if (newest?.name === inputs.migration && newest.xid === inputs.migrationXid) return;
  const found = newest === undefined ? 'nothing' : newest.name;
  throw new Stop(
    'PLAN_VOID',
    `The newest applied migration is ${found} now, not ${inputs.migration} as planned.`,
  );
}

/** Names as the down writes them must lead this role to the very tables that were planned for, and locked. */
async function sameTables({ client, inputs }: Locked): Promise<void> {
  const planned = new Set(inputs.tables.map((table) => String(table.oid)));
  const oidOf = async (name: string): Promise<string | null> => {
    const ask = 'select to_regclass($1)::oid::text as oid';
    return (await client.query<{ oid: string | null }>(ask, [quoteName(name)])).rows[0]?.oid ?? null;
  };
  for (const { name, oid, written } of inputs.tables) {
    for (const one of [name, ...written]) {
      if ((await oidOf(one)) === String(oid)) continue;
      throw new Stop('PLAN_VOID', `${one} is not the table that was planned for, ${name}: ${NAME_SCHEMA}.`);
    }
  }
  for (const one of inputs.fresh) {
    const oid = await oidOf(one);
    if (oid === null || planned.has(oid)) continue;
    throw new Stop('PLAN_VOID', `${one} is a table that the plan knows nothing of: ${NAME_SCHEMA}.`);
  }
}

const NAME_SCHEMA = 'it changed since, or the ddl role has another search_path. Name the schema in the down';

/** Only now are the sizes certain. */
async function smallEnough({ client, inputs, target }: Locked): Promise<void> {
  const { rows } = await client.query<{ bytes: string }>(EXACT_BYTES, [inputs.tables.map((it) => it.oid)]);
  const seconds = lockSeconds(Number(rows[0]?.bytes ?? 0), inputs.rewrites);
  const { maxLockSeconds } = target.config.snapshot;
  if (seconds <= maxLockSeconds) return;
  throw new Stop(
    'REFUSED',
    `The snapshot would take about ${seconds} s under the lock; ${target.name} allows ${maxLockSeconds} s. Raise targets.${target.name}.snapshot.max_lock_s if the tables may be locked that long.`,
  );
}

async function copyTables(it: Locked): Promise<TableCopy[]> {
  const { client, inputs } = it;
  if (inputs.tables.length === 0) return [];
  await it.budget.run(() => client.query(createSchemaSql(inputs.snapshotSchema)));
  const copies: TableCopy[] = [];
  for (const table of inputs.tables) {
    refuseWhenAborted(it.signal);
    copies.push(await copyTable(it, table));
  }
  return copies;
}

async function copyTable({ client, inputs, budget, reader }: Locked, table: PlanTable): Promise<TableCopy> {
  const schema = inputs.snapshotSchema;
  const sql = snapshotSql(inputs, table);
  const snapshot = `${schema}.${table.snapshot}`;
  await budget.run(() => client.query(sql.copy));
  await budget.run(() =>
    closeOff(client, { schema, table: table.snapshot }, { role: reader, mayRead: false }),
  );
  const { rows, checksum } = await budget.run(() => complete(client, snapshot, table.name));
  const { untouched } = table;
  if (sql.untouched === undefined || untouched === undefined) {
    return { table: table.name, snapshot, rows, checksum, untouched: 0 };
  }
  const keep = sql.untouched;
  const kept = await budget.run(() => client.query(keep));
  await budget.run(() => client.query(sql.about ?? ''));
  // Keys only, which the diag role sees in the table itself: it plans the repair with them.
  await budget.run(() => closeOff(client, { schema, table: untouched }, { role: reader, mayRead: true }));
  return { table: table.name, snapshot, rows, checksum, untouched: kept.rowCount ?? 0 };
}

/** The original is only counted: its readers wait meanwhile. */
async function complete(client: pg.Client, copy: string, table: string): Promise<Fingerprint> {
  const made = await fingerprint(client, copy);
  const { rows } = await client.query<{ n: string }>(`select count(*)::text as n from ${quoteName(table)}`);
  const original = Number(rows[0]?.n ?? -1);
  if (made.rows === original) return made;
  throw new Stop('FAILED', `The snapshot of ${table} holds ${made.rows} of ${original} rows.`);
}

async function forget(client: pg.Client, inputs: RollbackInputs): Promise<void> {
  const { rowCount } = await client.query(inputs.history);
  if (rowCount === 1) return;
  throw new Stop('PLAN_VOID', `The history held ${rowCount ?? 0} rows of ${inputs.migration}, not one.`);
}

/** A probe that is slow here would be slow for those who wait, too. */
const PROBE_TIMEOUT_MS = 3000;

async function greenProbes({ client, target, budget }: Locked): Promise<ProbeResult[]> {
  const probes: ProbeResult[] = [];
  for (const probe of target.config.probes) {
    await budget.limit(PROBE_TIMEOUT_MS);
    probes.push(...(await runProbesInside(client, [probe])));
    if (probes.at(-1)?.ok === false) break;
  }
  const red = probes.find((probe) => !probe.ok);
  if (red === undefined) return probes;
  throw new Stop(
    'PROBE_RED',
    `The probe ${red.name} is red after the down: ${red.error ?? 'no reason given'}.`,
    {
      probes,
    },
  );
}

/** Asked for between statements: up to the COMMIT everything can still be taken back. */
export function refuseWhenAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Stop('FAILED', 'Stopped on request; nothing was changed.');
}
