/** The look from outside after an execution. */
import type { ActionOutcome } from '../../domain/plan.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import type { Done } from '../attempts.ts';
import { shortName } from '../names.ts';
import { runProbes } from '../probe.ts';
import type { Target } from '../target.ts';
import type { ExecuteInputs } from './inputs.ts';
import type { Executed } from './transaction.ts';

/** What is true now. It is committed: no failure in here may read as if it were not. */
export async function verified(
  target: Target,
  inputs: ExecuteInputs,
  done: Done<Executed>,
): Promise<ActionOutcome> {
  const probes = await runProbes(target);
  const [first] = done.copies;
  const facts = {
    statements: inputs.statements.map(({ does }, i) => ({ does, rows: done.rows[i] ?? 0 })),
    changed: done.changed,
    tables: done.copies,
    rows: done.copies.reduce((sum, it) => sum + it.rows, 0),
    checksum: first?.checksum ?? null,
    snapshot_table: first?.snapshot ?? null,
    duration_ms: done.duration_ms,
    attempts: done.attempts,
    xid: done.xid,
  };
  return { state: 'done', verdict: verdictOf(target, inputs, done, probes), facts, probes };
}

function verdictOf(
  target: Target,
  { statements }: ExecuteInputs,
  { rows, copies }: Executed,
  probes: readonly ProbeResult[],
): string {
  const kept = copies.map(
    ({ table, snapshot, rows: n }) => `${n} rows of ${shortName(table)} are kept in ${snapshot}`,
  );
  const done = statements.map(({ does }, i) => `${does} (${rows[i] ?? 0} rows)`);
  const red = probes.filter(({ ok }) => !ok).map(({ name }) => name);
  return [
    statements.length === 0 ? `Copied on ${target.name}` : `Executed on ${target.name}: ${done.join('; ')}`,
    ...kept,
    ...(red.length === 0 ? [] : [`red probes: ${red.join(', ')}`]),
  ]
    .join('; ')
    .concat('.');
}
