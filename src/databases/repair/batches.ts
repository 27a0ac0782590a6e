/** The execution of a repair: a copy first, then batches that each commit by themselves and are never done twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Marker, Plan, TransactionTrace } from '../../domain/plan.ts';
import { beginSql } from '../execution.ts';
import { noteMarker, readMarkers, writeMarker } from '../marker.ts';
import { Stop } from '../outcome.ts';
import { connectionLost, isLockTrouble } from '../pg-errors.ts';
import { resolveUnknown } from '../resolve.ts';
import { closeOff, createSchemaSql } from '../snapshot.ts';
import { COMPARE_TIMEOUT_MS } from '../source.ts';
import type { Target } from '../target.ts';
import type { RepairInputs } from './inputs.ts';
import { batchesSql, beforeSql, indexSql, lockSql, updateSql } from './sql.ts';

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

export interface Execution {
  readonly target: Target;
  readonly plan: Plan;
  readonly inputs: RepairInputs;
  readonly options: RepairOptions;
  readonly client: pg.Client;
}

/** The COMMIT of a batch was not answered, and nobody can say yet. */
export class InDoubt extends Error {
  readonly xid: string;
  constructor(xid: string) {
    super('the connection was cut at a COMMIT');
    this.xid = xid;
  }
}

/** Runs what is left of a repair, and counts what it and earlier runs of the step restored. */
export async function runBatches(
  it: Execution,
  progress: { restored: number; batches: number },
): Promise<void> {
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

/** A batch keeps its rows from their writers: it is over soon, or it is given up. The copy keeps nobody waiting. */
const BATCH_TIMEOUT_MS = 5000;

const limitsOf = (it: Execution, part: number) => ({
  lockTimeoutMs: it.options.lockTimeoutMs ?? 1000,
  statementTimeoutMs: it.options.statementTimeoutMs ?? (part === 0 ? COMPARE_TIMEOUT_MS : BATCH_TIMEOUT_MS),
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
  const limits = limitsOf(it, part);
  let xid: string;
  let note: Readonly<Record<string, number>>;
  try {
    await client.query(beginSql(limits));
    xid = await writeMarker(client, marker, it.plan.hash);
    note = await work();
    await noteMarker(client, marker, note);
    await options.onXid({ xid });
  } catch (error) {
    await client.query(answered('rollback', limits)).catch(() => undefined);
    throw error;
  }
  await commit(it, xid, limits);
  return note;
}

/** A line that falls silent is given up soon after the server would have answered. */
const answered = (text: string, limits: { readonly statementTimeoutMs: number }): pg.QueryConfig =>
  ({ text, query_timeout: limits.statementTimeoutMs + ANSWER_GRACE_MS }) as pg.QueryConfig;

const ANSWER_GRACE_MS = 2000;

async function commit(it: Execution, xid: string, limits: ReturnType<typeof limitsOf>): Promise<void> {
  try {
    await it.client.query(answered('commit', limits));
  } catch (error) {
    if (!connectionLost(error)) throw error;
    const resolution = await resolveUnknown(it.target, it.options.marker, { xid });
    if (resolution === 'unknown') throw new InDoubt(xid);
    const how =
      resolution === 'committed' ? 'its last batch was committed' : 'its last batch was rolled back';
    throw new Stop('FAILED', `The connection was cut; ${how}.`);
  }
}
