/** What a rollback does in its transaction: snapshot and untouched keys, the down, the tool's history. */
import type pg from 'pg';
import type { Before } from '../before.ts';
import { appliedMigrations, lockHistory, type Read } from '../history.ts';
import { Stop } from '../outcome.ts';
import { type Statement, statementsOf } from '../parse.ts';
import type { Target } from '../target.ts';
import {
  copyUpToDate,
  copyWhole,
  keepKeys,
  type Locked,
  type Ready,
  refuseWhenAborted,
  runJob,
  type TableCopy,
  type Work,
} from '../transaction.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';
import { snapshotSql } from './sql.ts';

export interface RollbackCopy extends TableCopy {
  /** Rows that nobody wrote since the migration. */
  readonly untouched: number;
}

/** Does everything but the COMMIT. */
export async function prepare(
  client: pg.Client,
  work: Work,
  inputs: RollbackInputs,
  before?: Before,
  notLast = false,
): Promise<Ready<RollbackCopy>> {
  // What no transaction bears was done before it.
  const down = inputs.concurrent.length > 0 ? [] : await statementsOf(inputs.down);
  const read: Read = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows;
  const { tables, fresh, rewrites, snapshotSchema } = inputs;
  return runJob(client, work, {
    tables,
    fresh,
    rewrites,
    snapshotSchema,
    before,
    mode: 'access exclusive',
    probes: notLast ? [] : work.target.config.probes,
    check: () => stillNewest(work.target, inputs, read),
    copy: (it, table) => copyTable(it, inputs, table, before),
    change: (it) => undo(it, inputs, down),
  });
}

/** Takes the tool's own lock, and stops when the migration is not the newest any more. */
export async function stillNewest(target: Target, inputs: RollbackInputs, read: Read): Promise<void> {
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

async function copyTable(
  it: Locked,
  inputs: RollbackInputs,
  table: PlanTable,
  before: Before | undefined,
): Promise<RollbackCopy> {
  const schema = inputs.snapshotSchema;
  const copy =
    before === undefined
      ? await copyWhole(it, { schema, table: table.snapshot }, table.name)
      : await copyUpToDate(it, before, schema, { ...table, copy: table.snapshot });
  const sql = snapshotSql(inputs, table);
  if (sql.untouched === undefined || table.untouched === undefined) return { ...copy, untouched: 0 };
  const untouched = await keepKeys(it, { schema, table: table.untouched }, sql.untouched);
  await it.budget.run(() => it.client.query(sql.about ?? ''));
  return { ...copy, untouched };
}

async function undo(it: Locked, inputs: RollbackInputs, down: readonly Statement[]): Promise<void> {
  for (const { sql } of down) {
    refuseWhenAborted(it.signal);
    const { rowCount } = await it.budget.run(() => it.client.query(sql));
    it.observer?.changed(rowCount);
  }
  await it.budget.run(() => forget(it.client, inputs));
}

async function forget(client: pg.Client, inputs: RollbackInputs): Promise<void> {
  const { rowCount } = await client.query(inputs.history);
  if (rowCount === 1) return;
  throw new Stop('PLAN_VOID', `The history held ${rowCount ?? 0} rows of ${inputs.migration}, not one.`);
}
