/** Writes what the core decided on a run, whole: its steps, approval, timeline and effects, in one transaction. */

import { card } from '../domain/decision.ts';
import type { TransactionTrace } from '../domain/plan.ts';
import type { JournalRun } from '../domain/run.ts';
import type { RunMove } from '../domain/run-moves.ts';
import { FirebreakError } from '../errors.ts';
import { saveApproval } from '../store/approvals.ts';
import { saveHold } from '../store/holds.ts';
import { type LeaseMark, stillHeld } from '../store/leases.ts';
import { enqueue } from '../store/outbox.ts';
import { setStep, setTrace } from '../store/run-steps.ts';
import { loadRun, lockRun, setRun } from '../store/runs.ts';
import type { Db, Store } from '../store/store.ts';
import { appendEntries } from '../store/timeline.ts';

/** What follows from where the run is; undefined when nothing does. */
type DecideMove = (run: JournalRun, tx: Db) => RunMove | undefined | Promise<RunMove | undefined>;

/**
 * Moves a run under its worker's lease; undefined when nothing follows. A lease that was taken over writes nothing: LEASE_LOST is thrown, and the
 * transaction is gone with it.
 */
export function moveRun(
  store: Store,
  id: number,
  lease: LeaseMark,
  now: Date,
  decide: DecideMove,
): Promise<JournalRun | undefined> {
  return store.transaction(async (tx) => {
    const run = await lockRun(tx, id);
    if (!run || !(await stillHeld(tx, lease))) throw new FirebreakError('LEASE_LOST', { run: id });
    const move = await decide(run, tx);
    if (!move) return undefined;
    await writeMove(tx, run, move, now, lease.epoch);
    return loadRun(tx, id);
  });
}

/** The run, and with it its incident, must be locked by this transaction. */
export async function writeMove(
  tx: Db,
  run: JournalRun,
  move: RunMove,
  now: Date,
  epoch?: number,
): Promise<void> {
  await setRun(tx, run.id, move.run);
  for (const step of move.steps) {
    if (!(await setStep(tx, run.id, step, epoch))) throw new FirebreakError('LEASE_LOST', { run: run.id });
  }
  const { approval, hold } = move;
  if (approval) {
    const attempt = run.steps.find(({ index }) => index === approval.step)?.retries ?? 0;
    await saveApproval(tx, run.id, approval.step, approval.identity, approval.approval, attempt);
  }
  await appendEntries(tx, run.incidentId, move.entries, now);
  const shown = move.run.endedAt || hold !== undefined ? [card({ id: run.incidentId })] : [];
  await enqueue(tx, [...move.effects, ...shown], now);
  if (hold !== undefined) {
    const { target, incidentId } = run;
    await saveHold(tx, { target, migration: hold, incidentId, runId: run.id, since: now });
  }
}

/** Keeps the transaction of a running step; it must be known before that transaction commits. */
export async function keepTrace(
  store: Store,
  run: number,
  step: number,
  lease: LeaseMark,
  trace: TransactionTrace,
): Promise<void> {
  await store.transaction(async (tx) => {
    const held = await stillHeld(tx, lease);
    if (!held || !(await setTrace(tx, run, step, trace, lease.epoch)))
      throw new FirebreakError('LEASE_LOST', { run });
  });
}
