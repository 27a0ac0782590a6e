/** Who may say yes to a dangerous step, and for how long that yes holds. */
import { person } from './actor.ts';
import type { Actor } from './incident.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Approval, Run, RunStep } from './run.ts';

/** How long an approval can be given. */
export const APPROVAL_TTL_MS = 15 * 60 * 1000;
/** A yes in the last second of that time still has to be carried out. */
const EXECUTION_GRACE_MS = 60 * 1000;

type Standing = 'member' | 'guest' | 'foreign' | 'bot' | 'deactivated' | 'unknown' | 'terminal';

export interface Decider {
  readonly id: Actor;
  /** As Slack says at this moment; a terminal is never asked about. */
  readonly standing: Standing;
  /** Everybody whom `permissions.approve` names at this moment, groups resolved. */
  readonly approvers: readonly string[];
  /** Whom `permissions.break_glass` names. */
  readonly glass?: readonly string[];
}

export interface DecisionWish {
  readonly step: number;
  readonly planHash: string;
  readonly decision: 'approved' | 'refused';
  /** Why it cannot wait for somebody else. */
  readonly brokenFor?: string;
}

/** Whether this person may decide this now. Saying no is open to the requester as well. */
export function judgeDecision(
  run: Run,
  wish: DecisionWish,
  decider: Decider,
  now: Date,
): { readonly ok: true; readonly step: RunStep; readonly approval: Approval } | Refusal {
  const step = run.steps.find(({ index }) => index === wish.step);
  if (!step) return refuse('RUN_UNKNOWN', { found: run.id });
  const approval = step.approval;
  const stale = approval
    ? refuseStale(run, step, approval, wish, now)
    : refuse('NOTHING_TO_APPROVE', { run: run.id, step: step.index, state: step.state });
  const refusal = stale ?? refusePerson(run, wish, decider);
  if (refusal) return refusal;
  return { ok: true, step, approval: approval as Approval };
}

/** Whether this person may say what became of an unknown step: it takes another approver, as the step itself did. */
export function judgeWitness(
  run: Run,
  index: number,
  decider: Decider,
): { readonly ok: true; readonly step: RunStep } | Refusal {
  const step = run.steps.find((each) => each.index === index);
  if (!step) return refuse('RUN_UNKNOWN', { found: run.id });
  if (step.state !== 'unknown')
    return refuse('OUTCOME_KNOWN', { run: run.id, step: index, state: step.state });
  return judgeGate(run, decider) ?? { ok: true, step };
}

/** Whether this person may let a run go on that asks for an approver. */
export const judgeGate = (run: Run, decider: Decider): Refusal | undefined =>
  refuseOwn(run, decider) ?? refuseStranger(decider, othersOf(run, decider));

/** Who started the run, and who had it go on after it had ended. */
export const hasAsked = ({ requestedBy, reopenedBy = [] }: Run, user: Actor): boolean =>
  user === requestedBy || reopenedBy.includes(user);

/** Whether the step may be carried out now on the strength of its approval. */
export function stillApproved(approval: Approval, now: Date): boolean {
  const { decision, expiresAt } = approval;
  return (
    decision?.kind === 'approved' &&
    now.getTime() < Math.max(expiresAt.getTime(), decision.at.getTime() + EXECUTION_GRACE_MS)
  );
}

/** Whether the time to answer is over. */
const isExpired = (approval: Approval, now: Date): boolean => now >= approval.expiresAt;

/** A second click is told who decided, whatever else is wrong with it. */
function refuseStale(
  run: Run,
  step: RunStep,
  approval: Approval,
  wish: DecisionWish,
  now: Date,
): Refusal | undefined {
  const { planHash, decision, expiresAt } = approval;
  if (wish.planHash !== planHash) {
    const hashes = { expected: planHash.slice(0, 12), found: wish.planHash.slice(0, 12) };
    return refuse('PLAN_CHANGED', { run: run.id, step: step.index, ...hashes });
  }
  if (decision?.kind === 'expired' || (!decision && isExpired(approval, now)))
    return refuse('APPROVAL_EXPIRED', { at: clock(expiresAt) });
  if (decision) {
    const { kind, by, at } = decision;
    const done = kind === 'void' ? 'found void' : kind;
    return refuse('APPROVAL_DECIDED', { decision: done, by: person(by), at: clock(at) });
  }
  if (step.state !== 'awaiting_approval')
    return refuse('NOTHING_TO_APPROVE', { run: run.id, step: step.index, state: step.state });
  return undefined;
}

function refusePerson(run: Run, wish: DecisionWish, decider: Decider): Refusal | undefined {
  if (wish.brokenFor !== undefined) return refuseGlass(decider);
  if (hasAsked(run, decider.id) && wish.decision === 'refused') return undefined;
  return judgeGate(run, decider);
}

/** The only yes that a requester may give to their own plan. */
function refuseGlass({ id, standing, glass = [] }: Decider): Refusal | undefined {
  if (standing === 'member' && glass.includes(id)) return undefined;
  return refuse('MAY_NOT_BREAK_GLASS', { found: person(id), named: listed(glass) });
}

const othersOf = (run: Run, { approvers }: Decider): readonly string[] =>
  approvers.filter((user) => !hasAsked(run, user));

function refuseOwn(run: Run, decider: Decider): Refusal | undefined {
  if (!hasAsked(run, decider.id)) return undefined;
  const approvers = listed(othersOf(run, decider));
  return refuse('APPROVER_IS_REQUESTER', { requester: person(decider.id), approvers });
}

function refuseStranger({ id, standing }: Decider, allowed: readonly string[]): Refusal | undefined {
  const refusal = (why: string): Refusal =>
    refuse('NOT_AN_APPROVER', { found: person(id), standing: why, approvers: listed(allowed) });
  if (standing !== 'member') return refusal(STANDINGS[standing]);
  return allowed.includes(id) ? undefined : refusal('not named as approver');
}

const listed = (users: readonly string[]): string =>
  users.length > 0 ? users.map(person).join(', ') : 'nobody is named';

const STANDINGS: Readonly<Record<Exclude<Standing, 'member'>, string>> = {
  guest: 'a guest',
  foreign: 'a user of another workspace',
  bot: 'a bot',
  deactivated: 'deactivated',
  unknown: 'unknown to Slack',
  terminal: 'a terminal may ask, never approve',
};

const clock = (at: Date): string => `${at.toISOString().slice(11, 16)} UTC`;
