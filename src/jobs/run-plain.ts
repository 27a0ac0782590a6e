/** A step that reads, or shows itself to the world by effects only: run again after a crash, until it has an end. */

import { actWithin } from '../app/incidents.ts';
import { duration } from '../domain/metrics.ts';
import { redacted, redactedText } from '../domain/redact-output.ts';
import type { JournalRun, JournalStep } from '../domain/run.ts';
import { begin, finish, isOverdue, type RunMove, wait } from '../domain/run-moves.ts';
import { callApprovers } from '../domain/run-words.ts';
import { refusalLine } from '../errors.ts';
import { isWaiting, type PlainStep, type StepResult, type Waiting } from '../runbooks/step.ts';
import type { Db } from '../store/store.ts';
import { contextOf, inWords, moveStep, type StepJob, stopSignal } from './run-context.ts';

type Runs = Pick<PlainStep, 'run'>;

/** What it found and what it wants said are committed together: run again after a crash, it is still said once. */
export async function runPlain(job: StepJob, kind: Runs | undefined): Promise<JournalRun | undefined> {
  const { now } = job.parts;
  const begun = await moveStep(job, ['pending', 'running', 'waiting'], (run, step) =>
    begin(run, step, now()),
  );
  const step = begun?.steps.find(({ index }) => index === job.step.index);
  if (!begun || !step) return undefined;
  const result = withoutSecrets(await resultOf({ ...job, run: begun, step }, kind));
  return moveStep(job, ['running'], async (run, found, tx) => {
    if (isWaiting(result)) return waiting(job, run, found, result);
    const { verdict, ok } = await asked(job, result, tx);
    const move = finish(run, found, { ...capped(result), ok, verdict }, now());
    return { ...move, effects: [...(result.effects ?? []), ...move.effects] };
  });
}

/** What it keeps for itself, and asks of its incident, is no output. */
function withoutSecrets(result: StepResult | Waiting): StepResult | Waiting {
  const { verdict, output, effects } = capped(result);
  return {
    ...result,
    verdict: redactedText(verdict),
    ...(output === undefined ? {} : { output: redacted(output) }),
    ...(effects ? { effects: redacted(effects) } : {}),
  };
}

/** Who is asked for the first time is called; a live message that changes calls nobody. */
function waiting(job: StepJob, run: JournalRun, step: JournalStep, result: Waiting): RunMove {
  const { now, settings } = job.parts;
  const move = wait(run, step, capped(result), now());
  const first = result.waitsFor === 'approver' && job.step.state !== 'waiting';
  const calls = first ? callApprovers(run, step, result.verdict, settings.permissions.approve ?? []) : [];
  return { ...move, effects: [...(result.effects ?? []), ...move.effects, ...calls] };
}

/** What the step asks of its incident is decided now, and written with its result. */
async function asked(job: StepJob, result: StepResult, tx: Db): Promise<Pick<StepResult, 'ok' | 'verdict'>> {
  const { ok, verdict, intent, settled = [] } = result;
  if (!intent) return { ok, verdict };
  const { now, settings } = job.parts;
  const answer = await actWithin(tx, job.run.incidentId, intent, {}, now(), settings);
  if (answer.ok) return { ok, verdict };
  return { ok: settled.includes(answer.code), verdict: refusalLine(answer) };
}

/** How long a step may work in one go, unless its policy gives it less. */
const LONGEST_MS = 5 * 60_000;

/** Its time is over all its waits, by the clock of the incident; a call that hangs is given up by the real one. */
async function resultOf(job: StepJob, kind: Runs | undefined): Promise<StepResult | Waiting> {
  const { parts, step } = job;
  const { timeoutMs } = step.policy ?? {};
  if (isOverdue(step, parts.now())) return timedOut(timeoutMs ?? 0, step.verdict);
  const spent = parts.now().getTime() - (step.startedAt ?? parts.now()).getTime();
  const limit = Math.min(LONGEST_MS, timeoutMs === undefined ? LONGEST_MS : Math.max(1, timeoutMs - spent));
  const { signal, done } = stopSignal(job, limit);
  try {
    if (!kind) throw new Error(`it does not only read, and so does not run without a plan`);
    return await Promise.race([kind.run(await contextOf(job, signal), step.input), given(signal)]);
  } catch (error) {
    if (isTimeout(signal)) return timedOut(limit);
    parts.log.warn({ err: error, run: job.run.id, step: step.index }, 'step failed');
    return { ok: false, verdict: `It could not be done: ${inWords(error)}` };
  } finally {
    done();
  }
}

/** Rejects when the signal fires. */
const given = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

const isTimeout = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && reason instanceof DOMException && reason.name === 'TimeoutError';

const timedOut = (ms: number, last?: string): StepResult => ({
  ok: false,
  verdict: `Not done within ${duration(Math.round(ms / 1000))}; it was given up.${last ? ` Last: ${last}` : ''}`,
});

const MAX_OUTPUT = 256 * 1024;

function capped<Result extends StepResult | Waiting>(result: Result): Result {
  if (JSON.stringify(result.output ?? null).length <= MAX_OUTPUT) return result;
  return { ...result, output: { left_out: `larger than ${MAX_OUTPUT} characters` } };
}
