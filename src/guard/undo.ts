/** Undoes what a guard has just run: rolls back newest first, then puts back the rows that nobody wrote since. */
import type { BatchOptions } from '../databases/batches.ts';
import { shortName } from '../databases/names.ts';
import { runProbes } from '../databases/probe.ts';
import type { EarlierStep } from '../databases/restore/find.ts';
import { executeRestore, planRestore } from '../databases/restore.ts';
import type { KeptTable } from '../databases/rollback/inputs.ts';
import { executeRollback, planRollback } from '../databases/rollback.ts';
import type { ActionOutcome, Plan, TransactionTrace } from '../domain/plan.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import { explainRefusal } from '../errors.ts';
import type { Guarding } from './guard.ts';

/** Others wait for the same locks: it tries for longer than a person would. */
const ATTEMPTS = 20;

/** 3 undone, 4 with rows that somebody wrote since, 5 not undone. */
export async function undo(
  it: Guarding,
  fresh: readonly AppliedMigration[],
  kept: readonly KeptTable[],
): Promise<3 | 4 | 5> {
  let last: EarlierStep | undefined;
  for (const [index, { name }] of fresh.entries()) {
    // Rows are known by the transactions of all of them: they are put back once the oldest one is undone.
    const oldest = index === fresh.length - 1;
    last = await rollBack(it, name, index + 1, oldest ? kept : []);
    if (last === undefined) return 5;
  }
  const conflicts = last === undefined ? 0 : await restoreAll(it, last, kept);
  const red = (await runProbes(it.target)).filter(({ ok }) => !ok).map(({ name }) => name);
  if (red.length === 0) await it.told('green', `All probes of ${it.target.name} are green again`);
  else
    await it.told(
      'note',
      `UNDONE, BUT STILL RED: ${red.join(', ')}. The migration was not all that is wrong.`,
    );
  return conflicts > 0 ? 4 : 3;
}

const markerOf = ({ start }: Guarding, step: number) => ({ run: `guard-${start.id}`, step, epoch: 0 });

async function rollBack(
  it: Guarding,
  migration: string,
  step: number,
  kept: readonly KeptTable[],
): Promise<EarlierStep | undefined> {
  const { target, captured, keeping } = it;
  const refused = async (text: string): Promise<undefined> => {
    await it.told('proposed', `${migration} was not rolled back: ${text}`, { migrations: [migration] });
  };
  const planned = await planRollback(target, {
    migration,
    captured,
    snapshotSchema: keeping.schema,
    kept,
    large: it.large,
  });
  if (!planned.ok) {
    const { message, fix } = explainRefusal(planned);
    return refused(`${message} ${fix}`);
  }
  let trace: TransactionTrace = { xid: '' };
  const outcome = await executeRollback(target, planned.plan, {
    marker: markerOf(it, step),
    attempts: ATTEMPTS,
    onXid: (known) => {
      trace = known;
      return stillOurs(it);
    },
  });
  if (outcome.state !== 'done') return refused(outcome.verdict);
  await it.told(
    'rolled-back',
    `${outcome.verdict} Decided by policy: targets.${target.name}.guard.undo is auto.`,
    {
      migration,
      hash: planned.plan.hash,
      xid: trace.xid,
      not_undone: outcome.facts['not_undone'],
    },
  );
  return { run: step, kind: 'migration-rollback', plan: planned.plan, trace };
}

/** A guard that lost its connection has lost its lock as well: the bot may have proposed the undo to people by now. */
const stillOurs = async ({ client }: Guarding): Promise<void> => {
  await client.query('select 1');
};

async function restoreAll(it: Guarding, from: EarlierStep, kept: readonly KeptTable[]): Promise<number> {
  let conflicts = 0;
  for (const [index, { table }] of kept.entries()) conflicts += await restoreOne(it, from, table, index);
  return conflicts;
}

async function restoreOne(it: Guarding, from: EarlierStep, table: string, index: number): Promise<number> {
  const { target, keeping } = it;
  const planned = await planRestore(target, { table, snapshotSchema: keeping.schema, earlier: [from] });
  if (!planned.ok) {
    const { message, fix } = explainRefusal(planned);
    await it.told('note', `${message} ${fix}`);
    return Number(planned.values['conflicts'] ?? 0);
  }
  const outcome = await executed(it, planned.plan, index);
  await it.told('restored', `${outcome.verdict} Decided by policy.`, {
    table: shortName(table),
    hash: planned.plan.hash,
    restored: outcome.facts['restored'],
    conflicts: outcome.facts['conflicts'],
    conflict_keys: outcome.facts['conflict_keys'],
  });
  return outcome.state === 'done' ? Number(outcome.facts['conflicts'] ?? 0) : 1;
}

function executed(it: Guarding, plan: Plan, index: number): Promise<ActionOutcome> {
  const options: BatchOptions = { marker: markerOf(it, 100 + index), onXid: () => stillOurs(it) };
  return executeRestore(it.target, plan, options);
}
