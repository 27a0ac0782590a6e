/** The tables that a down touches: as they are called now, and as they will be called. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { plain } from '../analyse/names.ts';
import type { Effect, SqlAnalysis } from '../analyse.ts';
import { splitName } from '../names.ts';
import { isPrivilege } from '../pg-errors.ts';
import { snapshotName, untouchedName } from '../snapshot.ts';
import { type TableFacts, tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';
import type { Candidate } from './preflight.ts';
import { reachedFrom, type Write } from './reach.ts';

export interface Affected {
  /** By its names before the up; none when only a foreign key leads there. */
  readonly before: readonly string[];
  readonly facts: TableFacts;
  readonly plan: PlanTable;
}

/** What a down changes. */
export interface Touched {
  readonly affected: readonly Affected[];
  /** Names that it makes, or drops if they are there. */
  readonly fresh: readonly string[];
  /** The rows that it writes itself. */
  readonly writes: readonly Write[];
  /** Those that foreign keys make it write. */
  readonly reached: readonly Write[];
}

/**
 * The tables whose rows or columns the down changes, also through foreign keys; what only takes a lock elsewhere is
 * not copied. What cannot be found can be neither locked nor copied: then there is no plan.
 */
export async function tablesTouched(
  target: Target,
  it: Candidate,
): Promise<{ readonly ok: true; readonly value: Touched } | Refusal> {
  const found = new Map<number, Affected>();
  const fresh: string[] = [];
  const unseen = (table: string): Refusal =>
    refuse('MIGRATION_DOWN_TABLE_UNSEEN', { migration: it.captured.name, table, target: target.name });
  for (const changed of changedTables(it.down)) {
    const now = it.up.names.tableNow(changed.before);
    const [first = now] = changed.names;
    const facts = await seen(target, first);
    if (facts === undefined && !changed.maybeMissing) return unseen(first);
    const known = facts === undefined ? [] : [...changed.names].filter((name) => plain(name) === now);
    fresh.push(...[...changed.names].filter((name) => !known.includes(name)));
    if (facts !== undefined) found.set(facts.oid, merged(it, changed.before, facts, known, found));
  }
  const writes = writesOf(it, [...found.values()]);
  const reached = await reachedFrom(target, writes);
  for (const { oid, table } of reached) {
    if (found.has(oid)) continue;
    const facts = await seen(target, table);
    if (facts === undefined) return unseen(table);
    found.set(oid, { before: [], facts, plan: planTable(it, facts.name, facts, []) });
  }
  return { ok: true, value: { affected: [...found.values()], fresh, writes, reached } };
}

/** A schema that may not be used hides its tables. */
const seen = (target: Target, name: string): Promise<TableFacts | undefined> =>
  tableFacts(target, name).catch((error: unknown) => {
    if (isPrivilege(error)) return undefined;
    throw error;
  });

/** One table may be written with its schema and without. */
function merged(
  it: Candidate,
  before: string,
  facts: TableFacts,
  written: readonly string[],
  found: ReadonlyMap<number, Affected>,
): Affected {
  const other = found.get(facts.oid);
  if (other === undefined) return { before: [before], facts, plan: planTable(it, before, facts, written) };
  const plan = { ...other.plan, written: [...other.plan.written, ...written] };
  return { before: [...other.before, before], facts, plan };
}

const TABLE_CHANGES = new Set<Effect['op']>([
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

/** Whether an effect changes a table, and not an index, a constraint, a view or a type. */
export const changesTable = (it: Effect): boolean => TABLE_CHANGES.has(it.op) && it.object === undefined;

/** A table of the down, and all that the down calls it. */
interface Changed {
  readonly before: string;
  readonly names: Set<string>;
  /** Made by the down itself, or dropped only if it is there. */
  readonly maybeMissing: boolean;
}

function changedTables(down: SqlAnalysis): Iterable<Changed> {
  const made = new Set<string>();
  const changed = new Map<string, Changed>();
  for (const effect of down.statements.flatMap((it) => it.effects)) {
    if (effect.op === 'create') made.add(effect.on);
    if (!changesTable(effect)) continue;
    const maybeMissing = made.has(effect.on) || effect.ifExists === true;
    const known = changed.get(effect.on) ?? { before: effect.on, names: new Set(), maybeMissing };
    changed.set(effect.on, known);
    known.names.add(effect.written ?? effect.on);
    // The second one finds what the first one needed.
    if (effect.op === 'drop') made.add(effect.on);
  }
  return changed.values();
}

function writesOf(it: Candidate, affected: readonly Affected[]): Write[] {
  const effects = it.down.statements.flatMap((one) => one.effects);
  return affected.flatMap(({ before, facts }) =>
    effects
      .filter((effect) => before.includes(effect.on) && changesTable(effect))
      .flatMap(({ op, on, column = '' }): Write[] => {
        const where = { oid: facts.oid, table: facts.name };
        if (op === 'delete' || op === 'insert') return [{ ...where, op, column: '' }];
        return op === 'update' ? [{ ...where, op, column: it.up.names.columnNow(on, column) }] : [];
      }),
  );
}

function planTable(it: Candidate, before: string, facts: TableFacts, written: readonly string[]): PlanTable {
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
    ...(facts.key.length === 0 ? {} : { untouched: untouchedName(after, migration, xid) }),
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
