/** What people do to a run: answer a step that waits for them, try again, skip, cancel. Pure. */
import { person } from './actor.ts';
import { type Decider, judgeGate } from './approval.ts';
import { withoutAnswer } from './approval-moves.ts';
import type { Actor } from './incident.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Run, RunStep } from './run.ts';
import { end, fail, goOn, type RunMove } from './run-moves.ts';
import { live, runEntry, stepEntry } from './run-words.ts';

export const STEERINGS = ['retry', 'skip', 'cancel', 'yes', 'no'] as const;
export type Steering = (typeof STEERINGS)[number];

/** The step that a run stands at: the one that ended it, else the first that is not over. */
export const standsAt = ({ steps, endedAt }: Run): RunStep | undefined =>
  endedAt
    ? steps.findLast(({ state }) => state === 'failed' || state === 'stopped')
    : steps.find(({ state }) => !OVER.has(state));

const OVER: ReadonlySet<RunStep['state']> = new Set(['done', 'skipped', 'failed', 'stopped', 'not_reached']);

/** What can be done to the run as it stands, for its buttons. */
export function steeringsOf(run: Run): readonly Steering[] {
  const step = standsAt(run);
  if (run.endedAt)
    return step === undefined || run.state === 'done' ? [] : [...retriable(step), ...skippable(step)];
  if (step?.state === 'unknown' || run.cancelledBy !== undefined) return [];
  if (step?.state !== 'waiting') return ['cancel'];
  return step.waitsFor === 'time'
    ? [...skippable(step), 'cancel']
    : ['yes', 'no', ...skippable(step), 'cancel'];
}

/** What a person said of a transaction may be wrong: only a new run, under a marker of its own, is planned on it. */
const retriable = ({ outcome }: RunStep): readonly Steering[] =>
  outcome?.facts['settled_by'] === undefined ? ['retry'] : [];

/** A gate that anybody could skip would be none. */
const skippable = ({ kind }: RunStep): readonly Steering[] => (kind === 'approval' ? [] : ['skip']);

/** `at` is the step that the person saw; `decider` is who they are, where an approver is asked for. */
export function steer(
  run: Run,
  what: Steering,
  by: Actor,
  now: Date,
  { at, decider }: { readonly at?: number | undefined; readonly decider?: Decider | undefined } = {},
): RunMove | Refusal {
  const step = standsAt(run);
  const moved = at !== undefined && step !== undefined && step.index !== at;
  if (!step || moved || !steeringsOf(run).includes(what)) return refuseMoved(run, what, step);
  switch (what) {
    case 'retry':
      return reopen(run, step, { state: 'pending', anew: true, retries: (step.retries ?? 0) + 1 }, by, now);
    case 'skip':
      return run.endedAt
        ? reopen(run, step, { state: 'skipped', verdict: skippedBy(step, by) }, by, now)
        : goOn(
            run,
            step,
            { index: step.index, state: 'skipped', verdict: skippedBy(step, by), endedAt: now },
            now,
          );
    case 'cancel':
      return cancel(run, step, by, now);
    case 'yes':
    case 'no':
      return answer(run, step, what, by, now, decider);
  }
}

function refuseMoved(run: Run, what: Steering, step: RunStep | undefined): Refusal {
  if (step?.state === 'unknown') return refuse('RUN_OUTCOME_UNKNOWN', { run: run.id, step: step.index });
  const possible = steeringsOf(run).join(', ') || 'nothing';
  return refuse('RUN_MOVED_ON', { run: run.id, what, state: run.state.replaceAll('_', ' '), possible });
}

const skippedBy = (step: RunStep, by: Actor): string =>
  `Skipped by ${person(by)}${step.verdict === undefined ? '' : `; before: ${step.verdict}`}`;

/** The run goes on from a step that had ended it. */
function reopen(
  run: Run,
  step: RunStep,
  move: Omit<RunMove['steps'][number], 'index'>,
  by: Actor,
  now: Date,
): RunMove {
  const later = run.steps.filter(({ state }) => state === 'not_reached');
  const what = move.state === 'skipped' ? 'skipped' : 'tried again';
  // A skipped step with nothing after it: its worker finds that all is over.
  return {
    run: { state: 'running', dueAt: now, reopenedBy: by },
    steps: [
      { index: step.index, ...move },
      ...later.map(({ index }) => ({ index, state: 'pending' as const, anew: true as const })),
    ],
    entries: [stepEntry(run, step, { kind: 'step', actor: by, text: `${what} by ${person(by)}` }, now)],
    effects: [live(run)],
  };
}

/** What runs is stopped where it can be; a change of a database that was begun is first known to be over. */
function cancel(run: Run, step: RunStep, by: Actor, now: Date): RunMove {
  const verdict = `Cancelled by ${person(by)}`;
  if (step.risk === 'dangerous' && step.state === 'running')
    return {
      run: { state: 'running', dueAt: now, cancelledBy: by },
      steps: [],
      entries: [runEntry(run, 'cancelled', now, by)],
      effects: [live(run)],
    };
  const ended = end(
    run,
    step,
    { index: step.index, state: 'stopped', verdict, endedAt: now },
    'cancelled',
    now,
  );
  return withoutAnswer(step, ended, by, now);
}

function answer(
  run: Run,
  step: RunStep,
  what: 'yes' | 'no',
  by: Actor,
  now: Date,
  decider: Decider | undefined,
): RunMove | Refusal {
  const isGate = step.waitsFor === 'approver';
  const refusal = isGate ? gateRefusal(run, by, decider) : undefined;
  if (refusal) return refusal;
  const [yes, no] = isGate ? ['Approved', 'Refused'] : ['Confirmed', 'Not done, says'];
  const said =
    what === 'yes' ? `${yes} by ${person(by)}` : isGate ? `${no} by ${person(by)}` : `${no} ${person(by)}`;
  const verdict = step.verdict === undefined ? said : `${said}: ${step.verdict}`;
  return what === 'yes'
    ? goOn(run, step, { index: step.index, state: 'done', verdict, endedAt: now }, now)
    : isGate
      ? end(run, step, { index: step.index, state: 'failed', verdict, endedAt: now }, 'failed', now)
      : fail(run, step, { index: step.index, state: 'failed', verdict, endedAt: now }, now);
}

const gateRefusal = (run: Run, by: Actor, decider: Decider | undefined): Refusal | undefined =>
  decider
    ? judgeGate(run, decider)
    : refuse('APPROVERS_UNREADABLE', { found: person(by), error: 'nobody was asked' });
