/** The tables that a down touches: as they are called now, and as they will be called. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { splitName } from '../names.ts';
import { snapshotName, untouchedName } from '../snapshot.ts';
import type { Target } from '../target.ts';
import { changesTable, type Touched, type TouchedTable, tablesTouched } from '../touched.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';
import type { Candidate } from './preflight.ts';

export interface Affected extends TouchedTable {
  readonly plan: PlanTable;
}

/** What a down changes. */
export interface Down extends Omit<Touched, 'tables'> {
  readonly affected: readonly Affected[];
}

/** What only takes a lock elsewhere is not copied. What cannot be found cannot be: then there is no plan. */
export async function tablesOf(
  target: Target,
  it: Candidate,
): Promise<{ readonly ok: true; readonly value: Down } | Refusal> {
  const touched = await tablesTouched(target, it.down, it.up.names);
  if ('unseen' in touched) {
    const values = { migration: it.captured.name, table: touched.unseen, target: target.name };
    return refuse('MIGRATION_DOWN_TABLE_UNSEEN', values);
  }
  const { tables, ...rest } = touched;
  return {
    ok: true,
    value: { ...rest, affected: tables.map((one) => ({ ...one, plan: planTable(it, one) })) },
  };
}

function planTable(it: Candidate, { before: names, facts, written }: TouchedTable): PlanTable {
  const [before = facts.name] = names;
  const { name: migration } = it.captured;
  const dropped = it.down.statements.some((s) =>
    s.effects.some((e) => e.op === 'drop' && changesTable(e) && e.on === before),
  );
  const after = inSchemaOf(facts.name, it.down.names.tableNow(before));
  const { xid } = it.applied;
  return {
    name: facts.name,
    oid: facts.oid,
    written: [...written],
    ...(dropped ? {} : { after }),
    key: [...facts.key],
    snapshot: snapshotName(after, migration, xid),
    ...(facts.key.length === 0 || it.applied.ownTransaction
      ? {}
      : { untouched: untouchedName(after, migration, xid) }),
    droppedColumns: it.up.dropped
      .filter((one) => one.table === before)
      .map((one) => it.down.names.columnNow(before, one.column)),
  };
}

function inSchemaOf(name: string, other: string): string {
  return splitName(other).length > 1 ? other : `${splitName(name)[0] ?? 'public'}.${other}`;
}

/** What the up wrote or dropped, by the names that hold after the down. */
export function damagedBy(it: Candidate): RollbackInputs['damaged'] {
  const columns = new Map<string, Set<string>>();
  const add = (table: string, column: string): void => {
    columns.set(table, (columns.get(table) ?? new Set()).add(column));
  };
  for (const { table, columns: written } of it.up.written) for (const column of written) add(table, column);
  for (const { table, column } of it.up.dropped) add(table, column);
  return [...columns].map(([table, names]) => ({
    table: it.down.names.tableNow(table),
    columns: [...names].map((column) => it.down.names.columnNow(table, column)),
  }));
}
