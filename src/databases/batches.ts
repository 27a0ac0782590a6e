/** Rows changed in batches that each commit by themselves and are never done twice; a copy of them comes first. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { beginSql, failure, voidReason } from './execution.ts';
import { ensureMarkers, noteMarker, readMarkers, writeMarker } from './marker.ts';
import { Stop, stopped, unknown } from './outcome.ts';
import { connectionLost, isLockTrouble } from './pg-errors.ts';
import { resolveUnknown } from './resolve.ts';
import { closeOff, createSchemaSql } from './snapshot.ts';
import { COMPARE_TIMEOUT_MS } from './source.ts';
import { endQuietly, type Target } from './target.ts';

export interface BatchProgress {
  readonly batch: number;
  readonly batches: number;
  readonly restored: number;
}

export interface BatchOptions {
  readonly marker: Marker;
  /** Journals each transaction before its COMMIT. */
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  readonly onProgress?: (progress: BatchProgress) => Promise<void> | void;
  readonly signal?: AbortSignal | undefined;
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}

export interface Batch {
  readonly batch: number;
  readonly rows: number;
  /** The range of what the batches are divided by. */
  readonly low: string;
  readonly high: string;
}

/** What is done, and in which pieces. */
export interface BatchWork {
  readonly schema: string;
  /** Made in that schema by `first`, and closed off: who may read them says the flag. */
  readonly makes: readonly { readonly table: string; readonly mayRead: boolean }[];
  /** Statements of the first part, before anything is changed. */
  readonly first: readonly string[];
  /** Lists the batches, by their numbers from 1. */
  readonly batches: string;
  /** Changes the rows of one batch that still qualify; answers how many. `skip`: without those that somebody holds. */
  restore(client: pg.Client, batch: Batch, skip: boolean): Promise<number>;
}

/** How far it came, over all times that the step was executed. */
export interface Restored {
  restored: number;
  batches: number;
}

/** Executes an approved plan. Executed again under the same marker, it goes on where it was left. */
export async function executeBatches(
  target: Target,
  plan: Plan,
  options: BatchOptions,
  act: {
    /** What is wrong by now, looked at before anything is done. */
    readonly changed?: () => Promise<string | undefined>;
    readonly work: () => BatchWork;
    readonly report: (progress: Restored) => Promise<ActionOutcome>;
  },
): Promise<ActionOutcome> {
  const progress = { restored: 0, batches: 0 };
  let client: pg.Client | undefined;
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    const changed = await act.changed?.();
    if (changed !== undefined) return stopped('CHANGED', changed);
    const work = act.work();
    client = await target.session('ddl', options.statementTimeoutMs);
    await ensureMarkers(client);
    await runBatches({ target, plan, options, client, work }, progress);
    return await act.report(progress);
  } catch (error) {
    return halted(error, progress);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

function halted(error: unknown, { restored }: Restored): ActionOutcome {
  if (error instanceof InDoubt) {
    return unknown(`After ${restored} rows ${error.message}.`, {
      restored,
      xid: error.xid,
    });
  }
  const outcome = failure(error);
  if (restored === 0) return outcome;
  const verdict = `${outcome.verdict} ${restored} rows of earlier batches stay restored; start it again for the rest.`;
  return { ...outcome, verdict, facts: { ...outcome.facts, restored } };
}

interface Execution {
  readonly target: Target;
  readonly plan: Plan;
  readonly options: BatchOptions;
  readonly client: pg.Client;
  readonly work: BatchWork;
}

/** The COMMIT of a batch was not answered, and nobody can say yet. */
class InDoubt extends Error {
  readonly xid: string;
  constructor(xid: string) {
    super('the connection was cut at a COMMIT');
    this.xid = xid;
  }
}

/** Runs what is left, and counts what this and earlier executions of the step restored. */
async function runBatches(it: Execution, progress: Restored): Promise<void> {
  const done = new Map((await readMarkers(it.client, it.options.marker)).map((row) => [row.part, row]));
  if ([...done.values()].some((row) => row.plan_hash !== it.plan.hash)) {
    throw new Stop('REFUSED', 'This step has been committed before, with another plan.');
  }
  if (!done.has(0)) await copyFirst(it);
  const batches = (await it.client.query<Batch>(it.work.batches)).rows;
  progress.batches = batches.length;
  for (const batch of batches) {
    if (it.options.signal?.aborted === true) throw new Stop('FAILED', 'Stopped on request.');
    progress.restored += done.get(batch.batch)?.note['restored'] ?? (await runBatch(it, batch));
    const told = { batch: batch.batch, batches: batches.length, restored: progress.restored };
    await it.options.onProgress?.(told);
  }
}

/** A batch keeps its rows from their writers: it is over soon, or it is given up. The copy keeps nobody waiting. */
const BATCH_TIMEOUT_MS = 5000;

const limitsOf = (it: Execution, part: number) => ({
  lockTimeoutMs: it.options.lockTimeoutMs ?? 1000,
  statementTimeoutMs: it.options.statementTimeoutMs ?? (part === 0 ? COMPARE_TIMEOUT_MS : BATCH_TIMEOUT_MS),
});

/** Part 0: the rows as they are now, before anything is changed. */
async function copyFirst(it: Execution): Promise<void> {
  const { work, client, target } = it;
  const { schema } = work;
  const [reader] = await target.read<{ role: string }>('select quote_ident(current_user) as role');
  await inTransaction(it, 0, async () => {
    await client.query(createSchemaSql(schema));
    for (const sql of work.first) await client.query(sql);
    for (const { table, mayRead } of work.makes)
      await closeOff(client, { schema, table }, { role: reader?.role ?? 'public', mayRead });
    return {};
  });
}

const ATTEMPTS = 4;
const PAUSE_MS = 200;

/** The last attempt leaves out the rows that somebody holds: they stay as they are, and are counted. */
async function runBatch(it: Execution, batch: Batch): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const skip = attempt === ATTEMPTS;
      const note = await inTransaction(it, batch.batch, async () => ({
        restored: await it.work.restore(it.client, batch, skip),
      }));
      return note['restored'] ?? 0;
    } catch (error) {
      if (!isLockTrouble(error) || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS * attempt * (1 + Math.random()));
    }
  }
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
