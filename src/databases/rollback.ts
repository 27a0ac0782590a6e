/** Undoing a migration: a plan to approve, and its execution, which leaves nothing behind when it fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, CapturedMigration, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Blocker } from '../domain/sweep.ts';
import { notUndone } from './analyse.ts';
import { failure, voidReason } from './execution.ts';
import { historyStatement } from './history.ts';
import { ensureMarkers } from './marker.ts';
import { type Stopped, stopped, unknown } from './outcome.ts';
import { connectionLost, errorText, isLockTrouble, sqlstateOf } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { resolveUnknown } from './resolve.ts';
import { lockSeconds } from './rollback/budget.ts';
import { type RollbackInputs, readRollbackInputs } from './rollback/inputs.ts';
import { type Candidate, preflight } from './rollback/preflight.ts';
import { firedBy, publishingAll } from './rollback/reach.ts';
import { fullSql } from './rollback/sql.ts';
import { summaryOf, usersOf } from './rollback/summary.ts';
import { type Affected, damagedBy, type Touched, tablesTouched } from './rollback/tables.ts';
import { prepare, type Ready, refuseWhenAborted, type Work } from './rollback/transaction.ts';
import { verified } from './rollback/verify.ts';
import { holdersOf, lockedOids, sessionText } from './sessions.ts';
import { bytesOf } from './tables.ts';
import { endQuietly, type Target } from './target.ts';
import { watchBlockers } from './watch.ts';

export { resolveUnknown } from './resolve.ts';

/** Plans the rollback of an applied migration. It only reads. */
export async function planRollback(
  target: Target,
  request: {
    readonly migration: string;
    readonly captured: readonly CapturedMigration[];
    /** `firebreak_<incident>`. */
    readonly snapshotSchema: string;
  },
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const checked = await preflight(target, request.migration, request.captured);
  if (!checked.ok) return checked;
  const it = checked.value;
  const tables = await tablesTouched(target, it);
  if (!tables.ok) return tables;
  const { touched, exact } = await measured(target, tables.value);
  const bytes = touched.affected.reduce((sum, one) => sum + one.facts.bytes, 0);
  const seconds = lockSeconds(bytes, it.down.rewrites);
  const allowed = target.config.snapshot.maxLockSeconds;
  if (seconds > allowed) return refuse('SNAPSHOT_TOO_LONG', { target: target.name, seconds, allowed });
  const inputs = await inputsOf(target, it, touched, request.snapshotSchema);
  return { ok: true, plan: await compose(target, it, touched, inputs, { seconds, exact }) };
}

/** The sizes as they are, table by table. */
async function measured(
  target: Target,
  tables: Touched,
): Promise<{ readonly touched: Touched; readonly exact: boolean }> {
  const affected: Affected[] = [];
  let allExact = true;
  for (const one of tables.affected) {
    const { bytes, exact } = await bytesOf(target, one.facts.oid);
    allExact &&= exact;
    affected.push({ ...one, facts: { ...one.facts, bytes } });
  }
  return { touched: { ...tables, affected }, exact: allExact };
}

async function inputsOf(
  target: Target,
  it: Candidate,
  { affected, fresh }: Touched,
  snapshotSchema: string,
): Promise<RollbackInputs> {
  const unread = it.upOpaque ? ['what the up did: it is code, or cannot be read'] : [];
  return {
    migration: it.captured.name,
    migrationXid: it.applied.xid,
    fileHash: it.captured.fileHash,
    snapshotSchema,
    tables: affected.map((one) => one.plan),
    fresh: [...fresh],
    rewrites: it.down.rewrites,
    damaged: damagedBy(it),
    down: it.downSql,
    history: await historyStatement(target, it.captured.name),
    notUndone: [...unread, ...notUndone(it.up, it.down)],
  };
}

async function compose(
  target: Target,
  it: Candidate,
  { affected, writes, reached }: Touched,
  inputs: RollbackInputs,
  size: { readonly seconds: number; readonly exact: boolean },
): Promise<Plan> {
  const { down } = it;
  const locked = await lockedOids(target, [
    ...affected.map((one) => one.facts.name),
    ...down.locks.map((lock) => it.up.names.tableNow(down.names.table(lock.relation))),
  ]);
  const holders = locked.length === 0 ? undefined : await holdersOf(target, locked);
  const users = await usersOf(target, down);
  const summary = summaryOf({
    down,
    notUndone: inputs.notUndone,
    affected,
    reached,
    fires: await firedBy(target, [...writes, ...reached]),
    publishing: await publishingAll(target),
    holders,
    users,
    lockSeconds: size.seconds,
    maxLockSeconds: target.config.snapshot.maxLockSeconds,
    sizesOld: !size.exact,
    snapshotSchema: inputs.snapshotSchema,
  });
  const sizes = affected.map(({ facts }) => ({ table: facts.name, rows: facts.rows, bytes: facts.bytes }));
  return sealed({
    kind: 'migration-rollback',
    target: target.name,
    identity: await target.identity(),
    title: `Roll back migration ${inputs.migration} on ${target.name}`,
    summary,
    sql: fullSql(inputs),
    inputs,
    facts: {
      sizes,
      holders: holders ?? [],
      users,
      lock_seconds: size.seconds,
      applied_at: it.applied.appliedAt?.toISOString() ?? 'unknown',
    },
  });
}

export interface ExecuteOptions {
  readonly marker: Marker;
  readonly lockTimeoutMs?: number;
  readonly attempts?: number;
  readonly statementTimeoutMs?: number;
  /** What is captured now: another file hash voids the plan. */
  readonly captured?: readonly CapturedMigration[];
  /** Journals the transaction; COMMIT is sent only after it. */
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Executes an approved plan: everything or nothing, and nothing twice. */
export async function executeRollback(
  target: Target,
  plan: Plan,
  options: ExecuteOptions,
): Promise<ActionOutcome> {
  let client: pg.Client | undefined;
  try {
    const voided = await whyVoid(target, plan, options.captured);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    client = await target.session('ddl');
    await ensureMarkers(client);
    const inputs = readRollbackInputs(plan.inputs);
    return await attempt({ client, options, ...workOf(target, plan, inputs, options) });
  } catch (error) {
    return failure(error);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

const workOf = (target: Target, plan: Plan, inputs: RollbackInputs, options: ExecuteOptions): Work => ({
  target,
  plan,
  inputs,
  marker: options.marker,
  lockTimeoutMs: options.lockTimeoutMs ?? 1000,
  statementTimeoutMs: options.statementTimeoutMs ?? 60_000,
  signal: options.signal,
});

/** Why an approved plan no longer holds. */
async function whyVoid(
  target: Target,
  plan: Plan,
  captured: readonly CapturedMigration[] = [],
): Promise<string | undefined> {
  const { migration, fileHash } = readRollbackInputs(plan.inputs);
  const hashes = captured.filter((it) => it.name === migration).map((it) => it.fileHash);
  if (hashes.length > 0 && !hashes.includes(fileHash))
    return `No captured file of ${migration} is the one that was planned.`;
  return voidReason(target, plan);
}

interface Execution extends Work {
  readonly client: pg.Client;
  readonly options: ExecuteOptions;
}

/** Tries, rolls back when a lock is not free, and tries again after a while; never without a timeout. */
async function attempt(it: Execution): Promise<ActionOutcome> {
  const attempts = it.options.attempts ?? 3;
  const started = performance.now();
  let last: { readonly error: unknown; readonly blockers: readonly Blocker[] } | undefined;
  for (let n = 1; n <= attempts; n += 1) {
    refuseWhenAborted(it.signal);
    const pid = await pidOf(it.client);
    const work = prepare(it.client, it);
    const watched = watchBlockers(it.target, pid, () => work);
    const [result] = await Promise.allSettled([work]);
    // With locks held nobody waits for the end of a look at others.
    if (result.status === 'fulfilled') return commit(it, result.value, n, started);
    await it.client.query('rollback').catch(() => undefined);
    const { blockers } = await watched;
    if (!isLockTrouble(result.reason)) throw result.reason;
    last = { error: result.reason, blockers: blockers.length > 0 ? blockers : (last?.blockers ?? []) };
    if (n < attempts) await sleep(jitter(it.lockTimeoutMs));
  }
  return lockedOut(last?.error, last?.blockers ?? [], attempts);
}

const pidOf = async (client: pg.Client): Promise<number> =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;

/** Between one and two times the lock timeout: those who queued behind us get their turn. */
const jitter = (ms: number): number => ms * (1 + Math.random());

function lockedOut(error: unknown, blockers: readonly Blocker[], attempts: number): Stopped {
  const deadlock = sqlstateOf(error) === '40P01';
  const [first] = blockers;
  const who = first === undefined ? 'who held it could not be seen' : sessionText(first);
  const what = deadlock ? 'A deadlock was broken at our cost' : 'The lock was not free';
  return stopped(
    deadlock ? 'DEADLOCK' : 'LOCK_TIMEOUT',
    `${what} in ${attempts} attempts: ${who}. Everything was rolled back.`,
    { attempts },
    blockers,
  );
}

/** The id is journaled first: after a cut connection it is the only way to find out. */
async function commit(
  it: Execution,
  ready: Ready,
  attempts: number,
  started: number,
): Promise<ActionOutcome> {
  const done = { ...ready, attempts, duration_ms: Math.round(performance.now() - started) };
  try {
    await it.options.onXid({ xid: ready.xid });
    refuseWhenAborted(it.signal);
  } catch (error) {
    await it.client.query('rollback').catch(() => undefined);
    throw error;
  }
  try {
    await it.client.query('commit');
  } catch (error) {
    if (!connectionLost(error)) throw error;
    return afterCut(it, ready, done, error);
  }
  return verified(it.target, it.inputs, done);
}

async function afterCut(
  it: Execution,
  ready: Ready,
  done: Ready & { readonly attempts: number; readonly duration_ms: number },
  error: unknown,
): Promise<ActionOutcome> {
  const facts = { xid: ready.xid, error: errorText(error) };
  const resolution = await resolveUnknown(it.target, it.marker, { xid: ready.xid });
  switch (resolution) {
    case 'committed':
      return verified(it.target, it.inputs, done);
    case 'aborted':
      return stopped('FAILED', 'The connection was cut at the COMMIT, and the server rolled back.', facts);
    case 'unknown':
      return unknown('The connection was cut at the COMMIT: whether it took effect is not known yet.', facts);
  }
}
