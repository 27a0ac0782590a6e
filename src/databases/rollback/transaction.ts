/** The one transaction of a rollback: marker, locks, snapshot, down, history, probes. It ends with its id. */
import type pg from 'pg';
import type { Marker, Plan } from '../../domain/plan.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import { beginSql } from '../execution.ts';
import { appliedMigrations, lockHistory, type Read } from '../history.ts';
import { writeMarker } from '../marker.ts';
import { quoteName, shortName } from '../names.ts';
import { Stop } from '../outcome.ts';
import { sqlstateOf } from '../pg-errors.ts';
import { runProbesInside } from '../probe.ts';
import { closeOff, createSchemaSql, type Fingerprint, fingerprint } from '../snapshot.ts';
import type { Target } from '../target.ts';
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
  await client.query(beginSql(work));
  const xid = await markOnce(client, work);
  await stillNewest(target, inputs, read);
  if (inputs.tables.length > 0) await lockTables(client, inputs);
  const copies = await copyTables(client, work);
  refuseWhenAborted(work.signal);
  await client.query(inputs.down);
  await forget(client, inputs);
  return { xid, copies, probes: await greenProbes(client, target) };
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

async function lockTables(client: pg.Client, inputs: RollbackInputs): Promise<void> {
  await client.query(lockSql(inputs.tables));
  for (const table of inputs.tables) {
    // The name as the down writes it must lead this role to the very table that was planned for.
    const { rows } = await client.query<{ oid: string | null }>('select to_regclass($1)::oid::text as oid', [
      quoteName(shortName(table.name)),
    ]);
    if (rows[0]?.oid === String(table.oid)) continue;
    throw new Stop(
      'PLAN_VOID',
      `${shortName(table.name)} is another table now than the one that was planned for.`,
    );
  }
}

async function copyTables(client: pg.Client, work: Work): Promise<TableCopy[]> {
  const { inputs, target } = work;
  if (inputs.tables.length === 0) return [];
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  await client.query(createSchemaSql(inputs.snapshotSchema));
  const copies: TableCopy[] = [];
  for (const table of inputs.tables) {
    refuseWhenAborted(work.signal);
    copies.push(await copyTable(client, inputs, table, reader?.role ?? 'public'));
  }
  return copies;
}

async function copyTable(
  client: pg.Client,
  inputs: RollbackInputs,
  table: PlanTable,
  role: string,
): Promise<TableCopy> {
  const schema = inputs.snapshotSchema;
  const sql = snapshotSql(inputs, table);
  await client.query(sql.copy);
  await closeOff(client, { schema, table: table.snapshot }, { role, mayRead: false });
  const { rows, checksum } = await complete(client, `${schema}.${table.snapshot}`, table.name);
  const snapshot = `${schema}.${table.snapshot}`;
  if (sql.untouched === undefined || table.untouched === undefined) {
    return { table: table.name, snapshot, rows, checksum, untouched: 0 };
  }
  const kept = await client.query(sql.untouched);
  await client.query(sql.about ?? '');
  // Keys only, which the diag role sees in the table itself: it plans the repair with them.
  await closeOff(client, { schema, table: table.untouched }, { role, mayRead: true });
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

async function greenProbes(client: pg.Client, target: Target): Promise<ProbeResult[]> {
  const probes = await runProbesInside(client, target.config.probes);
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
