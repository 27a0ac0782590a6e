/** A dangerous step: planned, approved by somebody else, planned again, written down as intent, then executed once. */

import { breakerRefusal } from '../app/runs.ts';
import { stillApproved } from '../domain/approval.ts';
import { expired, planned, voided } from '../domain/approval-moves.ts';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { redacted } from '../domain/redact-output.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Approval, JournalRun } from '../domain/run.ts';
import {
  begin,
  beginPlan,
  broke,
  progressed,
  settle,
  stillUnknown,
  stoppedOutcome,
  unknownOutcome,
} from '../domain/run-moves.ts';
import { refusalLine } from '../errors.ts';
import type { DangerousStep, Planned, Resolution, StepContext } from '../runbooks/step.ts';
import { approvedIdentity } from '../store/approvals.ts';
import { lockBreaker, recordExecution } from '../store/run-steps.ts';
import type { Db } from '../store/store.ts';
import {
  contextOf,
  inWords,
  markerOf,
  moveStep,
  rehearsalOf,
  type StepJob,
  stopSignal,
  traceStep,
} from './run-context.ts';

type Moved = Promise<JournalRun | undefined>;

/** Does what the step's state asks for. */
export function advanceDangerous(job: StepJob, kind: DangerousStep): Moved {
  switch (job.step.state) {
    case 'pending':
    case 'planning':
      return makePlan(job, kind);
    case 'awaiting_approval':
      return carryOut(job, kind);
    case 'running':
      return takeOver(job, kind);
    case 'unknown':
      return resolve(job, kind);
    case 'waiting':
    case 'done':
    case 'skipped':
    case 'not_reached':
    case 'stopped':
    case 'failed':
      return Promise.resolve(undefined);
  }
}

async function makePlan(job: StepJob, kind: DangerousStep): Moved {
  const { now, settings } = job.parts;
  if (!(await moveStep(job, ['pending', 'planning'], (run, step) => beginPlan(run, step, now()))))
    return undefined;
  const made = await planOf(job, kind, () => rehearsalOf(job));
  return moveStep(job, ['planning'], (run, step) =>
    made.ok
      ? planned(run, step, made.plan, settings.permissions.approve ?? [], now())
      : broke(run, step, refusalText(made), 'stopped', now()),
  );
}

/** After the yes everything is looked at once more: what was approved is executed, or nothing. */
async function carryOut(job: StepJob, kind: DangerousStep): Moved {
  const { now } = job.parts;
  const { approval } = job.step;
  if (!approval || !stillApproved(approval, now())) return expire(job);
  const again = await planOf(job, kind);
  const reason = await voidReason(job, approval, again);
  if (reason !== undefined || !again.ok)
    return moveStep(job, ['awaiting_approval'], (run, step) =>
      voided(run, step, approval, reason ?? '', now()),
    );
  const intended = await moveStep(job, ['awaiting_approval'], async (run, step, tx) => {
    const tripped = await breaker(job, tx);
    if (tripped) return settle(run, step, tripped, {}, now());
    await recordExecution(tx, run.id, step.index, now());
    return begin(run, step, now());
  });
  if (!intended || intended.endedAt) return intended;
  return execute(job, kind, again.plan);
}

async function execute(job: StepJob, kind: DangerousStep, plan: Plan): Moved {
  const outcome = await outcomeOf(job, kind, plan);
  return settleStep(job, kind, 'running', plan, outcome);
}

async function outcomeOf(job: StepJob, kind: DangerousStep, plan: Plan): Promise<ActionOutcome> {
  const { signal, done } = stopSignal(job);
  try {
    return await kind.execute(await contextOf(job, signal), plan, {
      marker: markerOf(job),
      signal,
      onXid: (trace) => traceStep(job, trace),
      onProgress: throttled((words) => progress(job, words), job.parts.now),
    });
  } catch (error) {
    // It broke somewhere between BEGIN and the answer to COMMIT: only the target knows where.
    job.parts.log.error({ err: error, run: job.run.id, step: job.step.index }, 'execution broke off');
    return unknownOutcome(`It broke off: ${inWords(error)}. The target is asked what became of it.`);
  } finally {
    done();
  }
}

/** Another worker began it and is gone. It is not run again: the target is asked. */
async function takeOver(job: StepJob, kind: DangerousStep): Moved {
  const { plan } = job.step;
  const words = 'Firebreak was interrupted while it ran. The target is asked what became of it.';
  if (!plan) throw new Error(`step ${job.step.index} of run ${job.run.id} runs without a plan`);
  return settleStep(job, kind, 'running', plan, unknownOutcome(words));
}

async function resolve(job: StepJob, kind: DangerousStep): Moved {
  const { now } = job.parts;
  const { plan } = job.step;
  const resolution = plan ? await askTarget(job, kind, plan) : 'unknown';
  if (!plan || resolution === 'unknown')
    return moveStep(job, ['unknown'], (run, step) => stillUnknown(run, step, now()));
  return settleStep(job, kind, 'unknown', plan, resolvedOutcome(plan, resolution));
}

function resolvedOutcome(plan: Plan, resolution: Exclude<Resolution, 'unknown'>): ActionOutcome {
  if (resolution === 'aborted')
    return stoppedOutcome(
      'FAILED',
      `${plan.title}: not carried out, as the target says; nothing was left behind.`,
    );
  if (resolution !== 'committed') return resolution;
  const verdict = `${plan.title}: carried out, as the target says.`;
  return { state: 'done', verdict, facts: plan.facts, probes: [] };
}

async function askTarget(job: StepJob, kind: DangerousStep, plan: Plan): Promise<Resolution> {
  try {
    return await kind.resolve(await contextOf(job), plan, markerOf(job), job.step.trace);
  } catch (error) {
    job.parts.log.warn({ err: error, run: job.run.id, step: job.step.index }, 'target could not be asked');
    return 'unknown';
  }
}

function settleStep(
  job: StepJob,
  kind: DangerousStep,
  from: 'running' | 'unknown',
  plan: Plan,
  found: ActionOutcome,
): Moved {
  const outcome = redacted(found);
  const after = outcome.state === 'done' ? (kind.after?.(plan, outcome) ?? {}) : {};
  return moveStep(job, [from], (run, step) => settle(run, step, outcome, after, job.parts.now()));
}

function expire(job: StepJob): Moved {
  return moveStep(job, ['awaiting_approval'], (run, step) => {
    const { approval } = step;
    // It may have been approved since this worker looked.
    if (!approval || stillApproved(approval, job.parts.now())) return undefined;
    return expired(run, step, approval, job.parts.now());
  });
}

/** After the approval nothing is rehearsed again: nobody would see it, and the outage goes on meanwhile. */
async function planOf(
  job: StepJob,
  kind: DangerousStep,
  more: () => Promise<Pick<StepContext, 'rehearsal'>> = () => Promise.resolve({}),
): Promise<Planned | Broken> {
  try {
    return await kind.plan({ ...(await contextOf(job)), ...(await more()) }, job.step.input);
  } catch (error) {
    job.parts.log.warn({ err: error, run: job.run.id, step: job.step.index }, 'plan could not be made');
    return { ok: false, broken: `No plan could be made: ${inWords(error)}` };
  }
}

interface Broken {
  readonly ok: false;
  readonly broken: string;
}

const refusalText = (refusal: Refusal | Broken): string =>
  'broken' in refusal ? refusal.broken : refusalLine(refusal);

/** Another hash or another server: the yes was given to something else. */
async function voidReason(
  job: StepJob,
  approval: Approval,
  again: Planned | Broken,
): Promise<string | undefined> {
  if (!again.ok) return refusalText(again);
  const { plan } = again;
  if (plan.hash !== approval.planHash) return `planned again it is another one (${plan.hash.slice(0, 12)})`;
  const seen = await approvedIdentity(
    job.parts.store,
    job.run.id,
    job.step.index,
    approval.planHash,
    job.step.retries ?? 0,
  );
  const { systemIdentifier, database, oid, timeline } = plan.identity;
  const same =
    seen?.systemIdentifier === systemIdentifier &&
    seen.database === database &&
    seen.oid === oid &&
    seen.timeline === timeline;
  return same ? undefined : 'the target is another server or database than the approver saw';
}

async function breaker(job: StepJob, tx: Db): Promise<ActionOutcome | undefined> {
  const { settings, now } = job.parts;
  await lockBreaker(tx);
  const refusal = await breakerRefusal(tx, settings.breaker.dangerousPerHour, now());
  return refusal && stoppedOutcome('REFUSED', refusalText(refusal));
}

const progress = async (job: StepJob, words: string): Promise<void> => {
  await moveStep(job, ['running'], (run, step) => progressed(run, step, words, job.parts.now()));
};

const PROGRESS_MS = 2000;

/** A batch may take milliseconds; people and Slack need no more than a line every other second. */
function throttled(
  tell: (words: string) => Promise<void>,
  now: () => Date,
): (words: string) => Promise<void> {
  let told = 0;
  return async (words) => {
    const at = now().getTime();
    if (at - told < PROGRESS_MS) return;
    told = at;
    await tell(words);
  };
}
