/** The tables whose rows a pending migration destroys or overwrites, and what has to be kept of each. */
import type { SqlAnalysis } from '../analyse.ts';
import { shortName } from '../names.ts';
import { tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import { type TouchedTable, tablesTouched } from '../touched.ts';

export interface AtRisk {
  readonly oid: number;
  /** `schema.table`, as it is called before the migration. */
  readonly name: string;
  readonly key: readonly string[];
  /** By their names before, with those that the migration gives them. */
  readonly columns: readonly { readonly name: string; readonly after: string }[];
  /** Columns whose type the migration changes: after that, what is logged of them is another value. */
  readonly retyped: readonly string[];
  /** Dropped columns and tables, and rewrites, write no row that could be logged: the table is copied. */
  readonly copied: boolean;
  /** The table is dropped or emptied: every row of it is hit. */
  readonly gone: boolean;
  /** Every row loses something. */
  readonly whole: boolean;
  readonly bytes: number;
}

/** The tables, and in words what cannot be kept. */
export async function tablesAtRisk(
  target: Target,
  up: SqlAnalysis,
): Promise<{ readonly tables: readonly AtRisk[]; readonly notes: readonly string[] }> {
  const touched = await tablesTouched(target, up);
  if ('unseen' in touched)
    return {
      tables: [],
      notes: [`${touched.unseen} cannot be found by the diag role: no row of any table is kept.`],
    };
  const effects = up.statements.flatMap((it) => it.effects);
  const reached = new Set(touched.reached.map(({ oid }) => oid));
  const emptied = await emptiedAlong(target, up, touched.tables);
  const tables: AtRisk[] = [];
  const notes: string[] = [];
  for (const { facts, before } of [...touched.tables, ...emptied]) {
    const own = effects.filter((it) => before.includes(it.on) && it.object === undefined);
    const ops = new Set(own.map(({ op }) => op));
    const retyped = own.flatMap((it) => (it.op === 'retype-column' ? [it.column ?? ''] : []));
    const gone = ops.has('drop');
    const lossy = ops.has('drop-column') || retyped.length > 0;
    const written =
      ops.has('update') ||
      ops.has('delete') ||
      ops.has('insert') ||
      reached.has(facts.oid) ||
      before.length === 0;
    if (!gone && !lossy && !written) continue;
    const why = await cannotKeep(target, facts.oid, facts.key);
    if (why !== undefined) {
      notes.push(`Rows of ${shortName(facts.name)} are not kept: ${why}.`);
      continue;
    }
    const [first = facts.name] = before;
    tables.push({
      oid: facts.oid,
      name: facts.name,
      key: facts.key,
      columns: facts.columns.map(({ name }) => ({ name, after: up.names.columnNow(first, name) })),
      retyped,
      copied: gone || lossy,
      gone,
      whole: lossy,
      bytes: facts.bytes,
    });
  }
  return { tables, notes };
}

/** TRUNCATE with CASCADE empties every table that refers to one of these, and those that refer to them. */
async function emptiedAlong(
  target: Target,
  up: SqlAnalysis,
  tables: readonly TouchedTable[],
): Promise<TouchedTable[]> {
  const from = up.statements
    .filter(({ kind }) => kind === 'TruncateStmt')
    .flatMap(({ effects }) => effects.filter(({ cascades }) => cascades).map(({ on }) => on));
  const oids = tables
    .filter(({ before }) => before.some((it) => from.includes(it)))
    .map(({ facts }) => facts.oid);
  if (oids.length === 0) return [];
  const rows = await target.read<{ name: string }>(
    `with recursive emptied as (
       select unnest($1::oid[]) as oid
        union
       select c.conrelid from pg_constraint c join emptied e on c.confrelid = e.oid where c.contype = 'f'
     )
     select n.nspname || '.' || c.relname as name
       from emptied e
       join pg_class c on c.oid = e.oid
       join pg_namespace n on n.oid = c.relnamespace
      where e.oid <> all($1::oid[])`,
    [oids],
  );
  const found = await Promise.all(rows.map(({ name }) => tableFacts(target, name)));
  return found.flatMap((facts) => (facts === undefined ? [] : [{ facts, before: [], written: [] }]));
}

interface Shape {
  readonly partitioned: boolean;
  readonly inherits: boolean;
}

async function cannotKeep(target: Target, oid: number, key: readonly string[]): Promise<string | undefined> {
  if (key.length === 0) return 'it has no primary key';
  const [shape] = await target.read<Shape>(
    `select relkind = 'p' or relispartition as partitioned,
            exists (select from pg_inherits where inhparent = $1 or inhrelid = $1) as inherits
       from pg_class
      where oid = $1`,
    [oid],
  );
  if (shape?.partitioned === true) return 'it is partitioned, and writes to a partition would not be seen';
  return shape?.inherits === true ? 'it has children or a parent' : undefined;
}
