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
    last = await rollBack(it, name, { step: index + 1, kept: oldest ? kept : [], notLast: !oldest });
    if (last === undefined) return 5;
  }
  const wrong = last === undefined ? 0 : await restoreAll(it, last, kept);
  const red = (await runProbes(it.target)).filter(({ ok }) => !ok).map(({ name }) => name);
  if (red.length === 0) await it.told('green', `All probes of ${it.target.name} are green again`);
  else
    await it.told(
      'note',
      `UNDONE, BUT STILL RED: ${red.join(', ')}. The migration was not all that is wrong.`,
    );
  return wrong > 0 || it.incomplete ? 4 : 3;
}

const markerOf = ({ start }: Guarding, step: number) => ({ run: `guard-${start.id}`, step, epoch: 0 });

async function rollBack(
  it: Guarding,
  migration: string,
  {
    step,
    kept,
    notLast,
  }: { readonly step: number; readonly kept: readonly KeptTable[]; readonly notLast: boolean },
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
    notLast,
    onXid: (known) => {
      trace = known;
      return stillOurs(it);
    },
  });
  if (outcome.state === 'unknown') {
    await it.told('proposed', `Whether ${migration} was rolled back is not known: ${outcome.verdict}`, {
      migrations: [migration],
    });
    return undefined;
  }
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

/** Answers how many rows, or tables, are not as they were. What others have to be there for is tried again after them. */
async function restoreAll(it: Guarding, from: EarlierStep, kept: readonly KeptTable[]): Promise<number> {
  let wrong = 0;
  let left = kept.map(({ table }) => table);
  for (let round = 0; left.length > 0; round += 1) {
    const failed: string[] = [];
    for (const [index, table] of left.entries()) {
      const rest = await restoreOne(it, from, table, 100 * (round + 1) + index);
      if (rest === undefined) failed.push(table);
      else wrong += rest;
    }
    if (failed.length === left.length) return wrong + failed.length;
    left = failed;
  }
  return wrong;
}

/** Undefined: it stopped, maybe since rows that it refers to are not there yet. */
async function restoreOne(
  it: Guarding,
  from: EarlierStep,
  table: string,
  step: number,
): Promise<number | undefined> {
  const { target, keeping } = it;
  const planned = await planRestore(target, { table, snapshotSchema: keeping.schema, earlier: [from] });
  if (!planned.ok) {
    const { message, fix } = explainRefusal(planned);
    await it.told('note', `${message} ${fix}`);
    return planned.code === 'NOTHING_TO_RESTORE' ? Number(planned.values['conflicts'] ?? 0) : 1;
  }
  const { state, verdict, facts } = await executed(it, planned.plan, step);
  await it.told('restored', `${verdict} Decided by policy.`, {
    table: shortName(table),
    hash: planned.plan.hash,
    restored: facts['restored'],
    conflicts: facts['conflicts'],
    conflict_keys: facts['conflict_keys'],
  });
  if (state !== 'done') return undefined;
  return typeof facts['conflicts'] === 'number' ? facts['conflicts'] + Number(facts['left'] ?? 0) : 1;
}

function executed(it: Guarding, plan: Plan, step: number): Promise<ActionOutcome> {
  const options: BatchOptions = { marker: markerOf(it, step), onXid: () => stillOurs(it) };
  return executeRestore(it.target, plan, options);
}
