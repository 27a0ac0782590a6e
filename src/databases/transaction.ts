/** The one transaction of a plan that changes tables: marker, locks, copies, the change, probes. It ends with its id. */
import type pg from 'pg';
import type { Marker, Plan } from '../domain/plan.ts';
import type { ProbeResult } from '../domain/sweep.ts';
import { type Before, bringUpToDate, type CopiedBefore } from './before.ts';
import { Budget, lockSeconds, refreshSeconds } from './budget.ts';
import { beginSql } from './execution.ts';
import { writeMarker } from './marker.ts';
import { quoteName } from './names.ts';
import { Stop } from './outcome.ts';
import { sqlstateOf } from './pg-errors.ts';
import { runProbesInside } from './probe.ts';
import { closeOff, copySql, createSchemaSql, type Fingerprint, fingerprint } from './snapshot.ts';
import { EXACT_BYTES } from './tables.ts';
import type { Target } from './target.ts';

export interface Work {
  readonly target: Target;
  readonly plan: Plan;
  readonly marker: Marker;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly observer?: Observer;
}

/** Is told what is done, while it is done: a rehearsal measures by it. */
export interface Observer {
  /** The transaction is open, and nothing is written yet. */
  begun(client: pg.Client): Promise<void>;
  /** The locks are asked for. */
  locking(): void;
  locked(): void;
  copied(copy: TableCopy): void;
  /** A statement of the change was run; null: it counts no rows. */
  changed(rows: number | null): void;
}

/** A table that is locked and copied before anything is changed. */
export interface LockedTable {
  /** `schema.table`. */
  readonly name: string;
  readonly oid: number;
  /** How the SQL writes it: each of these names must lead the ddl role to this very table. */
  readonly written: readonly string[];
}

export interface TableCopy {
  readonly table: string;
  readonly snapshot: string;
  readonly rows: number;
  readonly checksum: string;
  /** Rows that changed after it was copied and before it was locked; absent when it was copied under the lock. */
  readonly changed_since_copy?: number;
}

export type Probe = Target['config']['probes'][number];
export type LockMode = 'share row exclusive' | 'access exclusive';

/** What one kind of plan does inside. Whatever throws in it has everything rolled back. */
export interface Job<T extends LockedTable, C extends TableCopy> {
  readonly tables: readonly T[];
  /** Names that the SQL makes, or drops if they are there: they may lead to no table but those above. */
  readonly fresh: readonly string[];
  readonly mode: LockMode;
  readonly rewrites: boolean;
  readonly snapshotSchema: string;
  /** Copies that were made before; undefined: they are made under the lock. */
  readonly before?: Before | undefined;
  /** These must be green afterwards. */
  readonly probes: readonly Probe[];
  /** Before the locks: whether what was planned for is still so. */
  check?(client: pg.Client): Promise<void>;
  copy(it: Locked, table: T): Promise<C>;
  change(it: Locked): Promise<void>;
}

export interface Ready<C extends TableCopy = TableCopy> {
  readonly xid: string;
  readonly copies: readonly C[];
  readonly probes: readonly ProbeResult[];
}

/** The transaction once it has its locks. */
export interface Locked extends Work {
  readonly client: pg.Client;
  readonly budget: Budget;
  /** The role that may read kept keys. */
  readonly reader: string;
}

/** Does everything but the COMMIT. Whoever calls it commits, or rolls back when it throws. */
export async function runJob<T extends LockedTable, C extends TableCopy>(
  client: pg.Client,
  work: Work,
  job: Job<T, C>,
): Promise<Ready<C>> {
  const { target } = work;
  // What other connections are needed for comes before the locks.
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  await client.query(beginSql(work));
  await work.observer?.begun(client);
  const xid = await markOnce(client, work);
  await job.check?.(client);
  work.observer?.locking();
  if (job.tables.length > 0) await client.query(lockTablesSql(job.tables, job.mode));
  work.observer?.locked();
  const budget = new Budget(client, target.config.snapshot.maxLockSeconds, work.statementTimeoutMs);
  const it: Locked = { ...work, client, budget, reader: reader?.role ?? 'public' };
  await budget.run(() => sameTables(it, job));
  await budget.run(() => smallEnough(it, job));
  const copies = await copyTables(it, job);
  await job.change(it);
  return { xid, copies, probes: await greenProbes(it, job.probes) };
}

/** Takes the locks before anything is read, in the order of the names. */
export const lockTablesSql = (tables: readonly LockedTable[], mode: LockMode | 'access share'): string =>
  `lock table ${tables
    .map((table) => quoteName(table.name))
    .sort()
    .join(', ')} in ${mode} mode`;

/** Writes the marker; stops when this step was committed before. */
export async function markOnce(client: pg.Client, work: Work): Promise<string> {
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

/** Names as the SQL writes them must lead this role to the very tables that were planned for, and locked. */
async function sameTables({ client }: Locked, { tables, fresh }: Job<LockedTable, TableCopy>): Promise<void> {
  const planned = new Set(tables.map((table) => String(table.oid)));
  const oidOf = async (name: string): Promise<string | null> => {
    const ask = 'select to_regclass($1)::oid::text as oid';
    return (await client.query<{ oid: string | null }>(ask, [quoteName(name)])).rows[0]?.oid ?? null;
  };
  for (const { name, oid, written } of tables) {
    for (const one of [name, ...written]) {
      if ((await oidOf(one)) === String(oid)) continue;
      throw new Stop('PLAN_VOID', `${one} is not the table that was planned for, ${name}: ${NAME_SCHEMA}.`);
    }
  }
  for (const one of fresh) {
    const oid = await oidOf(one);
    if (oid === null || planned.has(oid)) continue;
    throw new Stop('PLAN_VOID', `${one} is a table that the plan knows nothing of: ${NAME_SCHEMA}.`);
  }
}

const NAME_SCHEMA = 'it changed since, or the ddl role has another search_path. Name the schema in the SQL';

/** Only now are the sizes certain. */
async function smallEnough(
  { client, target }: Locked,
  { tables, rewrites, before }: Job<LockedTable, TableCopy>,
): Promise<void> {
  const { rows } = await client.query<{ bytes: string }>(EXACT_BYTES, [tables.map((it) => it.oid)]);
  const bytes = Number(rows[0]?.bytes ?? 0);
  const seconds = (before === undefined ? lockSeconds : refreshSeconds)(bytes, rewrites);
  const { maxLockSeconds } = target.config.snapshot;
  if (seconds <= maxLockSeconds) return;
  throw new Stop(
    'REFUSED',
    `The snapshot would take about ${seconds} s under the lock; ${target.name} allows ${maxLockSeconds} s. Raise targets.${target.name}.snapshot.max_lock_s if the tables may be locked that long.`,
  );
}

async function copyTables<T extends LockedTable, C extends TableCopy>(
  it: Locked,
  job: Job<T, C>,
): Promise<C[]> {
  if (job.tables.length === 0) return [];
  await it.budget.run(() => it.client.query(createSchemaSql(job.snapshotSchema)));
  const copies: C[] = [];
  for (const table of job.tables) {
    refuseWhenAborted(it.signal);
    const copy = await job.copy(it, table);
    it.observer?.copied(copy);
    copies.push(copy);
  }
  return copies;
}

/** Copies one table whole, closes the copy off, and makes sure that every row is in it. */
export async function copyWhole(
  { client, budget, reader }: Locked,
  copy: { readonly schema: string; readonly table: string },
  from: string,
): Promise<TableCopy> {
  const snapshot = `${copy.schema}.${copy.table}`;
  await budget.run(() => client.query(copySql(snapshot, from)));
  await budget.run(() => closeOff(client, copy, { role: reader, mayRead: false }));
  const { rows, checksum } = await budget.run(() => complete(client, snapshot, from));
  return { table: from, snapshot, rows, checksum };
}

/** Has a copy that was made before the lock, brought up to date under it. */
export async function copyUpToDate(
  { client, budget }: Locked,
  before: Before,
  schema: string,
  table: CopiedBefore,
): Promise<TableCopy> {
  const { since, ...sums } = await budget.run(() => bringUpToDate(client, before, schema, table));
  return { table: table.name, snapshot: `${schema}.${table.copy}`, ...sums, changed_since_copy: since };
}

/** The original is only counted: its readers wait meanwhile. */
async function complete(client: pg.Client, copy: string, table: string): Promise<Fingerprint> {
  const made = await fingerprint(client, copy);
  const { rows } = await client.query<{ n: string }>(`select count(*)::text as n from ${quoteName(table)}`);
  const original = Number(rows[0]?.n ?? -1);
  if (made.rows === original) return made;
  throw new Stop('FAILED', `The snapshot of ${table} holds ${made.rows} of ${original} rows.`);
}

/** Keeps keys beside a copy, for the diag role to plan with: it sees them in the table itself. */
export async function keepKeys(
  { client, budget, reader }: Locked,
  kept: { readonly schema: string; readonly table: string },
  sql: string,
): Promise<number> {
  const { rowCount } = await budget.run(() => client.query(sql));
  await budget.run(() => closeOff(client, kept, { role: reader, mayRead: true }));
  return rowCount ?? 0;
}

/** A probe that is slow here would be slow for those who wait, too. */
const PROBE_TIMEOUT_MS = 3000;

async function greenProbes({ client, budget }: Locked, asked: readonly Probe[]): Promise<ProbeResult[]> {
  const probes: ProbeResult[] = [];
  for (const probe of asked) {
    await budget.limit(PROBE_TIMEOUT_MS);
    probes.push(...(await runProbesInside(client, [probe])));
    if (probes.at(-1)?.ok === false) break;
  }
  const red = probes.find((probe) => !probe.ok);
  if (red === undefined) return probes;
  throw new Stop('PROBE_RED', `The probe ${red.name} is red after it: ${red.error ?? 'no reason given'}.`, {
    probes,
  });
}

/** Asked for between statements: up to the COMMIT everything can still be taken back. */
export function refuseWhenAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new Stop('FAILED', 'Stopped on request; nothing was changed.');
}
