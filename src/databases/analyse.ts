/** What SQL of a migration does, read statement by statement by PostgreSQL's own parser; nothing is executed. */
import { TableNames } from './analyse/names.ts';
import { judgeStatement } from './analyse/statement.ts';
import { statementsOf } from './parse.ts';

export interface Lock {
  readonly relation: string;
  readonly mode: string;
}

/** A change and what it is made to; names are those before the up, so that up and down can be compared. */
export interface Effect {
  readonly op:
    | 'add-column'
    | 'drop-column'
    | 'retype-column'
    | 'rename-column'
    | 'rename-table'
    | 'create'
    | 'drop'
    | 'alter'
    | 'update'
    | 'insert'
    | 'delete';
  /** The table, or the object for `create` and `drop`. */
  readonly on: string;
  readonly column?: string;
  /** The name of the table as this statement writes it, with or without its schema. */
  readonly written?: string;
  /** What is created, dropped or altered when it is no table: `index`, `constraint`, `type`. */
  readonly object?: string;
  /** Dropped only if it is there. */
  readonly ifExists?: boolean;
  /** Created, or put in the place of what is there: nobody can tell from the text. */
  readonly replaces?: boolean;
  /** It takes what depends on it, or refers to it, along. */
  readonly cascades?: boolean;
  /** No statement takes it back. */
  readonly forGood?: boolean;
  /** A TRUNCATE that sets the sequences of the table back to their start. */
  readonly restarts?: boolean;
  /** For renames: from and to, as written. For `alter`: what is set, and its opposite. */
  readonly from?: string;
  readonly to?: string;
}

export interface StatementAnalysis {
  readonly sql: string;
  /** As the parser names it: `AlterTableStmt`. */
  readonly kind: string;
  readonly locks: readonly Lock[];
  readonly rewrites: boolean;
  /** What is lost, in words; empty when nothing is. */
  readonly destroysData: readonly string[];
  readonly transactional: boolean;
  /** What it does cannot be read from its text. */
  readonly opaque: boolean;
  /** Why a down may not do this: it takes what it does not name, or switches off what keeps a rollback safe. */
  readonly danger?: 'cascade' | 'setting';
  /** The functions that it calls; one that is volatile can write. */
  readonly calls: readonly string[];
  readonly describe: string;
  readonly effects: readonly Effect[];
}

export interface SqlAnalysis {
  readonly statements: readonly StatementAnalysis[];
  readonly empty: boolean;
  readonly transactional: boolean;
  readonly opaque: boolean;
  readonly rewrites: boolean;
  readonly destroysData: readonly string[];
  readonly locks: readonly Lock[];
  /** Tables and the columns that UPDATE set in them, names from before the up. */
  readonly written: readonly { readonly table: string; readonly columns: readonly string[] }[];
  readonly dropped: readonly { readonly table: string; readonly column: string }[];
  readonly names: TableNames;
}

/** Analyses SQL. For a down, give the names as the up left them. Throws what the parser finds wrong. */
export async function analyse(sql: string, before: TableNames = new TableNames()): Promise<SqlAnalysis> {
  const names = before.copy();
  const statements = (await statementsOf(sql)).map((statement) => judgeStatement(statement, names));
  const effects = statements.flatMap((it) => it.effects);
  return {
    statements,
    empty: statements.length === 0,
    transactional: statements.every((it) => it.transactional),
    opaque: statements.some((it) => it.opaque),
    rewrites: statements.some((it) => it.rewrites),
    destroysData: statements.flatMap((it) => it.destroysData),
    locks: strongest(statements.flatMap((it) => it.locks)),
    written: writtenColumns(effects),
    dropped: columnsOf(effects, 'drop-column'),
    names,
  };
}

/** Weakest first. */
const MODES = [
  'AccessShare',
  'RowExclusive',
  'ShareUpdateExclusive',
  'Share',
  'ShareRowExclusive',
  'AccessExclusive',
];

function strongest(locks: readonly Lock[]): Lock[] {
  const byRelation = new Map<string, Lock>();
  for (const lock of locks) {
    const known = byRelation.get(lock.relation);
    if (known === undefined || MODES.indexOf(lock.mode) > MODES.indexOf(known.mode)) {
      byRelation.set(lock.relation, lock);
    }
  }
  return [...byRelation.values()];
}

function writtenColumns(effects: readonly Effect[]): SqlAnalysis['written'] {
  const tables = new Map<string, Set<string>>();
  for (const { table, column } of columnsOf(effects, 'update')) {
    tables.set(table, (tables.get(table) ?? new Set()).add(column));
  }
  return [...tables].map(([table, columns]) => ({ table, columns: [...columns] }));
}

const columnsOf = (effects: readonly Effect[], op: Effect['op']): { table: string; column: string }[] =>
  effects.flatMap((it) =>
    it.op === op && it.column !== undefined ? [{ table: it.on, column: it.column }] : [],
  );
