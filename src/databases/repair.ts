/** Putting right values back into a table, row by row, and only where nobody has written since. */
import type pg from 'pg';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { isRefusedStatement } from '../domain/sqlstate.ts';
import { type Batch, type BatchOptions, type BatchWork, executeBatches, type Restored } from './batches.ts';
import { shortName } from './names.ts';
import { errorText, sqlstateOf } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { redactValue } from './redact.ts';
import { findTable, type RepairRequest } from './repair/find.ts';
import { type RepairInputs, readRepairInputs } from './repair/inputs.ts';
import {
  ambiguousSql,
  batchesSql,
  beforeSql,
  conflictsSql,
  countSql,
  indexSql,
  lockSql,
  samplesSql,
  updateSql,
} from './repair/sql.ts';
import { COMPARE_TIMEOUT_MS } from './source.ts';
import { refuseStandby, type Target } from './target.ts';

const COMPARE = { timeoutMs: COMPARE_TIMEOUT_MS, everyRow: true };

interface Counts {
  readonly already_right: number;
  readonly restorable: number;
  readonly conflicts: number;
}

/** Plans the repair of one table from its configured source. It only reads. */
export async function planRepair(
  target: Target,
  request: RepairRequest,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const found = await findTable(target, request);
  if (!found.ok) return found;
  const { inputs, notes } = found.value;
  const table = shortName(inputs.table);
  let counts: Counts;
  try {
    const ambiguous = await ambiguousKeys(target, inputs);
    if (ambiguous !== '') {
      const { key } = inputs.source;
      return refuse('REPAIR_SOURCE_AMBIGUOUS', { table, target: target.name, key, found: ambiguous });
    }
    counts = await count(target, inputs);
  } catch (error) {
    if (!isRefusedStatement(sqlstateOf(error))) throw error;
    return refuse('REPAIR_SOURCE_FAILED', { table, target: target.name, found: errorText(error) });
  }
  if (counts.restorable === 0) {
    return refuse('NOTHING_TO_REPAIR', { table, right: counts.already_right, conflicts: counts.conflicts });
  }
  return { ok: true, plan: await compose(target, inputs, counts, notes) };
}

const ambiguousKeys = async (target: Target, inputs: RepairInputs): Promise<string> =>
  (await target.read<{ key: string }>(ambiguousSql(inputs), [], COMPARE))
    .map((row) => redactValue(row.key))
    .join(', ');

/** How many rows an interrupted repair has left to restore; it throws when that cannot be seen. */
export const leftToRepair = async (target: Target, plan: Plan): Promise<number> =>
  (await count(target, readRepairInputs(plan.inputs))).restorable;

async function count(target: Target, inputs: RepairInputs): Promise<Counts> {
  const [row] = await target.read<Counts>(countSql(inputs), [], COMPARE);
  return row ?? { already_right: 0, restorable: 0, conflicts: 0 };
}

const conflictKeys = async (target: Target, inputs: RepairInputs): Promise<string[]> =>
  (await target.read<{ key: string }>(conflictsSql(inputs), [], COMPARE)).map((row) => redactValue(row.key));

async function compose(
  target: Target,
  inputs: RepairInputs,
  counts: Counts,
  notes: readonly string[],
): Promise<Plan> {
  const table = shortName(inputs.table);
  const conflict_keys = await conflictKeys(target, inputs);
  const samples = await readSamples(target, inputs);
  return sealed({
    kind: 'table-repair',
    target: target.name,
    identity: await target.identity(),
    title: `Repair ${counts.restorable} rows of ${table} on ${target.name}`,
    summary: [
      `${counts.restorable} rows of ${table} are put back to the values of their source, in ${columnNames(inputs)}.`,
      ...notes,
      `${counts.conflicts} rows differ but were written since: not touched${listed(conflict_keys)}.`,
      `${counts.already_right} rows are right already.`,
      ...samples.map((sample) => `For example ${sample.key}: ${sample.changes}.`),
      `In batches of ${inputs.batchRows}; each locks its own rows only, reads them again, and commits by itself.`,
      `The rows are copied to ${inputs.before} first. Nothing is deleted or inserted.`,
    ],
    sql: fullSql(inputs),
    inputs,
    facts: { ...counts, conflict_keys, samples },
  });
}

const columnNames = (inputs: RepairInputs): string => inputs.columns.map((column) => column.name).join(', ');

const listed = (keys: readonly string[]): string =>
  keys.length === 0 ? '' : ` (${keys.slice(0, 10).join('; ')}${keys.length > 10 ? '; …' : ''})`;

async function readSamples(target: Target, inputs: RepairInputs) {
  const rows = await target.read<{ key: string; before: string[]; after: string[] }>(
    samplesSql(inputs),
    [],
    COMPARE,
  );
  return rows.map(({ key, before, after }) => ({
    key: redactValue(key),
    changes: changesOf(inputs, before, after),
  }));
}

/** Only what changes: `eta: 2026-11-30 to 2026-12-02`. */
const changesOf = (inputs: RepairInputs, before: readonly string[], after: readonly string[]): string =>
  inputs.columns
    .flatMap(({ name }, i) =>
      before[i] === after[i] ? [] : [`${name}: ${redactValue(before[i])} to ${redactValue(after[i])}`],
    )
    .join(', ');

const fullSql = (inputs: RepairInputs): string =>
  [
    '-- first, in a transaction of its own: the rows as they are',
    `${beforeSql(inputs)};`,
    '-- then each batch ($1) in a transaction of its own, with its marker',
    `${lockSql(inputs, false)};`,
    '-- the rows of the batch ($1) that were locked ($2), with the range of their keys ($3, $4)',
    `${updateSql(inputs)};`,
  ].join('\n');

/** Executes an approved repair. Executed again under the same marker, it goes on where it was left. */
export function executeRepair(target: Target, plan: Plan, options: BatchOptions): Promise<ActionOutcome> {
  const started = performance.now();
  const inputs = (): RepairInputs => readRepairInputs(plan.inputs);
  return executeBatches(target, plan, options, {
    changed: async () =>
      (await ambiguousKeys(target, inputs())) === ''
        ? undefined
        : 'The source has more than one row for a key by now; nothing was changed.',
    work: () => workOf(inputs()),
    report: (progress) => report(target, inputs(), progress, started),
  });
}

const workOf = (inputs: RepairInputs): BatchWork => ({
  schema: inputs.snapshotSchema,
  makes: [{ table: inputs.before.slice(inputs.snapshotSchema.length + 1), mayRead: false }],
  first: [beforeSql(inputs), indexSql(inputs)],
  batches: batchesSql(inputs),
  restore: (client, batch, skip) => restore(client, inputs, batch, skip),
});

async function restore(
  client: pg.Client,
  inputs: RepairInputs,
  batch: Batch,
  skip: boolean,
): Promise<number> {
  const locked = await client.query<{ place: string }>(lockSql(inputs, skip), [batch.batch]);
  const places = locked.rows.map((row) => row.place);
  if (places.length === 0) return 0;
  const { rowCount } = await client.query(updateSql(inputs), [batch.batch, places, batch.low, batch.high]);
  return rowCount ?? 0;
}

async function report(
  target: Target,
  inputs: RepairInputs,
  progress: Restored,
  started: number,
): Promise<ActionOutcome> {
  const after = await count(target, inputs).catch(errorText);
  const conflict_keys = await conflictKeys(target, inputs).catch(() => []);
  const probes = await runProbes(target);
  const uncounted = typeof after === 'string' ? after : '';
  const counts = typeof after === 'string' ? undefined : after;
  const left = counts === undefined ? undefined : counts.conflicts + counts.restorable;
  const facts = {
    restored: progress.restored,
    conflicts: left ?? null,
    conflict_keys,
    already_right: counts ? counts.already_right - progress.restored : null,
    batches: progress.batches,
    snapshot_table: inputs.before,
    duration_ms: Math.round(performance.now() - started),
  };
  const red = probes.filter((probe) => !probe.ok).length;
  const rest =
    left === undefined
      ? `what is left cannot be counted (${uncounted})`
      : left === 0
        ? 'every row is as its source says'
        : `${left} rows still differ, written since or held by others: not touched`;
  const probed = red === 0 ? '' : ` ${red} probes are red.`;
  const verdict = `Restored ${progress.restored} rows of ${shortName(inputs.table)}; ${rest}.${probed}`;
  return { state: 'done', verdict, facts, probes };
}
