/** Runs and the journal of their steps. */
import type { Plan } from '../domain/plan.ts';
import type { Approval, JournalRun, JournalStep, RunState } from '../domain/run.ts';
import type { RunMove } from '../domain/run-moves.ts';
import type { BoundStep } from '../domain/runbook.ts';
import { insertStep, json } from './run-steps.ts';
import { type Db, first } from './store.ts';

interface RunRow {
  readonly id: number;
  readonly incident_id: number;
  readonly runbook: string;
  readonly title: string;
  readonly target: string;
  readonly params: JournalRun['params'];
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly state: RunState;
  readonly ended_at: Date | null;
  readonly cancelled_by: string | null;
  readonly reopened_by: readonly string[];
}

interface StepRow {
  readonly run_id: number;
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly risk: JournalStep['risk'];
  readonly input: JournalStep['input'];
  readonly state: JournalStep['state'];
  readonly epoch: number | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly verdict: string | null;
  readonly plan: Plan | null;
  readonly trace: JournalStep['trace'] | null;
  readonly outcome: JournalStep['outcome'] | null;
  readonly output: unknown;
  readonly policy: JournalStep['policy'] | null;
  readonly conditions: JournalStep['conditions'] | null;
  readonly waits_for: JournalStep['waitsFor'] | null;
  readonly memo: unknown;
  readonly retries: number;
  readonly plan_hash: string | null;
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly decision: NonNullable<Approval['decision']>['kind'] | null;
  readonly decided_by: string;
  readonly decided_at: Date;
  readonly reason: string | null;
}

export interface NewRun extends Omit<JournalRun, 'id' | 'state' | 'steps' | 'endedAt'> {
  readonly steps: readonly BoundStep[];
}

const RUN =
  'id, incident_id, runbook, title, target, params, requested_by, requested_at, state, ended_at, cancelled_by, reopened_by';

/** Undefined when another active run may change the same target. */
export async function insertRun(tx: Db, run: NewRun): Promise<number | undefined> {
  const dangerous = run.steps.some(({ risk, skipped }) => risk === 'dangerous' && !skipped);
  const result = await tx.query<{ id: number }>(
    `insert into runs (incident_id, runbook, title, target, params, requested_by, requested_at, dangerous, state, due_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'running', $7)
     on conflict (target) where ended_at is null and dangerous do nothing
     returning id`,
    [
      run.incidentId,
      run.runbook,
      run.title,
      run.target,
      json(run.params),
      run.requestedBy,
      run.requestedAt,
      dangerous,
    ],
  );
  const id = first(result)?.id;
  if (id !== undefined) for (const [at, step] of run.steps.entries()) await insertStep(tx, id, at + 1, step);
  return id;
}

export async function loadRun(db: Db, id: number): Promise<JournalRun | undefined> {
  const { rows } = await db.query<RunRow>(`select ${RUN} from runs where id = $1`, [id]);
  return (await withSteps(db, rows))[0];
}

/** Loads a run and keeps others from moving it until the transaction ends. */
export async function lockRun(tx: Db, id: number): Promise<JournalRun | undefined> {
  // The incident first, as whoever starts a run does: in the other order the two wait for each other.
  await tx.query(
    'select from incidents i join runs r on r.incident_id = i.id where r.id = $1 for update of i',
    [id],
  );
  await tx.query('select from runs where id = $1 for update', [id]);
  return loadRun(tx, id);
}

/** The runs of an incident, oldest first. */
export async function loadRuns(db: Db, incidentId: number): Promise<readonly JournalRun[]> {
  const { rows } = await db.query<RunRow>(`select ${RUN} from runs where incident_id = $1 order by id`, [
    incidentId,
  ]);
  return withSteps(db, rows);
}

/** Runs with a plan or a gate that waits for an approver, oldest first. */
export async function runsAwaitingApproval(db: Db): Promise<readonly JournalRun[]> {
  const { rows } = await db.query<RunRow>(
    `select ${RUN}
       from runs r
      where ended_at is null
        and (state = 'awaiting_approval'
             or exists (select from run_steps s
                         where s.run_id = r.id and s.state = 'waiting' and s.waits_for = 'approver'))
      order by id`,
  );
  return withSteps(db, rows);
}

/** The run that may still change a target. */
export async function activeRun(db: Db, target: string): Promise<JournalRun | undefined> {
  const { rows } = await db.query<RunRow>(
    `select ${RUN} from runs where target = $1 and ended_at is null and dangerous`,
    [target],
  );
  return (await withSteps(db, rows))[0];
}

/** Runs that have something to do at this time, by number. */
export async function dueRuns(db: Db, now: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: number }>('select id from runs where due_at <= $1 order by due_at', [
    now,
  ]);
  return rows.map(({ id }) => String(id));
}

/** Whether this run has something to do at this time. */
export async function isRunDue(db: Db, id: number, now: Date): Promise<boolean> {
  const { rowCount } = await db.query('select from runs where id = $1 and due_at <= $2', [id, now]);
  return rowCount === 1;
}

/** Whether somebody wants the run ended, or it has ended. */
export async function isCancelled(db: Db, id: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from runs where id = $1 and (cancelled_by is not null or ended_at is not null)',
    [id],
  );
  return rowCount === 1;
}

/** Where a run stands, and when its worker has to look again. One that goes on is cancelled no more. */
export async function setRun(tx: Db, id: number, run: RunMove['run']): Promise<void> {
  await tx.query(
    `update runs
        set state = $2, due_at = $3, ended_at = $4,
            cancelled_by = case when ended_at is null then coalesce($5, cancelled_by) end,
            reopened_by = case when $6::text is null then reopened_by else array_append(reopened_by, $6) end
      where id = $1`,
    [id, run.state, run.dueAt, run.endedAt, run.cancelledBy, run.reopenedBy],
  );
}

async function withSteps(db: Db, runs: readonly RunRow[]): Promise<readonly JournalRun[]> {
  const { rows } = await db.query<StepRow>(
    `select s.run_id, s.index, s.name, s.kind, s.risk, s.input, s.state, s.epoch, s.started_at, s.ended_at,
            s.verdict, s.plan, s.trace, s.outcome, s.output,
            s.policy, s.conditions, s.waits_for, s.memo, s.retries,
            a.plan_hash, a.requested_by, a.requested_at, a.expires_at, a.decision, a.decided_by, a.decided_at, a.reason
       from run_steps s
       left join approvals a on a.run_id = s.run_id and a.step = s.index and a.plan_hash = s.plan ->> 'hash'
            and a.attempt = s.retries
      where s.run_id = any ($1)
      order by s.run_id, s.index`,
    [runs.map(({ id }) => id)],
  );
  return runs.map((run) =>
    toRun(
      run,
      rows.filter(({ run_id }) => run_id === run.id),
    ),
  );
}

const toRun = (row: RunRow, steps: readonly StepRow[]): JournalRun => ({
  id: row.id,
  incidentId: row.incident_id,
  runbook: row.runbook,
  title: row.title,
  target: row.target,
  params: row.params,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  state: row.state,
  ...(row.ended_at ? { endedAt: row.ended_at } : {}),
  ...(row.cancelled_by === null ? {} : { cancelledBy: row.cancelled_by }),
  ...(row.reopened_by.length === 0 ? {} : { reopenedBy: row.reopened_by }),
  steps: steps.map(toStep),
});

const toStep = (row: StepRow): JournalStep => ({
  index: row.index,
  name: row.name,
  kind: row.kind,
  risk: row.risk,
  input: row.input,
  state: row.state,
  ...(row.epoch === null ? {} : { epoch: row.epoch }),
  ...(row.started_at ? { startedAt: row.started_at } : {}),
  ...(row.ended_at ? { endedAt: row.ended_at } : {}),
  ...(row.verdict === null ? {} : { verdict: row.verdict }),
  ...(row.plan ? { plan: row.plan } : {}),
  ...(row.trace ? { trace: row.trace } : {}),
  ...(row.outcome ? { outcome: row.outcome } : {}),
  ...(row.output === null ? {} : { output: row.output }),
  ...(row.policy ? { policy: row.policy } : {}),
  ...(row.conditions ? { conditions: row.conditions } : {}),
  ...(row.waits_for ? { waitsFor: row.waits_for } : {}),
  ...(row.memo === null ? {} : { memo: row.memo }),
  ...(row.retries === 0 ? {} : { retries: row.retries }),
  ...(row.plan_hash === null ? {} : { approval: toApproval(row, row.plan_hash) }),
});

const toApproval = (row: StepRow, planHash: string): Approval => ({
  planHash,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  expiresAt: row.expires_at,
  ...(row.decision ? { decision: toDecision(row, row.decision) } : {}),
});

const toDecision = (
  { decided_by: by, decided_at: at, reason }: StepRow,
  kind: NonNullable<StepRow['decision']>,
): NonNullable<Approval['decision']> => ({
  kind,
  by,
  at,
  ...(reason === null ? {} : { brokenFor: reason }),
});
