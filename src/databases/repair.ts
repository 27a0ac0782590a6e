/** Putting right values back into a table, row by row, and only where nobody has written since. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { beginSql, failure, voidReason } from './execution.ts';
import { ensureMarkers, noteMarker, readMarkers, writeMarker } from './marker.ts';
import { shortName } from './names.ts';
import { Stop, stopped, unknown } from './outcome.ts';
import { connectionLost, errorText, isLockTrouble, isPrivilege, sqlstateOf } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { redactValue } from './redact.ts';
import { findTable, type RepairRequest } from './repair/find.ts';
import { type RepairInputs, readRepairInputs } from './repair/inputs.ts';
import {
  batchesSql,
  beforeSql,
  conflictsSql,
  countSql,
  indexSql,
  lockSql,
  samplesSql,
  updateSql,
} from './repair/sql.ts';
import { resolveUnknown } from './resolve.ts';
import { closeOff, createSchemaSql } from './snapshot.ts';
import { COMPARE_TIMEOUT_MS } from './source.ts';
import { endQuietly, type Target } from './target.ts';

const COMPARE = { timeoutMs: COMPARE_TIMEOUT_MS };

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
  const found = await findTable(target, request);
  if (!found.ok) return found;
  const inputs = found.value;
  const table = shortName(inputs.table);
  let counts: Counts;
  try {
    counts = await count(target, inputs);
  } catch (error) {
    if (!isPrivilege(error) && sqlstateOf(error)?.startsWith('42') !== true) throw error;
    return refuse('REPAIR_SOURCE_FAILED', { table, target: target.name, found: errorText(error) });
  }
  if (counts.restorable === 0) {
    return refuse('NOTHING_TO_REPAIR', { table, right: counts.already_right, conflicts: counts.conflicts });
  }
  return { ok: true, plan: await compose(target, inputs, counts) };
}

async function count(target: Target, inputs: RepairInputs): Promise<Counts> {
  const [row] = await target.read<Counts>(countSql(inputs), [], COMPARE);
  return row ?? { already_right: 0, restorable: 0, conflicts: 0 };
}

const conflictKeys = async (target: Target, inputs: RepairInputs): Promise<string[]> =>
  (await target.read<{ key: string }>(conflictsSql(inputs), [], COMPARE)).map((row) => redactValue(row.key));

async function compose(target: Target, inputs: RepairInputs, counts: Counts): Promise<Plan> {
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
      `${counts.conflicts} rows differ but were written since: not touched${listed(conflict_keys)}.`,
      `${counts.already_right} rows are right already.`,
      ...samples.map((sample) => `For example ${sample.key}: ${sample.before} becomes ${sample.after}.`),
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
  const values = (row: readonly string[]): string => row.map(redactValue).join(', ');
  return rows.map((row) => ({
    key: redactValue(row.key),
    before: values(row.before),
    after: values(row.after),
  }));
}

const fullSql = (inputs: RepairInputs): string =>
  [
    '-- first, in a transaction of its own: the rows as they are',
    `${beforeSql(inputs)};`,
    '-- then each batch ($1) in a transaction of its own, with its marker',
    `${lockSql(inputs, false)};`,
    '-- the rows of the batch ($1) that were locked ($2), with the range of their keys ($3, $4)',
    `${updateSql(inputs)};`,
  ].join('\n');

export interface RepairProgress {
  readonly batch: number;
  readonly batches: number;
  readonly restored: number;
}

export interface RepairOptions {
  readonly marker: Marker;
  /** Journals each transaction before its COMMIT. */
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  readonly onProgress?: (progress: RepairProgress) => Promise<void> | void;
  readonly signal?: AbortSignal | undefined;
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}

interface Execution {
  readonly target: Target;
  readonly plan: Plan;
  readonly inputs: RepairInputs;
  readonly options: RepairOptions;
  readonly client: pg.Client;
}

/** Executes an approved repair. Executed again under the same marker, it goes on where it was left. */
export async function executeRepair(
  target: Target,
  plan: Plan,
  options: RepairOptions,
): Promise<ActionOutcome> {
  const started = performance.now();
  const progress = { restored: 0, batches: 0 };
  let client: pg.Client | undefined;
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    const inputs = readRepairInputs(plan.inputs);
    client = await target.session('ddl');
    await ensureMarkers(client);
    await runBatches({ target, plan, inputs, options, client }, progress);
    return await report(target, inputs, progress, started);
  } catch (error) {
    return halted(error, progress);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

/** The COMMIT of a batch was not answered, and nobody can say yet. */
class InDoubt extends Error {
  readonly xid: string;
  constructor(xid: string) {
    super('the connection was cut at a COMMIT');
    this.xid = xid;
  }
}

function halted(error: unknown, progress: { readonly restored: number }): ActionOutcome {
  const { restored } = progress;
  if (error instanceof InDoubt) {
    return unknown(`After ${restored} rows ${error.message}: run the same step again to go on.`, {
      restored,
      xid: error.xid,
    });
  }
  const outcome = failure(error);
  if (restored === 0) return outcome;
  const verdict = `${outcome.verdict} ${restored} rows of earlier batches stay restored; run the same step again to go on.`;
  return { ...outcome, verdict, facts: { ...outcome.facts, restored } };
}

async function runBatches(it: Execution, progress: { restored: number; batches: number }): Promise<void> {
  const done = new Map((await readMarkers(it.client, it.options.marker)).map((row) => [row.part, row]));
  if ([...done.values()].some((row) => row.plan_hash !== it.plan.hash)) {
    throw new Stop('REFUSED', 'This step has been committed before, with another plan.');
  }
  if (!done.has(0)) await copyFirst(it);
  const batches = (await it.client.query<Batch>(batchesSql(it.inputs))).rows;
  progress.batches = batches.length;
  for (const batch of batches) {
    if (it.options.signal?.aborted === true) throw new Stop('FAILED', 'Stopped on request.');
    progress.restored += done.get(batch.batch)?.note['restored'] ?? (await repairBatch(it, batch));
    const told = { batch: batch.batch, batches: batches.length, restored: progress.restored };
    await it.options.onProgress?.(told);
  }
}

interface Batch {
  readonly batch: number;
  readonly rows: number;
  readonly low: string;
  readonly high: string;
}

const limitsOf = (it: Execution) => ({
  lockTimeoutMs: it.options.lockTimeoutMs ?? 1000,
  statementTimeoutMs: it.options.statementTimeoutMs ?? COMPARE_TIMEOUT_MS,
});

/** Part 0: the rows as they are now, before anything is changed. */
async function copyFirst(it: Execution): Promise<void> {
  const { inputs, client, target } = it;
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  await inTransaction(it, 0, async () => {
    await client.query(createSchemaSql(inputs.snapshotSchema));
    const { rowCount } = await client.query(beforeSql(inputs));
    await client.query(indexSql(inputs));
    const table = inputs.before.slice(inputs.snapshotSchema.length + 1);
    const copy = { schema: inputs.snapshotSchema, table };
    await closeOff(client, copy, { role: reader?.role ?? 'public', mayRead: false });
    return { copied: rowCount ?? 0 };
  });
}

const ATTEMPTS = 4;
const PAUSE_MS = 200;

/** The last attempt leaves out the rows that somebody holds: they stay as they are, and are counted. */
async function repairBatch(it: Execution, batch: Batch): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const skip = attempt === ATTEMPTS;
      const note = await inTransaction(it, batch.batch, () => restore(it, batch, skip));
      return note['restored'] ?? 0;
    } catch (error) {
      if (!isLockTrouble(error) || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS * attempt * (1 + Math.random()));
    }
  }
}

async function restore(it: Execution, batch: Batch, skip: boolean): Promise<{ restored: number }> {
  const locked = await it.client.query<{ place: string }>(lockSql(it.inputs, skip), [batch.batch]);
  const places = locked.rows.map((row) => row.place);
  if (places.length === 0) return { restored: 0 };
  const { rowCount } = await it.client.query(updateSql(it.inputs), [
    batch.batch,
    places,
    batch.low,
    batch.high,
  ]);
  return { restored: rowCount ?? 0 };
}

/** One part: marker first, its note last, journaled, committed. */
async function inTransaction(
  it: Execution,
  part: number,
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<Readonly<Record<string, number>>> {
  const { client, options } = it;
  const marker = { ...options.marker, part };
  let xid: string;
  let note: Readonly<Record<string, number>>;
  try {
    await client.query(beginSql(limitsOf(it)));
    xid = await writeMarker(client, marker, it.plan.hash);
    note = await work();
    await noteMarker(client, marker, note);
    await options.onXid({ xid });
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  await commit(it, xid);
  return note;
}

async function commit(it: Execution, xid: string): Promise<void> {
  try {
    await it.client.query('commit');
  } catch (error) {
    if (!connectionLost(error)) throw error;
    const resolution = await resolveUnknown(it.target, it.options.marker, { xid });
    if (resolution === 'unknown') throw new InDoubt(xid);
    const how =
      resolution === 'committed' ? 'its last batch was committed' : 'its last batch was rolled back';
    throw new Stop('FAILED', `The connection was cut; ${how}. Run the same step again to go on.`);
  }
}

async function report(
  target: Target,
  inputs: RepairInputs,
  progress: { readonly restored: number; readonly batches: number },
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
    already_right: counts?.already_right ?? null,
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
