/** The journal of a run's steps: written under the lease of its worker, read back by store/runs.ts. */
import type { Plan } from '../domain/plan.ts';
import type { EarlierAction, JournalStep } from '../domain/run.ts';
import type { StepMove } from '../domain/run-moves.ts';
import type { BoundStep } from '../domain/runbook.ts';
import { storable, storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

export async function insertStep(tx: Db, run: number, index: number, step: BoundStep): Promise<void> {
  await tx.query(
    `insert into run_steps (run_id, index, name, kind, risk, input, state, policy, conditions)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      run,
      index,
      step.name,
      step.kind,
      step.risk,
      json(step.input),
      step.skipped ? 'skipped' : 'pending',
      json(step.policy),
      json(step.conditions),
    ],
  );
}

/**
 * Moves a step; fields that are not named keep their value, or lose it when the step begins anew. False when a newer
 * lease has written it.
 */
export async function setStep(tx: Db, run: number, move: StepMove, epoch?: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update run_steps
        set state = $3, epoch = coalesce($4, epoch), waits_for = $13, retries = coalesce($12, retries),
            trace      = case when $14 then null else trace end,
            started_at = coalesce($5, case when $14 then null else started_at end),
            ended_at   = coalesce($6, case when $14 then null else ended_at end),
            verdict    = coalesce($7, case when $14 then null else verdict end),
            plan       = coalesce($8, case when $14 then null else plan end),
            outcome    = coalesce($9, case when $14 then null else outcome end),
            output     = coalesce($10, case when $14 then null else output end),
            memo       = coalesce($11, case when $14 then null else memo end)
      where run_id = $1 and index = $2 and ($4::bigint is null or epoch is null or epoch <= $4)`,
    [
      run,
      move.index,
      move.state,
      epoch,
      move.startedAt,
      move.endedAt,
      move.verdict && storable(move.verdict),
      json(move.plan),
      json(move.outcome),
      json(move.output),
      json(move.memo),
      move.retries,
      move.waitsFor,
      move.anew === true,
    ],
  );
  return rowCount === 1;
}

/** Keeps the transaction of a step that runs under this lease. False when it does not any more. */
export async function setTrace(
  tx: Db,
  run: number,
  index: number,
  trace: JournalStep['trace'],
  epoch: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update run_steps set trace = $3
      where run_id = $1 and index = $2 and state = 'running' and epoch = $4`,
    [run, index, json(trace), epoch],
  );
  return rowCount === 1;
}

/** Executions of dangerous steps since then, on all targets. */
export async function countDangerous(db: Db, since: Date): Promise<number> {
  const result = await db.query<{ count: number }>('select count(*) as count from executions where at > $1', [
    since,
  ]);
  return first(result)?.count ?? 0;
}

/** A dangerous step is about to be executed. */
export async function recordExecution(tx: Db, run: number, step: number, at: Date): Promise<void> {
  await tx.query('insert into executions (run_id, step, at) values ($1, $2, $3)', [run, step, at]);
}

/** Executions are counted one after the other: two at once would both see the last free place. */
export async function lockBreaker(tx: Db): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('firebreak breaker', 0))`);
}

/** What was done to a target earlier in an incident, newest first. */
export async function loadEarlier(
  db: Db,
  incidentId: number,
  target: string,
): Promise<readonly EarlierAction[]> {
  const { rows } = await db.query<EarlierRow>(
    `select s.run_id, s.index, s.kind, s.plan, s.outcome, s.trace
       from run_steps s
       join runs r on r.id = s.run_id
      where r.incident_id = $1 and r.target = $2 and s.risk = 'dangerous' and s.state = 'done'
      order by s.run_id desc, s.index desc`,
    [incidentId, target],
  );
  return rows.map(({ run_id, index, kind, plan, outcome, trace }) => ({
    run: run_id,
    step: index,
    kind,
    plan,
    outcome,
    ...(trace ? { trace } : {}),
  }));
}

interface EarlierRow {
  readonly run_id: number;
  readonly index: number;
  readonly kind: string;
  readonly trace: JournalStep['trace'] | null;
  readonly plan: Plan;
  readonly outcome: EarlierAction['outcome'];
}

/** A value for a jsonb column; undefined is null. */
export const json = (value: unknown): string | undefined =>
  value === undefined ? undefined : storableJson(value);
