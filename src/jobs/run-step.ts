/** The worker of runs: brings a run forward, step by step, until it ends or has to wait for a person. */

import type { JournalRun, JournalStep } from '../domain/run.ts';
import { broke, complete, passOver, stillUnknown } from '../domain/run-moves.ts';
import { standsAt } from '../domain/run-steering.ts';
import { dueRuns, isRunDue, loadRun } from '../store/runs.ts';
import type { Worker } from './crew.ts';
import type { Lease } from './lease.ts';
import { moveStep, type RunWorkerParts, type StepJob } from './run-context.ts';
import { advanceDangerous } from './run-dangerous.ts';
import { runPlain } from './run-plain.ts';

export type { RunWorkerParts } from './run-context.ts';

/** Serves the runs of all instances; the lease of a run makes it the only one that works on it. */
export const createRunWorker = (parts: RunWorkerParts): Worker => ({
  name: 'run',
  due: () => dueRuns(parts.store, parts.now()),
  work: (key, lease, stopping) => workOn(parts, Number(key), lease, stopping),
});

async function workOn(parts: RunWorkerParts, id: number, lease: Lease, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted && !lease.signal.aborted) {
    if (!(await isRunDue(parts.store, id, parts.now()))) return;
    const run = await loadRun(parts.store, id);
    if (!run || !(await advance(parts, run, lease))) return;
  }
}

/** One step forward. Undefined: there is nothing to do now. */
async function advance(
  parts: RunWorkerParts,
  run: JournalRun,
  lease: Lease,
): Promise<JournalRun | undefined> {
  const step = standsAt(run);
  const last = run.steps.at(-1);
  if (!last) throw new Error(`run ${run.id} has no steps`);
  if (!step)
    return moveStep({ parts, run, step: last, lease }, [last.state], (current) =>
      complete(current, parts.now()),
    );
  const job: StepJob = { parts, run, step: step as JournalStep, lease };
  if (step.state === 'pending' && passOver(run, step, parts.now()))
    return moveStep(job, ['pending'], (current, found) => passOver(current, found, parts.now()));
  const kind = parts.steps.get(step.kind);
  if (!kind)
    return moveStep(job, [step.state], (current, found) =>
      found.risk === 'dangerous' && (found.state === 'running' || found.state === 'unknown')
        ? stillUnknown(current, found, parts.now())
        : broke(current, found, `There is no step kind ${step.kind} any more`, 'failed', parts.now()),
    );
  if (step.risk === 'dangerous' && kind.risk === 'dangerous') return advanceDangerous(job, kind);
  return runPlain(job, kind.risk === 'dangerous' ? kind.reads : kind);
}
