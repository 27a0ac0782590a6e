/** One transaction on a target, tried again while a lock is not free, committed once, and found again after a cut. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import type { Blocker } from '../domain/sweep.ts';
import { failure, voidReason } from './execution.ts';
import { ensureMarkers } from './marker.ts';
import { type Stopped, stopped, unknown } from './outcome.ts';
import { connectionLost, errorText, isLockTrouble, sqlstateOf } from './pg-errors.ts';
import { resolveUnknown } from './resolve.ts';
import { sessionText } from './sessions.ts';
import { endQuietly, type Target } from './target.ts';
import { type Ready, refuseWhenAborted, type Work } from './transaction.ts';
import { watchBlockers } from './watch.ts';

export interface ExecuteOptions {
  readonly marker: Marker;
  readonly lockTimeoutMs?: number;
  readonly attempts?: number;
  readonly statementTimeoutMs?: number;
  /** Journals the transaction; COMMIT is sent only after it. */
  readonly onXid: (trace: TransactionTrace) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

export type Done<R> = R & { readonly attempts: number; readonly duration_ms: number };

/** What one kind of plan does. */
export interface Once<R extends Ready> {
  /** Why the plan no longer holds, beside its hash and its target. */
  voided?(): string | undefined;
  /** What is committed by itself before any lock is taken, in a session of its own: it may take long. */
  before?(): ((client: pg.Client, work: Work) => Promise<void>) | undefined;
  /** Everything but the COMMIT; it throws to have all of it rolled back. */
  prepare(client: pg.Client, work: Work): Promise<R>;
  /** It is committed: what is true now, from outside. */
  verified(done: Done<R>): Promise<ActionOutcome>;
}

/** The longest that one statement before the locks may take. */
export const BEFORE_MS = 30 * 60_000;

/** Executes an approved plan: everything or nothing, and nothing twice. */
export async function executeOnce<R extends Ready>(
  target: Target,
  plan: Plan,
  options: ExecuteOptions,
  once: Once<R>,
): Promise<ActionOutcome> {
  let client: pg.Client | undefined;
  try {
    const voided = once.voided?.() ?? (await voidReason(target, plan));
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    const work = workOf(target, plan, options);
    const before = once.before?.();
    if (before !== undefined) {
      client = await target.session('ddl', BEFORE_MS);
      await ensureMarkers(client);
      await before(client, work);
      await endQuietly(client);
    }
    client = await target.session('ddl');
    await ensureMarkers(client);
    return await attempt({ client, options, once, ...work });
  } catch (error) {
    return failure(error);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

const workOf = (target: Target, plan: Plan, options: ExecuteOptions): Work => ({
  target,
  plan,
  marker: options.marker,
  lockTimeoutMs: options.lockTimeoutMs ?? 1000,
  statementTimeoutMs: options.statementTimeoutMs ?? 60_000,
  signal: options.signal,
});

interface Execution<R extends Ready> extends Work {
  readonly client: pg.Client;
  readonly options: ExecuteOptions;
  readonly once: Once<R>;
}

/** Tries, rolls back when a lock is not free, and tries again after a while; never without a timeout. */
async function attempt<R extends Ready>(it: Execution<R>): Promise<ActionOutcome> {
  const attempts = it.options.attempts ?? 3;
  const started = performance.now();
  let last: { readonly error: unknown; readonly blockers: readonly Blocker[] } | undefined;
  for (let n = 1; n <= attempts; n += 1) {
    refuseWhenAborted(it.signal);
    const pid = await pidOf(it.client);
    const work = it.once.prepare(it.client, it);
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
async function commit<R extends Ready>(
  it: Execution<R>,
  ready: R,
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
    return afterCut(it, done, error);
  }
  return it.once.verified(done);
}

async function afterCut<R extends Ready>(
  it: Execution<R>,
  done: Done<R>,
  error: unknown,
): Promise<ActionOutcome> {
  const facts = { xid: done.xid, error: errorText(error) };
  const resolution = await resolveUnknown(it.target, it.marker, { xid: done.xid });
  switch (resolution) {
    case 'committed':
      return it.once.verified(done);
    case 'aborted':
      return stopped('FAILED', 'The connection was cut at the COMMIT, and the server rolled back.', facts);
    case 'unknown':
      return unknown('The connection was cut at the COMMIT: whether it took effect is not known yet.', facts);
  }
}
