/** What a step is given, and how a run's worker writes its moves. */
import type { App } from '../app/app.ts';
import { keepTrace, moveRun } from '../app/run-journal.ts';
import { isOpen } from '../domain/incident.ts';
import type { Marker, TransactionTrace } from '../domain/plan.ts';
import type { Policy } from '../domain/policy.ts';
import { redactedText } from '../domain/redact-output.ts';
import type { JournalRun, JournalStep, StepState } from '../domain/run.ts';
import type { RunMove } from '../domain/run-moves.ts';
import type { Settings } from '../domain/settings.ts';
import { storable } from '../domain/storable.ts';
import { FirebreakError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { StepContext, StepKind } from '../runbooks/step.ts';
import { loadIncident } from '../store/incidents.ts';
import { loadEarlier } from '../store/run-steps.ts';
import { isCancelled } from '../store/runs.ts';
import type { Db, Store } from '../store/store.ts';
import type { Lease } from './lease.ts';

export interface RunWorkerParts {
  readonly store: Store;
  readonly settings: Policy & Pick<Settings, 'breaker' | 'permissions' | 'programs' | 'secrets'>;
  readonly now: () => Date;
  readonly log: Logger;
  /** Step kinds by name. */
  readonly steps: ReadonlyMap<string, StepKind>;
  /** The open target of that name; undefined when firebreak.yml does not name it any more. */
  readonly target: (name: string) => StepContext['target'] | undefined;
  readonly app: Pick<App, 'captured' | 'roster'>;
}

/** One step of a run in the hands of its worker. */
export interface StepJob {
  readonly parts: RunWorkerParts;
  readonly run: JournalRun;
  readonly step: JournalStep;
  readonly lease: Lease;
}

type DecideStep = (
  run: JournalRun,
  step: JournalStep,
  tx: Db,
) => RunMove | undefined | Promise<RunMove | undefined>;

/** Gathers what the step may use. */
export async function contextOf(job: StepJob, signal = job.lease.signal): Promise<StepContext> {
  const { parts, run, step } = job;
  const target = parts.target(run.target);
  if (!target)
    throw new FirebreakError('UNKNOWN_TARGET', { found: run.target, known: 'those in firebreak.yml' });
  return {
    target,
    now: parts.now(),
    incident: run.incidentId,
    captured: await parts.app.captured(run.target),
    snapshotSchema: `firebreak_${run.incidentId}`,
    earlier: await loadEarlier(parts.store, run.incidentId, run.target),
    incidentOf: async (id) => {
      const found = await loadIncident(parts.store, id);
      return found && { open: isOpen(found), declaredAt: found.declaredAt };
    },
    log: parts.log.child({ incident: run.incidentId, run: run.id }),
    signal,
    since: step.startedAt ?? parts.now(),
    memo: step.memo,
    // Without the attempt: what was done by an earlier one is known by it.
    key: `${run.id}-${run.requestedAt.getTime()}-${step.index}`,
    programs: parts.settings.programs ?? {},
    secrets: parts.settings.secrets ?? {},
    roster: (team) => parts.app.roster(team),
  };
}

/** Where the plan of a step is tried out; nothing when firebreak.yml names no such target. */
export async function rehearsalOf({ parts, run }: StepJob): Promise<Pick<StepContext, 'rehearsal'>> {
  const name = parts.target(run.target)?.config.rehearsal;
  const target = name === undefined ? undefined : parts.target(name);
  if (name === undefined || target === undefined) return {};
  return { rehearsal: { target, captured: await parts.app.captured(name) } };
}

const LOOK_MS = 500;

/** Fires when the lease is lost, when somebody has cancelled the run, and after so long, if that is told. */
export function stopSignal(
  { parts, run, lease }: StepJob,
  timeoutMs?: number,
): { readonly signal: AbortSignal; readonly done: () => void } {
  const stop = new AbortController();
  const look = setInterval(() => {
    isCancelled(parts.store, run.id).then(
      (cancelled) => cancelled && stop.abort(new Error('the run was cancelled')),
      () => undefined,
    );
  }, LOOK_MS);
  const limits = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
  return {
    signal: AbortSignal.any([lease.signal, stop.signal, ...limits]),
    done: () => clearInterval(look),
  };
}

/** Moves the step while it is still in one of these states; undefined when somebody else has moved it. */
export function moveStep(
  { parts, run, step, lease }: StepJob,
  from: readonly StepState[],
  decide: DecideStep,
): Promise<JournalRun | undefined> {
  return moveRun(parts.store, run.id, lease, parts.now(), (current, tx) => {
    const found = current.steps.find(({ index }) => index === step.index);
    if (!found || current.endedAt || !from.includes(found.state)) return undefined;
    return decide(current, found, tx);
  });
}

/** Writes the transaction of a step down, before that transaction commits. */
export const traceStep = ({ parts, run, step, lease }: StepJob, trace: TransactionTrace): Promise<void> =>
  keepTrace(parts.store, run.id, step.index, lease, trace);

/**
 * Tells runs of two stores apart, too: a target remembers the markers of a store that was thrown away. And attempts: what
 * one has left of itself must not keep the next one from its work.
 */
export const markerOf = ({ run, step, lease }: StepJob): Marker => ({
  run: [run.id, run.requestedAt.getTime(), ...(step.retries ? [step.retries] : [])].join('-'),
  step: step.index,
  epoch: lease.epoch,
});

/** An error as one line for people; without what PostgreSQL stores in no text. */
export const inWords = (error: unknown): string =>
  redactedText(storable(error instanceof Error ? error.message : String(error)))
    .split('\n')
    .join('; ')
    .slice(0, 500);
