/** The tables that a down touches: as they are called now, and as they will be called. */
import type { SqlAnalysis } from '../analyse.ts';
import { baseName, splitName } from '../names.ts';
import { snapshotName, untouchedName } from '../snapshot.ts';
import { type TableFacts, tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';
import type { Candidate } from './preflight.ts';

export interface Affected {
  readonly facts: TableFacts;
  readonly plan: PlanTable;
}

/** The tables whose rows or columns the down changes; what only takes a lock elsewhere is not copied. */
export async function affectedTables(target: Target, it: Candidate): Promise<Affected[]> {
  const found = new Map<number, Affected>();
  for (const before of changedTables(it.down)) {
    const facts = await tableFacts(target, it.up.names.tableNow(before));
    if (facts !== undefined) found.set(facts.oid, { facts, plan: planTable(it, before, facts) });
  }
  return [...found.values()];
}

const TABLE_CHANGES = new Set([
  'add-column',
  'drop-column',
  'retype-column',
  'rename-column',
  'rename-table',
  'alter',
  'update',
  'insert',
  'delete',
  'drop',
]);

/** By their names before the up. */
function changedTables(down: SqlAnalysis): Set<string> {
  const effects = down.statements.flatMap((it) => it.effects);
  return new Set(effects.filter((it) => TABLE_CHANGES.has(it.op)).map((it) => it.on));
}

function planTable(it: Candidate, before: string, facts: TableFacts): PlanTable {
  const { name: migration } = it.captured;
  const dropped = it.down.statements.some((s) => s.effects.some((e) => e.op === 'drop' && e.on === before));
  const after = inSchemaOf(facts.name, it.down.names.tableNow(before));
  const base = baseName(after);
  const { xid } = it.applied;
  return {
    name: facts.name,
    oid: facts.oid,
    ...(dropped ? {} : { after }),
    key: [...facts.key],
    snapshot: snapshotName(base, migration, xid),
    ...(facts.key.length === 0 ? {} : { untouched: untouchedName(base, migration, xid) }),
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
