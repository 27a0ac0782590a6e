/** What was approved, refused or let expire: one row a plan. */
import type { TargetIdentity } from '../domain/plan.ts';
import type { Approval } from '../domain/run.ts';
import { type Db, first } from './store.ts';

/** Asks for an approval, or records its decision. */
export async function saveApproval(
  tx: Db,
  run: number,
  step: number,
  identity: TargetIdentity,
  approval: Approval,
  attempt = 0,
): Promise<void> {
  const { planHash, requestedBy, requestedAt, expiresAt, decision } = approval;
  await tx.query(
    `insert into approvals (run_id, step, plan_hash, identity, requested_by, requested_at, expires_at,
                            decision, decided_by, decided_at, reason, attempt)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (run_id, step, plan_hash, attempt) do update
        set decision = excluded.decision, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
            reason = excluded.reason`,
    [
      run,
      step,
      planHash,
      JSON.stringify(identity),
      requestedBy,
      requestedAt,
      expiresAt,
      decision?.kind,
      decision?.by,
      decision?.at,
      decision?.brokenFor,
      attempt,
    ],
  );
}

/** The database that the approver saw. */
export async function approvedIdentity(
  db: Db,
  run: number,
  step: number,
  planHash: string,
  attempt: number,
): Promise<TargetIdentity | undefined> {
  const result = await db.query<{ identity: TargetIdentity }>(
    'select identity from approvals where run_id = $1 and step = $2 and plan_hash = $3 and attempt = $4',
    [run, step, planHash, attempt],
  );
  return first(result)?.identity;
}
