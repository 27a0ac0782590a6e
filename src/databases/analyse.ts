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

const OPPOSITE: Readonly<Partial<Record<Effect['op'], Effect['op']>>> = {
  'add-column': 'drop-column',
  'drop-column': 'add-column',
  'retype-column': 'retype-column',
  'rename-column': 'rename-column',
  'rename-table': 'rename-table',
  create: 'drop',
  drop: 'create',
  alter: 'alter',
};

const effectsOf = (analysis: SqlAnalysis): Effect[] => analysis.statements.flatMap((it) => [...it.effects]);

/** Which changes of the up to data or schema the down does not undo, in words. */
export function notUndone(up: SqlAnalysis, down: SqlAnalysis): string[] {
  const undone = effectsOf(down);
  const lines = effectsOf(up).flatMap((effect) => lineFor(effect, effectsOf(up), undone));
  const opaque = up.statements.filter((it) => it.opaque);
  return [...new Set([...lines, ...opaque.map((it) => `what ${it.describe} did cannot be read: not known`)])];
}

function lineFor(effect: Effect, all: readonly Effect[], down: readonly Effect[]): string[] {
  // What the up created or added and the down removes takes its contents along.
  if (removedAgain(effect, all, down)) return [];
  switch (effect.op) {
    case 'update':
      return [
        `the UPDATE of ${effect.on}.${effect.column ?? '?'}: ${down.some(writes(effect)) ? WRITES_TOO : NOT_BACK}`,
      ];
    case 'delete':
      return [`the DELETE from ${effect.on}: the deleted rows do not come back by themselves`];
    case 'insert':
      return down.some((it) => it.op === 'delete' && it.on === effect.on)
        ? []
        : [`the INSERT into ${effect.on}: its rows stay`];
    case 'drop-column':
      return [`the dropped column ${effect.on}.${effect.column ?? '?'}: its values are lost`];
    case 'retype-column':
      return has(effect, down)
        ? [
            `the retyped column ${effect.on}.${effect.column ?? '?'}: values that the new type changed stay changed`,
          ]
        : [`the new type of ${effect.on}.${effect.column ?? '?'} stays`];
    case 'drop':
      return has(effect, down)
        ? [`the dropped ${effect.on}: what was in it is lost`]
        : [`${effect.on} stays dropped`];
    case 'add-column':
    case 'rename-column':
    case 'rename-table':
    case 'create':
    case 'alter':
      return has(effect, down) ? [] : [`the schema change ${schemaText(effect)} stays`];
  }
}

const WRITES_TOO = 'the down writes it too; whether that gives the old values back is not known';
const NOT_BACK = 'the down does not put the old values back';

const writes =
  (effect: Effect) =>
  (it: Effect): boolean =>
    it.op === 'update' && it.on === effect.on && it.column === effect.column;

function removedAgain(effect: Effect, all: readonly Effect[], down: readonly Effect[]): boolean {
  const createdTable = all.some((it) => it.op === 'create' && it.on === effect.on);
  if (createdTable && down.some((it) => it.op === 'drop' && it.on === effect.on)) return true;
  const same = (it: Effect): boolean => it.on === effect.on && it.column === effect.column;
  return (
    effect.op === 'update' &&
    all.some((it) => it.op === 'add-column' && same(it)) &&
    down.some((it) => it.op === 'drop-column' && same(it))
  );
}

/** Whether the down has the opposite of a change. */
function has(effect: Effect, down: readonly Effect[]): boolean {
  const op = OPPOSITE[effect.op];
  return down.some(
    (it) =>
      it.op === op &&
      it.on === effect.on &&
      it.column === effect.column &&
      (effect.to === undefined || (it.from === effect.to && it.to === effect.from)),
  );
}

function schemaText(effect: Effect): string {
  const object = effect.column === undefined ? effect.on : `${effect.on}.${effect.column}`;
  const change = effect.op.replace('-', ' ');
  return effect.to === undefined
    ? `${change} ${object}`
    : `${change} ${object} (${effect.from ?? ''} to ${effect.to})`;
}

/** What the names of the interface say about a down: whether schema and data come back. */
export function restores(
  up: SqlAnalysis,
  down: SqlAnalysis,
): { readonly schema: 'yes' | 'no' | 'unknown'; readonly data: 'yes' | 'no' | 'unknown' } {
  if (up.opaque || down.opaque) return { schema: 'unknown', data: 'unknown' };
  const left = effectsOf(up).filter((it) => !removedAgain(it, effectsOf(up), effectsOf(down)));
  const data = left.filter((it) => DATA.has(it.op));
  const unsure = data.every((it) => it.op === 'retype-column' || effectsOf(down).some(writes(it)));
  const schema = left.filter((it) => OPPOSITE[it.op] !== undefined).every((it) => has(it, effectsOf(down)));
  return { schema: schema ? 'yes' : 'no', data: data.length === 0 ? 'yes' : unsure ? 'unknown' : 'no' };
}

const DATA = new Set<Effect['op']>(['update', 'delete', 'insert', 'drop-column', 'drop', 'retype-column']);
