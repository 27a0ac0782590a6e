/** Use cases on runs: start one, decide on its approval, say what became of an unknown step. */
import { isSlackUser, person } from '../domain/actor.ts';
import { type Decider, judgeDecision, judgeWitness } from '../domain/approval.ts';
import { decided } from '../domain/approval-moves.ts';
import { card } from '../domain/decision.ts';
import { isOpen } from '../domain/incident.ts';
import type { Intent } from '../domain/intents.ts';
import type { ActionOutcome } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { JournalRun, Run, RunStep } from '../domain/run.ts';
import { type Aftermath, type RunMove, settle as settleStep, stoppedOutcome } from '../domain/run-moves.ts';
import { standsAt, steer } from '../domain/run-steering.ts';
import { live, runEntry, skippedEntry } from '../domain/run-words.ts';
import { bindRunbook, type Runbook } from '../domain/runbook.ts';
import type { Named, Settings } from '../domain/settings.ts';
import { loadIncident, lockIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { countDangerous } from '../store/run-steps.ts';
import { activeRun, insertRun, loadRun, lockRun } from '../store/runs.ts';
import type { Db, Store } from '../store/store.ts';
import { appendEntries } from '../store/timeline.ts';
import type {
  App,
  ApprovalWish,
  Cause,
  Directory,
  GlassWish,
  RunWish,
  SteerWish,
  WitnessWish,
} from './app.ts';
import { actWithin } from './incidents.ts';
import { forbidden } from './permit.ts';
import { writeMove } from './run-journal.ts';
import { refuseOld } from './said-at.ts';
import { settleCause } from './settle-cause.ts';
import { isHidden } from './visibility.ts';

export interface RunParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
  readonly directory: Directory;
  /** By name; loaded by the composition root, since app knows no step kinds. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
}

type RunAnswer = { readonly ok: true; readonly run: Run } | Refusal;

export type RunUseCases = Pick<
  App,
  'startRun' | 'decideApproval' | 'breakGlass' | 'settleUnknown' | 'steer' | 'run'
>;

/** Rights are those of the moment: a process that was frozen, or waited long for a lock, asks again. */
const RIGHTS_HOLD_MS = 30_000;
/** How far back the breaker counts. */
const BREAKER_WINDOW_MS = 60 * 60 * 1000;

/** The run's part of App. */
export const createRuns = (parts: RunParts): RunUseCases => ({
  startRun: (wish, cause = {}) => startRun(parts, wish, cause),
  decideApproval: (wish, cause = {}) => decideApproval(parts, wish, cause),
  breakGlass: (wish, cause = {}) => breakGlass(parts, wish, cause),
  settleUnknown: (wish, cause = {}) => settleUnknown(parts, wish, cause),
  steer: (wish, cause = {}) => steerRun(parts, wish, cause),
  run: (id) => loadRun(parts.store, id),
});

/** Starts a runbook in an incident. What only looks or tells takes `respond`, all else `dangerous`. */
async function startRun(parts: RunParts, wish: RunWish, cause: Cause): Promise<RunAnswer> {
  const runbook = parts.runbooks.get(wish.runbook);
  if (!runbook)
    return refuse('UNKNOWN_RUNBOOK', { found: wish.runbook, known: names(parts.runbooks.keys()) });
  const { target: wished, ...given } = wish.params;
  const target = chooseTarget(parts.settings, runbook, wished);
  if (typeof target !== 'string') return target;
  const bound = bindRunbook(runbook, given, { targets: Object.keys(parts.settings.targets) });
  if (!bound.ok) return bound;
  // A step that this run skips takes no right, and keeps no target to itself.
  const ahead = bound.steps.filter(({ skipped }) => !skipped);
  const right = rightFor(ahead);
  const barred = await forbidden(parts.settings, parts.directory, wish.by, right);
  if (barred) return barred;
  if (await isHidden(wish.incident, wish.by, parts))
    return refuse('INCIDENT_UNKNOWN', { found: wish.incident });
  return parts.store.transaction(async (tx) => {
    const now = parts.now();
    const refusal =
      (right === 'dangerous' ? refuseOld(cause, now) : undefined) ??
      (await refuseIncident(tx, wish.incident)) ??
      (await refuseBreaker(tx, parts.settings, ahead, now));
    if (refusal) return refusal;
    const run = {
      runbook: runbook.name,
      title: bound.title,
      target,
      params: bound.params,
      requestedBy: wish.by,
      requestedAt: now,
    };
    const id = await insertRun(tx, { ...run, incidentId: wish.incident, steps: bound.steps });
    if (id === undefined) return refuseActive(tx, target, wish.incident);
    return begun(tx, id, cause, now);
  });
}

/** Approves or refuses a plan, by the rules of domain/approval.ts, read from Slack at this moment. */
async function decideApproval(parts: RunParts, wish: ApprovalWish, cause: Cause): Promise<RunAnswer> {
  const hidden = await refuseHidden(parts, wish);
  if (hidden) return hidden;
  const decider = await readDecider(parts, wish.by);
  if ('ok' in decider) return decider;
  return withRun(
    parts,
    wish.run,
    cause,
    async (run, now, tx) => {
      const judged = judgeDecision(run, wish, decider, now);
      // A no may come at any time; a yes to what an incident that is over asked for changes what nobody watches.
      const barred =
        wish.decision === 'approved'
          ? (refuseOld(cause, now) ?? (await refuseIncident(tx, run.incidentId)))
          : undefined;
      if (judged.ok && barred) return barred;
      return judged.ok ? decided(run, judged.step, judged.approval, wish, now) : judged;
    },
    decider,
  );
}

/** A button is older than who left the incident: what they may not know of any more is as what does not exist. */
async function refuseHidden(parts: RunParts, { run: id, by }: ApprovalWish): Promise<Refusal | undefined> {
  const run = await loadRun(parts.store, id);
  if (run && !(await isHidden(run.incidentId, by, parts))) return undefined;
  return refuse('RUN_UNKNOWN', { found: id });
}

/** Lets the plan that waits pass on one person's word, and pages all who could have said no. */
async function breakGlass(
  parts: RunParts,
  { run: id, plan, by, reason }: GlassWish,
  cause: Cause,
): Promise<RunAnswer> {
  const decider = await readDecider(parts, by);
  if ('ok' in decider) return decider;
  return withRun(
    parts,
    id,
    cause,
    async (run, now, tx) => {
      const step = run.steps.find(({ state }) => state === 'awaiting_approval');
      const planHash = step?.approval?.planHash;
      if (!step || planHash === undefined) return refuse('NO_PLAN_WAITS', { run: id });
      const barred = refuseOld(cause, now) ?? (await refuseIncident(tx, run.incidentId));
      if (barred) return barred;
      const read = planHash.startsWith(plan) ? planHash : plan;
      const wish = { step: step.index, planHash: read, by, decision: 'approved', brokenFor: reason } as const;
      const judged = judgeDecision(run, wish, decider, now);
      if (!judged.ok) return judged;
      const users = decider.approvers.filter((each) => each !== by);
      const paged =
        users.length > 0 &&
        (await actWithin(tx, run.incidentId, alarm(run, by, users, reason), {}, now, parts.settings));
      if (paged && !paged.ok) return paged;
      return decided(run, judged.step, judged.approval, wish, now);
    },
    decider,
  );
}

/** They are no team: one level, each by a direct message. */
const alarm = (run: Run, by: string, users: readonly string[], reason: string): Intent => ({
  kind: 'escalate',
  by,
  team: 'approvers',
  roster: { level: 1, levels: 1, waitSeconds: 300, users, ways: [], problems: [] },
  reason: `run ${run.id} (${run.title}) was approved by one person alone: ${reason}`,
  again: true,
});

/** An approver says what became of a step that the target could not be asked about. */
async function settleUnknown(parts: RunParts, wish: WitnessWish, cause: Cause): Promise<RunAnswer> {
  const decider = await readDecider(parts, wish.by);
  if ('ok' in decider) return decider;
  return withRun(
    parts,
    wish.run,
    cause,
    (run, now) => {
      const old = refuseOld(cause, now);
      if (old) return old;
      const judged = judgeWitness(run, wish.step, decider);
      return judged.ok ? settleStep(run, judged.step, witnessed(wish), heldBy(judged.step), now) : judged;
    },
    decider,
  );
}

/** Rights are read again: the button may be older than they are. */
async function steerRun(parts: RunParts, wish: SteerWish, cause: Cause): Promise<RunAnswer> {
  const { store, settings, directory } = parts;
  const seen = await loadRun(store, wish.run);
  if (!seen || (await isHidden(seen.incidentId, wish.by, parts)))
    return refuse('RUN_UNKNOWN', { found: wish.run });
  const goesOn = wish.what === 'retry' || wish.what === 'skip';
  const barred = await forbidden(settings, directory, wish.by, goesOn ? rightFor(aheadOf(seen)) : 'respond');
  const isGate = standsAt(seen)?.waitsFor === 'approver' && !goesOn && wish.what !== 'cancel';
  const decider = isGate ? await readDecider(parts, wish.by) : undefined;
  if (decider && 'ok' in decider) return decider;
  // Who approves need not be one of those who respond.
  if (barred && !isGate) return barred;
  return withRun(
    parts,
    wish.run,
    cause,
    async (run, now, tx) => {
      if (barred && standsAt(run)?.waitsFor !== 'approver') return barred;
      const old = goesOn || wish.what === 'yes' ? refuseOld(cause, now) : undefined;
      if (old) return old;
      const letIn = wish.what === 'yes' && standsAt(run)?.waitsFor === 'approver';
      const refusal = goesOn
        ? await refuseGoingOn(tx, parts, run, now)
        : letIn
          ? await refuseIncident(tx, run.incidentId)
          : undefined;
      return refusal ?? steer(run, wish.what, wish.by, now, { at: wish.step, decider });
    },
    decider,
  );
}

/** What may still change a database goes on in an open incident only. */
async function refuseGoingOn(
  tx: Db,
  parts: RunParts,
  run: JournalRun,
  now: Date,
): Promise<Refusal | undefined> {
  if (run.endedAt) return refuseReopening(tx, parts, run, now);
  return rightFor(aheadOf(run)) === 'dangerous' ? refuseIncident(tx, run.incidentId) : undefined;
}

const aheadOf = ({ steps }: Run): readonly RunStep[] =>
  steps.filter(({ state }) => state !== 'done' && state !== 'skipped');

/** As a new run would be refused: by its incident, the breaker, another run on its target. */
async function refuseReopening(
  tx: Db,
  { settings }: RunParts,
  run: JournalRun,
  now: Date,
): Promise<Refusal | undefined> {
  const refusal =
    (await refuseIncident(tx, run.incidentId)) ?? (await refuseBreaker(tx, settings, aheadOf(run), now));
  if (refusal || rightFor(run.steps) === 'respond') return refusal;
  return (await activeRun(tx, run.target)) && (await refuseActive(tx, run.target, run.incidentId));
}

const rightFor = (steps: readonly Pick<RunStep, 'risk'>[]): 'respond' | 'dangerous' =>
  steps.some(({ risk }) => risk === 'dangerous') ? 'dangerous' : 'respond';

/** A rollback that a person settles keeps its migration from coming back, as one that the target settles does. */
function heldBy({ plan }: RunStep): Aftermath {
  const migration = plan?.kind === 'migration-rollback' ? plan.inputs['migration'] : undefined;
  return typeof migration === 'string' ? { hold: migration } : {};
}

async function begun(tx: Db, id: number, cause: Cause, now: Date): Promise<RunAnswer> {
  const run = (await loadRun(tx, id)) as JournalRun;
  const skipped = run.steps
    .filter(({ state }) => state === 'skipped')
    .map((step) => skippedEntry(run, step, now));
  await appendEntries(tx, run.incidentId, [runEntry(run, 'started', now), ...skipped], now);
  await enqueue(tx, [card({ id: run.incidentId }), live(run)], now);
  await settleCause(tx, cause, now);
  return { ok: true, run };
}

function withRun(
  { store, now }: RunParts,
  id: number,
  cause: Cause,
  decide: (run: JournalRun, now: Date, tx: Db) => RunMove | Refusal | Promise<RunMove | Refusal>,
  decider?: ReadDecider,
): Promise<RunAnswer> {
  return store.transaction(async (tx) => {
    const run = await lockRun(tx, id);
    const at = now();
    if (!run) return refuse('RUN_UNKNOWN', { found: id });
    if (decider && at.getTime() - decider.readAt.getTime() > RIGHTS_HOLD_MS)
      return unread(decider.id, 'its answer is too old by now');
    const move = await decide(run, at, tx);
    if ('ok' in move) return move;
    await writeMove(tx, run, move, at);
    await settleCause(tx, cause, at);
    return { ok: true, run: (await loadRun(tx, id)) ?? run };
  });
}

function chooseTarget(settings: Settings, runbook: Runbook, wished: string | undefined): string | Refusal {
  const known = Object.keys(settings.targets);
  const [only] = known;
  if (wished === undefined && known.length === 1 && only !== undefined) return only;
  if (wished === undefined) return refuse('TARGET_MISSING', { runbook: runbook.name, known: names(known) });
  return known.includes(wished) ? wished : refuse('UNKNOWN_TARGET', { found: wished, known: names(known) });
}

async function refuseIncident(tx: Db, id: number): Promise<Refusal | undefined> {
  const incident = await lockIncident(tx, id);
  if (!incident) return refuse('INCIDENT_UNKNOWN', { found: id });
  if (isOpen(incident)) return undefined;
  return refuse('RUN_INCIDENT_CLOSED', { number: id, found: incident.status });
}

async function refuseBreaker(
  tx: Db,
  { breaker }: Settings,
  steps: readonly Pick<RunStep, 'risk'>[],
  now: Date,
): Promise<Refusal | undefined> {
  if (!steps.some(({ risk }) => risk === 'dangerous')) return undefined;
  return breakerRefusal(tx, breaker.dangerousPerHour, now);
}

/** Too many dangerous executions within the hour: something is wrong that one more does not mend. */
export async function breakerRefusal(tx: Db, allowed: number, now: Date): Promise<Refusal | undefined> {
  const found = await countDangerous(tx, new Date(now.getTime() - BREAKER_WINDOW_MS));
  return found < allowed ? undefined : refuse('BREAKER_OPEN', { found, allowed });
}

/** Of a run in a private incident the others learn only that they have to wait. */
async function refuseActive(tx: Db, target: string, incident: number): Promise<Refusal> {
  const active = await activeRun(tx, target);
  const { id, title, state, incidentId = incident } = active ?? NO_RUN;
  const hidden = incidentId !== incident && (await loadIncident(tx, incidentId))?.private === true;
  const shown = hidden ? { run: '?', title: 'of another incident' } : { run: id, title };
  return refuse('RUN_ACTIVE', { ...shown, target, state: state.replaceAll('_', ' ') });
}

const NO_RUN = { id: '?', title: 'it has just ended', state: 'over', incidentId: undefined };

interface ReadDecider extends Decider {
  readonly readAt: Date;
}

/** Slack is asked before the transaction begins, so that a slow answer keeps no connection. */
async function readDecider(
  { settings, directory, now }: RunParts,
  id: string,
): Promise<ReadDecider | Refusal> {
  const readAt = now();
  try {
    const { approve, breakGlass } = settings.permissions;
    const standing = isSlackUser(id) ? await directory.standing(id) : 'terminal';
    return {
      id,
      readAt,
      standing,
      approvers: await everybodyIn(directory, approve),
      glass: await everybodyIn(directory, breakGlass),
    };
  } catch (error) {
    return unread(id, String(error));
  }
}

const unread = (id: string, error: string): Refusal =>
  refuse('APPROVERS_UNREADABLE', { found: person(id), error });

async function everybodyIn(directory: Directory, named: Named): Promise<readonly string[]> {
  const people = await Promise.all(
    (named ?? []).map((each) =>
      each.startsWith('S') ? directory.groupMembers(each) : Promise.resolve([each]),
    ),
  );
  return [...new Set(people.flat())];
}

function witnessed({ by, happened, note }: WitnessWish): ActionOutcome {
  const verdict = `${person(by)} found it ${happened === 'committed' ? 'carried out' : 'not carried out'}: ${note}.`;
  const facts = { settled_by: by, note };
  if (happened === 'aborted') return { ...stoppedOutcome('FAILED', verdict), facts };
  return { state: 'done', verdict, facts, probes: [] };
}

const names = (known: Iterable<string>): string =>
  [...known].map((name) => `\`${name}\``).join(', ') || 'none';
