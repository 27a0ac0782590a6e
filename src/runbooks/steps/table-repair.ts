/** Puts the right values back into the rows that nobody has written since the migration damaged them. */
import { z } from 'zod';
import { appliedMigrations } from '../../databases/history.ts';
import { shortName } from '../../databases/names.ts';
import type { Culprit } from '../../databases/repair/damage.ts';
import { executeRepair, leftToRepair, planRepair } from '../../databases/repair.ts';
import { readRollbackInputs } from '../../databases/rollback/inputs.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';
import type { EarlierAction } from '../../domain/run.ts';
import { batched, resolveBatched } from '../batched.ts';
import { defineStep, type StepContext } from '../step.ts';

const Input = z.strictObject({
  table: z.string().min(1),
  /** The run that rolled the migration back. */
  run: z.number().int().optional(),
  migration: z.string().min(1).optional(),
});
type Input = z.infer<typeof Input>;

/** What damaged the table, and which transaction undid it: its writes are no customer's. */
type Damage = Omit<Culprit, 'captured'>;

export default defineStep({
  kind: 'table-repair',
  risk: 'dangerous',
  dryRun: 'The plan counts the rows that can be put back and the conflicts, and shows samples.',
  input: Input,
  async plan(context, input) {
    const damage = await damageOf(context, input);
    if ('ok' in damage) return damage;
    const { target, snapshotSchema, captured } = context;
    return planRepair(target, { ...damage, captured, table: input.table, snapshotSchema });
  },
  execute: ({ target }, plan, options) => executeRepair(target, plan, batched(options)),
  resolve: ({ target }, plan, marker, trace) =>
    resolveBatched(target, marker, trace, () => leftToRepair(target, plan)),
});

async function damageOf(context: StepContext, input: Input): Promise<Damage | Refusal> {
  const rollback = rollbackFor(context.earlier, input);
  if (rollback) return damageUndoneBy(rollback);
  const { migration, run } = input;
  if (migration !== undefined && run === undefined) return damageInPlace(context, migration);
  return refuse('NO_SUCH_ROLLBACK', { found: run === undefined ? '' : `number ${run} `, table: input.table });
}

/** The run that was named, or the newest rollback: of the named migration, or of any that touched the table. */
function rollbackFor(earlier: readonly EarlierAction[], input: Input): EarlierAction | undefined {
  const rollbacks = earlier.filter(({ kind }) => kind === 'migration-rollback');
  if (input.run !== undefined) return rollbacks.find(({ run }) => run === input.run);
  return rollbacks.find(({ plan }) => {
    const { migration, tables, damaged } = readRollbackInputs(plan.inputs);
    if (input.migration !== undefined) return migration === input.migration;
    const touched = [...tables.map(({ after }) => after ?? ''), ...damaged.map(({ table }) => table)];
    return touched.map(shortName).includes(shortName(input.table));
  });
}

function damageUndoneBy({ plan, trace }: EarlierAction): Damage | Refusal {
  const { migration, migrationXid, fileHash, damaged, ownTransaction } = readRollbackInputs(plan.inputs);
  if (ownTransaction) return refuse('REPAIR_ROWS_UNKNOWN', { migration });
  const rolledBack = { fileHash, damaged };
  return { migration, migrationXid, rolledBack, ...(trace ? { rollbackXid: trace.xid } : {}) };
}

/** The migration is still applied: its transaction is in the history. */
async function damageInPlace({ target }: StepContext, migration: string): Promise<Damage | Refusal> {
  const applied = await appliedMigrations(target);
  const found = applied.find(({ name }) => name === migration);
  if (found?.ownTransaction) return refuse('REPAIR_ROWS_UNKNOWN', { migration });
  if (found) return { migration, migrationXid: found.xid };
  return refuse('MIGRATION_NOT_APPLIED', {
    migration,
    target: target.name,
    newest: applied[0]?.name ?? 'none',
  });
}
