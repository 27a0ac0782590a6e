/** Rolls the newest migration back by its captured down, with a snapshot, under lock timeouts. */
import { z } from 'zod';
import { keptBefore } from '../../databases/guard/journal.ts';
import { rehearsed } from '../../databases/rehearsal.ts';
import { executeRollback, planRollback, resolveRollback } from '../../databases/rollback.ts';
import type { ActionOutcome, Plan } from '../../domain/plan.ts';
import { isLarge, largeInput } from '../large.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'migration-rollback',
  risk: 'dangerous',
  dryRun: 'The plan shows the exact SQL; executing it to roll it back again would lock the tables.',
  input: z.strictObject({ migration: z.string().min(1), large: largeInput }),
  async plan({ target, captured, snapshotSchema, rehearsal, signal }, { migration, large }) {
    const kept = await keptBefore(target, migration);
    const wish = { migration, captured, snapshotSchema, kept, large: isLarge(large) };
    const planned = await planRollback(target, wish);
    if (!planned.ok || rehearsal === undefined) return planned;
    return { ok: true, plan: await rehearsed(target, planned.plan, { ...rehearsal, own: captured, signal }) };
  },
  execute: ({ target, captured }, plan, { marker, onXid, signal }) =>
    executeRollback(target, plan, { marker, onXid, signal, captured }),
  resolve: ({ target }, plan, marker, trace) => resolveRollback(target, plan, marker, trace),
  after(plan, outcome) {
    const advice = adviceOf(plan, outcome);
    return { hold: migrationOf(plan), ...(advice === undefined ? {} : { advice }) };
  },
});

/** The schema is back; the values that the up overwrote are not. */
function adviceOf(plan: Plan, { facts }: ActionOutcome): string | undefined {
  const suspect = Number(facts['data_suspect'] ?? Number.NaN);
  if (suspect > 0) {
    const tables = Object.keys(facts['data_suspect_tables'] ?? {}).join(', ');
    return `The data is still wrong (${suspect} rows of ${tables}): a repair is proposed, runbook \`table-repair\` with the table.`;
  }
  // Only a look from outside, right after the execution, counts them: not so when it was found out about later.
  if (facts['xid'] !== undefined || !hasNotUndone(plan)) return undefined;
  return 'Whether the data is right is not known: the down does not undo all that the up did.';
}

const migrationOf = (plan: Plan): string => z.object({ migration: z.string() }).parse(plan.inputs).migration;

const hasNotUndone = (plan: Plan): boolean =>
  z.object({ notUndone: z.array(z.string()).default([]) }).parse(plan.inputs).notUndone.length > 0;
