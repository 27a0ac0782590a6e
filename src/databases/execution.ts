/** What every execution of a plan shares: whether the plan still holds, its settings, what its failures mean. */
import type { Plan } from '../domain/plan.ts';
import { FirebreakError } from '../errors.ts';
import { Stop, type Stopped, stopped } from './outcome.ts';
import { errorText, isPrivilege, sqlstateOf } from './pg-errors.ts';
import { planHash } from './plan-hash.ts';
import { identityText, sameIdentity, type Target } from './target.ts';

const IDLE_TIMEOUT_MS = 10_000;

/** Why an approved plan no longer holds: it was changed, or its database is another one now. */
export async function voidReason(target: Target, plan: Plan): Promise<string | undefined> {
  if (planHash(plan) !== plan.hash) return 'The plan is not the one that its hash names.';
  const identity = await target.identity();
  if (sameIdentity(identity, plan.identity)) return undefined;
  return `The plan was made for ${identityText(plan.identity)}; this is ${identityText(identity)}.`;
}

/**
 * Opens a transaction; nothing that is set outlives it. A bot that is frozen in it loses it, locks and all, by the
 * idle timeout. With row security off a policy makes a statement fail, where it would have hidden rows.
 * What is committed is on disk before it is said to be.
 */
export const beginSql = (
  limits: { readonly lockTimeoutMs: number; readonly statementTimeoutMs: number },
  isolation: 'read committed' | 'repeatable read' = 'read committed',
): string =>
  [
    `begin isolation level ${isolation} read write`,
    `set local lock_timeout = ${Math.ceil(limits.lockTimeoutMs)}`,
    `set local statement_timeout = ${Math.ceil(limits.statementTimeoutMs)}`,
    `set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS}`,
    'set local row_security = off',
    'set local synchronous_commit = on',
  ].join('; ');

/** Before a COMMIT was sent, a failure of any kind means that the server rolled back. */
export function failure(error: unknown): Stopped {
  if (error instanceof Stop) return error.outcome;
  if (error instanceof FirebreakError) {
    const code = error.code === 'TARGET_IDENTITY_MISMATCH' ? 'PLAN_VOID' : 'REFUSED';
    return stopped(code, `${error.message} ${error.fix}`);
  }
  const sqlstate = sqlstateOf(error);
  const facts = sqlstate === undefined ? {} : { sqlstate };
  if (isPrivilege(error)) {
    const fix = 'the ddl role must own the tables and have CREATE on the database';
    return stopped('REFUSED', `A privilege is missing: ${errorText(error)}; ${fix}.`, facts);
  }
  return stopped('FAILED', `${errorText(error)}. Everything was rolled back.`, facts);
}
