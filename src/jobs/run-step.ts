/** The worker of runs: brings a run forward, step by step, until it ends or has to wait for a person. */

import type { JournalRun } from '../domain/run.ts';
import { begin, broke, complete, finish, wait } from '../domain/run-moves.ts';
import { isWaiting, type PlainStep, type StepResult, type Waiting } from '../runbooks/step.ts';
import { dueRuns, isRunDue, loadRun } from '../store/runs.ts';
import type { Worker } from './crew.ts';
import type { Lease } from './lease.ts';
import { contextOf, inWords, moveStep, type RunWorkerParts, type StepJob } from './run-context.ts';
import { advanceDangerous } from './run-dangerous.ts';

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
function advance(parts: RunWorkerParts, run: JournalRun, lease: Lease): Promise<JournalRun | undefined> {
  const step = run.steps.find(({ state }) => state !== 'done' && state !== 'skipped');
  const last = run.steps.at(-1);
  if (!last) throw new Error(`run ${run.id} has no steps`);
  if (!step)
    return moveStep({ parts, run, step: last, lease }, [last.state], (current) =>
      complete(current, parts.now()),
    );
  const job: StepJob = { parts, run, step, lease };
  const kind = parts.steps.get(step.kind);
  if (!kind)
    return moveStep(job, [step.state], (current, found) =>
      broke(current, found, `There is no step kind ${step.kind} any more`, 'failed', parts.now()),
    );
  return kind.risk === 'dangerous' ? advanceDangerous(job, kind) : runPlain(job, kind);
}

/** What it found and what it wants said are committed together: run again after a crash, it is still said once. */
async function runPlain(job: StepJob, kind: PlainStep): Promise<JournalRun | undefined> {
  const { now } = job.parts;
  const begun = await moveStep(job, ['pending', 'running', 'waiting'], (run, step) =>
    begin(run, step, now()),
  );
  if (!begun) return undefined;
  const result = await resultOf(job, kind);
  if (isWaiting(result))
    return moveStep(job, ['running'], (run, step) => {
      const move = wait(run, step, result, now());
      return { ...move, effects: [...(result.effects ?? []), ...move.effects] };
    });
  return moveStep(job, ['running'], (run, step) => {
    const move = finish(run, step, capped(result), now());
    return { ...move, effects: [...(result.effects ?? []), ...move.effects] };
  });
}

async function resultOf(job: StepJob, kind: PlainStep): Promise<StepResult | Waiting> {
  try {
    return await kind.run(await contextOf(job), job.step.input);
  } catch (error) {
    job.parts.log.warn({ err: error, run: job.run.id, step: job.step.index }, 'step failed');
    return { ok: false, verdict: `It could not be done: ${inWords(error)}` };
  }
}

const MAX_OUTPUT = 256 * 1024;

function capped(result: StepResult): StepResult {
  if (JSON.stringify(result.output ?? null).length <= MAX_OUTPUT) return result;
  return { ...result, output: { left_out: `larger than ${MAX_OUTPUT} characters` } };
}
