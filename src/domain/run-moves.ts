/** The moves of a run: from where it is and what happened, what is written, said and done next. Pure. */

import { digestOf } from './chain.ts';
import type { Effect } from './effects.ts';
import type { EntryKind, NewEntry } from './entry.ts';
import { foreign } from './foreign.ts';
import type { Actor } from './incident.ts';
import type { ActionOutcome, TargetIdentity } from './plan.ts';
import { redacted } from './redact-output.ts';
import type {
  Approval,
  JournalStep,
  Run,
  RunState,
  RunStep,
  StepCondition,
  StepState,
  WaitsFor,
} from './run.ts';
import { live, runEntry, say, stepEntry } from './run-words.ts';

export interface StepMove
  extends Partial<
    Pick<
      RunStep,
      'startedAt' | 'endedAt' | 'verdict' | 'plan' | 'outcome' | 'output' | 'waitsFor' | 'retries'
    >
  > {
  readonly index: number;
  readonly state: StepState;
  /** What the step keeps while it waits. */
  readonly memo?: unknown;
  /** Begins it once more: of what it came to before, only what is named here stays. */
  readonly anew?: true;
}

export interface RunMove {
  /** `dueAt`: when the worker looks again; absent when the run has ended. */
  readonly run: {
    readonly state: RunState;
    readonly dueAt?: Date;
    readonly endedAt?: Date;
    readonly cancelledBy?: Actor;
    readonly reopenedBy?: Actor;
  };
  readonly steps: readonly StepMove[];
  readonly approval?: {
    readonly step: number;
    readonly identity: TargetIdentity;
    readonly approval: Approval;
  };
  readonly entries: readonly NewEntry[];
  readonly effects: readonly Effect[];
  /** A migration that must not come back. */
  readonly hold?: string;
}

/** What follows from a dangerous step that was done, besides its outcome. */
export interface Aftermath {
  readonly hold?: string;
  /** What is left to do, in a sentence. */
  readonly advice?: string;
}

/** How often the target is asked again about an unknown outcome. */
const UNKNOWN_RETRY_MS = 15_000;

/**
 * A step begins to run, or goes on after a wait. For a dangerous one this is the intent: a crash cannot hide that it
 * may have been.
 */
export const begin = (run: Run, step: RunStep, now: Date): RunMove => ({
  run: { state: 'running', dueAt: now },
  steps: [{ index: step.index, state: 'running', startedAt: step.startedAt ?? now }],
  entries: [],
  // One that looks again every few seconds has nothing new to show yet.
  effects: step.state === 'waiting' ? [] : [live(run)],
});

/** What must have become of earlier steps has not: the step is passed over. Undefined: its turn has come. */
export function passOver(run: Run, step: RunStep, now: Date): RunMove | undefined {
  const unmet = step.conditions?.find((condition) => !isMet(condition, run.steps[condition.step - 1]?.state));
  if (!unmet) return undefined;
  const verdict = `Only when step ${unmet.step} is ${unmet.is}`;
  return goOn(run, step, { index: step.index, state: 'skipped', verdict }, now);
}

function isMet({ is }: StepCondition, state: StepState | undefined): boolean {
  return is === 'failed' ? state === 'failed' || state === 'stopped' : state === is;
}

/** A dangerous step begins to be planned; it has not started yet. */
export const beginPlan = (run: Run, step: RunStep, now: Date): RunMove => ({
  run: { state: 'running', dueAt: now },
  steps: [{ index: step.index, state: 'planning' }],
  entries: [],
  effects: [live(run)],
});

/** Where a long step is. */
export const progressed = (run: Run, step: RunStep, verdict: string, now: Date): RunMove => ({
  run: { state: 'running', dueAt: now },
  steps: [{ index: step.index, state: 'running', verdict }],
  entries: [],
  effects: [live(run)],
});

/** What a step says of its wait. */
export interface Wait {
  readonly waitsFor: WaitsFor;
  readonly until?: Date;
  readonly verdict: string;
  readonly output?: unknown;
  readonly memo?: unknown;
}

/** A person who is asked may take days; the worker looks again all the same. */
const LOOK_AGAIN_MS = 24 * 60 * 60 * 1000;

/** The step waits for its time, or for somebody. */
export function wait(run: Run, step: RunStep, { until, ...asked }: Wait, now: Date): RunMove {
  const { timeoutMs } = step.policy ?? {};
  const times = [
    until?.getTime() ?? now.getTime() + LOOK_AGAIN_MS,
    ...(timeoutMs === undefined ? [] : [(step.startedAt ?? now).getTime() + timeoutMs]),
  ];
  return {
    run: { state: asked.waitsFor === 'time' ? 'running' : 'waiting', dueAt: new Date(Math.min(...times)) },
    steps: [{ index: step.index, state: 'waiting', ...asked }],
    entries: [],
    effects: step.verdict === asked.verdict && asked.output === undefined ? [] : [live(run)],
  };
}

/** Whether a step that waits has used up its time. */
export const isOverdue = ({ policy, startedAt }: RunStep, now: Date): boolean =>
  policy?.timeoutMs !== undefined &&
  startedAt !== undefined &&
  now.getTime() >= startedAt.getTime() + policy.timeoutMs;

/** Every step was done or skipped. */
export const complete = (run: Run, now: Date): RunMove => ({
  run: { state: 'done', endedAt: now },
  steps: [],
  entries: [runEntry(run, 'done', now)],
  effects: [live(run)],
});

/** A read or change step has come to an end; red findings of a step that had to be green end the run. */
export function finish(
  run: Run,
  step: RunStep,
  result: { readonly ok: boolean; readonly verdict: string; readonly output?: unknown },
  now: Date,
): RunMove {
  const { ok, verdict, output } = result;
  const move = { index: step.index, verdict, endedAt: now, ...(output === undefined ? {} : { output }) };
  if (ok) return goOn(run, step, { ...move, state: 'done' }, now);
  return tryAgain(run, step, verdict, now) ?? fail(run, step, { ...move, state: 'failed' }, now);
}

/** By the step's own policy. A person who tries it again begins the count anew. */
function tryAgain(run: Run, step: RunStep, verdict: string, now: Date): RunMove | undefined {
  const { times = 0, waitMs = 0 } = step.policy?.retry ?? {};
  const retries = step.retries ?? 0;
  const nth = retries % (times + 1);
  if (nth >= times) return undefined;
  const words = `${verdict} Tried again (${nth + 1} of ${times})`;
  return {
    run: { state: 'running', dueAt: new Date(now.getTime() + waitMs) },
    steps: [{ index: step.index, state: 'pending', anew: true, verdict: words, retries: retries + 1 }],
    entries: [stepEntry(run, step, { kind: kindOf(step), actor: 'firebreak', text: words }, now)],
    effects: [live(run)],
  };
}

/** A step did not succeed: that ends the run, unless the step says that it goes on. */
export function fail(run: Run, step: RunStep, move: StepMove, now: Date): RunMove {
  if (step.policy?.onFailure === 'continue') return goOn(run, step, move, now);
  return end(run, step, move, move.state === 'stopped' ? 'stopped' : 'failed', now);
}

/** A dangerous step has an outcome. */
export function settle(
  run: Run,
  step: RunStep,
  outcome: ActionOutcome,
  after: Aftermath,
  now: Date,
): RunMove {
  const { state } = outcome;
  const verdict = after.advice ? `${outcome.verdict} ${after.advice}` : outcome.verdict;
  const move: StepMove = {
    index: step.index,
    state,
    verdict,
    outcome,
    ...(state === 'unknown' ? {} : { endedAt: now }),
  };
  switch (state) {
    case 'done':
      return { ...goOn(run, step, move, now), ...(after.hold ? { hold: after.hold } : {}) };
    case 'stopped':
      return fail(run, step, move, now);
    case 'unknown':
      return doubt(run, step, move, now);
  }
}

/** Asked again, and still nobody can say: later once more. A person is asked the first time. */
export function stillUnknown(run: Run, step: RunStep, now: Date): RunMove {
  const asked = step.outcome?.facts['asked'] === true;
  const verdict = asked
    ? (step.verdict ?? '')
    : `Unknown whether it was carried out on ${run.target}. Somebody has to look; it is not run again`;
  const outcome: ActionOutcome = {
    state: 'unknown',
    verdict,
    facts: { ...step.outcome?.facts, asked: true },
  };
  const dueAt = new Date(now.getTime() + UNKNOWN_RETRY_MS);
  return {
    run: { state: 'unknown', dueAt },
    steps: [{ index: step.index, state: 'unknown', verdict, outcome }],
    entries: asked ? [] : [outcomeEntry(run, step, { state: 'unknown', verdict, outcome }, now)],
    effects: asked ? [] : [live(run), say(run, `:warning: ${foreign(verdict)}`)],
  };
}

/** A plan could not be made, or a step broke before it changed anything. */
export function broke(
  run: Run,
  step: RunStep,
  verdict: string,
  state: 'failed' | 'stopped',
  now: Date,
): RunMove {
  return fail(run, step, { index: step.index, state, verdict, endedAt: now }, now);
}

/** An outcome that left nothing behind. */
export const stoppedOutcome = (
  code: Extract<ActionOutcome, { state: 'stopped' }>['code'],
  verdict: string,
): ActionOutcome => ({ state: 'stopped', code, verdict, facts: {}, blockers: [] });

/** An outcome that nobody knows yet. */
export const unknownOutcome = (verdict: string): ActionOutcome => ({ state: 'unknown', verdict, facts: {} });

/** A step is over, and the run is not: the next one follows, if there is one and nobody wants the run ended. */
export function goOn(run: Run, step: RunStep, move: StepMove, now: Date): RunMove {
  const entry = outcomeEntry(run, step, move, now);
  const loud =
    step.risk === 'dangerous' && move.state === 'done'
      ? [say(run, `:white_check_mark: ${foreign(move.verdict ?? '')}`)]
      : [];
  const rest = remaining(run, step);
  if (rest.length > 0 && run.cancelledBy === undefined) {
    return {
      run: { state: 'running', dueAt: now },
      steps: [move],
      entries: [entry],
      effects: [live(run), ...loud],
    };
  }
  const state = rest.length > 0 ? 'cancelled' : 'done';
  return {
    run: { state, endedAt: now },
    steps: [move, ...rest.map(notReached)],
    entries: [entry, runEntry(run, state, now)],
    effects: [live(run), ...loud],
  };
}

/** A step that did not succeed ends the run; what was still to come is not reached. */
export function end(run: Run, step: RunStep, move: StepMove, state: RunState, now: Date): RunMove {
  const verdict = move.verdict ?? '';
  return {
    run: { state, endedAt: now },
    steps: [move, ...remaining(run, step).map(notReached)],
    entries: [outcomeEntry(run, step, move, now), runEntry(run, state, now)],
    effects: [
      live(run),
      say(run, `:octagonal_sign: Run ${run.id} ${state}: ${foreign(verdict + offerOf(move.outcome))}`),
    ],
  };
}

/** Who was in the way can be ended, by pid and start, after an approval of its own. */
function offerOf(outcome: ActionOutcome | undefined): string {
  const [first] = outcome?.state === 'stopped' ? outcome.blockers : [];
  if (!first) return '';
  return ` To end it: runbook \`blocked-queries\` with \`pid=${first.pid} backend_start=${first.backendStart}\`.`;
}

function doubt(run: Run, step: RunStep, move: StepMove, now: Date): RunMove {
  return {
    run: { state: 'unknown', dueAt: now },
    steps: [move],
    entries: [outcomeEntry(run, step, move, now)],
    effects: [live(run)],
  };
}

const remaining = (run: Run, step: RunStep): readonly RunStep[] =>
  run.steps.filter(({ index, state }) => index > step.index && state === 'pending');

const notReached = ({ index }: RunStep): StepMove => ({ index, state: 'not_reached' });

const kindOf = ({ risk }: RunStep): EntryKind => (risk === 'read' ? 'diagnosis' : 'step');

/** With what it was given, how long it took, and a digest of what it found: the finding itself may hold data. */
function outcomeEntry(run: Run, step: RunStep, move: Omit<StepMove, 'index'>, now: Date): NewEntry {
  const { state, verdict = '', outcome, output } = move;
  const started = step.startedAt?.getTime();
  const details = {
    ...outcome?.facts,
    ...(outcome?.state === 'stopped' ? { code: outcome.code, blockers: outcome.blockers } : {}),
    ...inputOf(step),
    state,
    verdict,
    ...(started === undefined ? {} : { duration_ms: now.getTime() - started }),
    ...(output === undefined ? {} : { output_sha256: digestOf(output) }),
  };
  return stepEntry(run, step, { kind: kindOf(step), actor: 'firebreak', text: verdict, details }, now);
}

const LONGEST_INPUT = 4000;

/** A long one by its digest. */
function inputOf(step: RunStep & Partial<Pick<JournalStep, 'input'>>): Readonly<Record<string, unknown>> {
  const { input } = step;
  if (input === undefined) return {};
  return JSON.stringify(input).length > LONGEST_INPUT
    ? { input_sha256: digestOf(input) }
    : { input: redacted(input) };
}
