/** The tables whose rows or columns SQL changes, also through foreign keys, as they are called now. */
import { plain, TableNames } from './analyse/names.ts';
import type { Effect, SqlAnalysis } from './analyse.ts';
import { isPrivilege } from './pg-errors.ts';
import { reachedFrom, type Write } from './reach.ts';
import { type TableFacts, tableFacts } from './tables.ts';
import type { Target } from './target.ts';

export interface TouchedTable {
  /** By its names before; none when only a foreign key leads there. */
  readonly before: readonly string[];
  readonly facts: TableFacts;
  /** How the SQL writes it, as long as it is called that. */
  readonly written: readonly string[];
}

/** What SQL changes. */
export interface Touched {
  readonly tables: readonly TouchedTable[];
  /** Names that it makes, or drops if they are there. */
  readonly fresh: readonly string[];
  /** The rows that it writes itself. */
  readonly writes: readonly Write[];
  /** Those that foreign keys make it write. */
  readonly reached: readonly Write[];
}

/** Names are those of `now`, which the SQL finds when it begins. What cannot be found can be neither locked nor copied. */
export async function tablesTouched(
  target: Target,
  sql: SqlAnalysis,
  now: TableNames = new TableNames(),
): Promise<Touched | { readonly unseen: string }> {
  const found = new Map<number, TouchedTable>();
  const fresh: string[] = [];
  for (const changed of changedTables(sql)) {
    const name = now.tableNow(changed.before);
    const [first = name] = changed.names;
    const facts = await seen(target, first);
    if (facts === undefined && !changed.maybeMissing) return { unseen: first };
    const known = facts === undefined ? [] : [...changed.names].filter((it) => plain(it) === name);
    fresh.push(...[...changed.names].filter((it) => !known.includes(it)));
    if (facts === undefined) continue;
    // One table may be written with its schema and without.
    const other = found.get(facts.oid);
    found.set(facts.oid, {
      facts,
      before: [...(other?.before ?? []), changed.before],
      written: [...(other?.written ?? []), ...known],
    });
  }
  const writes = writesOf(sql, now, [...found.values()]);
  const reached = await reachedFrom(target, writes);
  for (const { oid, table } of reached) {
    if (found.has(oid)) continue;
    const facts = await seen(target, table);
    if (facts === undefined) return { unseen: table };
    found.set(oid, { before: [], facts, written: [] });
  }
  return { tables: [...found.values()], fresh, writes, reached };
}

/** A schema that may not be used hides its tables. */
const seen = (target: Target, name: string): Promise<TableFacts | undefined> =>
  tableFacts(target, name).catch((error: unknown) => {
    if (isPrivilege(error)) return undefined;
    throw error;
  });

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

/** A table of the SQL, and all that the SQL calls it. */
interface Changed {
  readonly before: string;
  readonly names: Set<string>;
  /** Made by the SQL itself, or dropped only if it is there. */
  readonly maybeMissing: boolean;
}

function changedTables(sql: SqlAnalysis): Iterable<Changed> {
  const made = new Set<string>();
  const changed = new Map<string, Changed>();
  for (const effect of sql.statements.flatMap((it) => it.effects)) {
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

function writesOf(sql: SqlAnalysis, now: TableNames, tables: readonly TouchedTable[]): Write[] {
  const effects = sql.statements.flatMap((one) => one.effects);
  return tables.flatMap(({ before, facts }) =>
    effects
      .filter((effect) => before.includes(effect.on) && changesTable(effect))
      .flatMap(({ op, on, column = '' }): Write[] => {
        const where = { oid: facts.oid, table: facts.name };
        if (op === 'delete' || op === 'insert') return [{ ...where, op, column: '' }];
        return op === 'update' ? [{ ...where, op, column: now.columnNow(on, column) }] : [];
      }),
  );
}
