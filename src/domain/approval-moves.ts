/** The moves around an approval: asked for, given, refused, expired, void. Pure. */
import { person } from './actor.ts';
import { APPROVAL_TTL_MS } from './approval.ts';
import type { NewEntry } from './entry.ts';
import { foreign } from './foreign.ts';
import type { Actor } from './incident.ts';
import type { Plan } from './plan.ts';
import type { Approval, Run, RunStep } from './run.ts';
import { end, type RunMove, type StepMove, settle, stoppedOutcome } from './run-moves.ts';
import { callApprovers, live, planFile, say, stepEntry } from './run-words.ts';

/** A plan is made: it waits for somebody else's yes. */
export function planned(
  run: Run,
  step: RunStep,
  plan: Plan,
  approvers: readonly string[],
  now: Date,
): RunMove {
  const approval: Approval = {
    planHash: plan.hash,
    requestedBy: run.reopenedBy?.at(-1) ?? run.requestedBy,
    requestedAt: now,
    expiresAt: new Date(now.getTime() + APPROVAL_TTL_MS),
  };
  const verdict = `${plan.title}: waits for approval`;
  const details = {
    plan_hash: plan.hash,
    summary: plan.summary,
    expires_at: approval.expiresAt.toISOString(),
  };
  return {
    run: { state: 'awaiting_approval', dueAt: approval.expiresAt },
    steps: [{ index: step.index, state: 'awaiting_approval', plan, verdict }],
    approval: { step: step.index, identity: plan.identity, approval },
    entries: [
      stepEntry(
        run,
        { ...step, plan },
        { kind: 'approval', actor: approval.requestedBy, text: `approval asked for: ${plan.title}`, details },
        now,
      ),
    ],
    effects: [planFile(run, step, plan), live(run), ...callApprovers(run, step, plan.title, approvers)],
  };
}

/** Somebody said yes or no. */
export function decided(
  run: Run,
  step: RunStep,
  approval: Approval,
  wish: { readonly by: Actor; readonly decision: 'approved' | 'refused'; readonly brokenFor?: string },
  now: Date,
): RunMove {
  const { by, decision, brokenFor } = wish;
  const answered = answer(step, approval, decision, by, now, brokenFor);
  const alone = brokenFor === undefined ? '' : ` alone, without a second person: ${brokenFor}`;
  const entry = stepEntry(
    run,
    answered.step,
    { kind: 'approval', actor: by, text: `${decision} by ${person(by)}${alone}` },
    now,
  );
  if (decision === 'refused')
    return withAnswer(
      answered,
      cancel(run, answered.step, `Refused by ${person(by)}; nothing was done`, [entry], now),
    );
  return withAnswer(answered, {
    run: { state: 'running', dueAt: now },
    steps: [{ index: step.index, state: 'awaiting_approval', verdict: `Approved by ${person(by)}${alone}` }],
    entries: [entry],
    effects: [
      live(run),
      ...(alone === ''
        ? []
        : [
            say(
              run,
              `:rotating_light: Run ${run.id}, ${step.name}: approved by ${person(by)}${foreign(alone)}`,
            ),
          ]),
    ],
  });
}

/** Nobody answered in time. */
export function expired(run: Run, step: RunStep, approval: Approval, now: Date): RunMove {
  const answered = answer(step, approval, 'expired', 'firebreak', now);
  return withAnswer(answered, cancel(run, answered.step, 'The approval expired; nothing was done', [], now));
}

/** The second preflight found something else than what was approved. */
export function voided(run: Run, step: RunStep, approval: Approval, reason: string, now: Date): RunMove {
  const answered = answer(step, approval, 'void', 'firebreak', now);
  const verdict = `The approved plan is void: ${reason}. Nothing was done`;
  return withAnswer(answered, settle(run, answered.step, stoppedOutcome('PLAN_VOID', verdict), {}, now));
}

/** The run was cancelled: a plan that waits for its yes waits no more. */
export function withoutAnswer(step: RunStep, move: RunMove, by: Actor, now: Date): RunMove {
  const { approval } = step;
  return approval && !approval.decision ? withAnswer(answer(step, approval, 'void', by, now), move) : move;
}

function cancel(run: Run, step: RunStep, verdict: string, before: readonly NewEntry[], now: Date): RunMove {
  const move: StepMove = { index: step.index, state: 'stopped', verdict, endedAt: now };
  const ended = end(run, step, move, 'cancelled', now);
  return { ...ended, entries: [...before, ...ended.entries] };
}

interface Answered {
  readonly step: RunStep;
  readonly approval: Approval;
}

function answer(
  step: RunStep,
  approval: Approval,
  kind: 'approved' | 'refused' | 'expired' | 'void',
  by: Actor,
  at: Date,
  brokenFor?: string,
): Answered {
  const why = brokenFor === undefined ? {} : { brokenFor };
  const decidedApproval = { ...approval, decision: { kind, by, at, ...why } };
  return { step: { ...step, approval: decidedApproval }, approval: decidedApproval };
}

function withAnswer({ step, approval }: Answered, move: RunMove): RunMove {
  return { ...move, approval: { step: step.index, identity: (step.plan as Plan).identity, approval } };
}
