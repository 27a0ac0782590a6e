/** What an execution does in its transaction: copies and keys, the statements, which rows they changed. */
import type pg from 'pg';
import type { Before } from '../before.ts';
import { quoteName } from '../names.ts';
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
import type { CopiedTable, ExecuteInputs } from './inputs.ts';
import { changedSql, dropKeysSql, keysSql } from './sql.ts';

export interface Executed extends Ready {
  /** Rows that each statement says it changed. */
  readonly rows: readonly number[];
  /** Rows by table that are kept as changed; none where they cannot be told apart. */
  readonly changed: Readonly<Record<string, number>>;
}

/** Does everything but the COMMIT. */
export async function prepare(
  client: pg.Client,
  work: Work,
  inputs: ExecuteInputs,
  before?: Before,
): Promise<Executed> {
  const rows: number[] = [];
  const changed: Record<string, number> = {};
  const { tables, fresh, rewrites, mode, snapshotSchema } = inputs;
  const ready = await runJob(client, work, {
    tables,
    fresh,
    rewrites,
    mode,
    snapshotSchema,
    before,
    probes: work.target.config.probes.filter(({ name }) => inputs.probes.includes(name)),
    copy: (it, table) => copyTable(it, inputs, table, before),
    change: async (it) => {
      for (const statement of inputs.statements) rows.push(await send(it, statement));
      if (inputs.statements.length > 0) await keepChanges(it, inputs, changed);
    },
  });
  return { ...ready, rows, changed };
}

async function copyTable(
  it: Locked,
  inputs: ExecuteInputs,
  table: CopiedTable,
  before: Before | undefined,
): Promise<TableCopy> {
  const schema = inputs.snapshotSchema;
  const copy =
    before === undefined
      ? await copyWhole(it, { schema, table: table.copy }, table.name)
      : await copyUpToDate(it, before, schema, table);
  if (table.key.length > 0) await keepKeys(it, { schema, table: table.keys }, keysSql(inputs, table));
  return copy;
}

async function send(it: Locked, { sql, values }: ExecuteInputs['statements'][number]): Promise<number> {
  refuseWhenAborted(it.signal);
  const query = { text: sql, values: [...values], queryMode: 'extended' };
  return (await it.budget.run(() => it.client.query(query))).rowCount ?? 0;
}

async function keepChanges(
  it: Locked,
  inputs: ExecuteInputs,
  changed: Record<string, number>,
): Promise<void> {
  const schema = inputs.snapshotSchema;
  for (const table of inputs.tables.filter(({ key }) => key.length > 0)) {
    refuseWhenAborted(it.signal);
    if (await it.budget.run(() => sameColumns(it.client, inputs, table)))
      changed[table.name] = await keepKeys(it, { schema, table: table.changed }, changedSql(inputs, table));
    await it.budget.run(() => it.client.query(dropKeysSql(inputs, table)));
  }
}

/** A table that was dropped, renamed or altered has rows that the copy's cannot be compared with. */
async function sameColumns(client: pg.Client, inputs: ExecuteInputs, table: CopiedTable): Promise<boolean> {
  const { rows } = await client.query<{ same: boolean }>(
    `select to_regclass($1)::oid = $3::oid
            and array(${COLUMNS('$3::oid')}) = array(${COLUMNS('to_regclass($2)')}) as same`,
    [quoteName(table.name), quoteName(`${inputs.snapshotSchema}.${table.copy}`), table.oid],
  );
  return rows[0]?.same === true;
}

const COLUMNS = (oid: string): string =>
  `select format('%I %s', attname, format_type(atttypid, atttypmod))
     from pg_attribute
    where attrelid = ${oid} and attnum > 0 and not attisdropped
    order by attnum`;
