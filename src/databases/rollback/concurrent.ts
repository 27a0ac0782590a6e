/** Downs that no transaction bears: indexes that are made, dropped or made anew CONCURRENTLY, each with its way back. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { quoteName } from '../names.ts';
import { relationName, type Statement, statementsOf, strings, type Tree, text } from '../parse.ts';
import { isPrivilege } from '../pg-errors.ts';
import type { Target } from '../target.ts';
import type { ConcurrentStep } from './inputs.ts';

/** Whether a statement does nothing but make, drop or remake one index, or the indexes of one table, CONCURRENTLY. */
export function isConcurrent({ kind, tree }: Statement): boolean {
  if (kind === 'IndexStmt') return tree['concurrent'] === true;
  if (kind === 'DropStmt') return tree['concurrent'] === true && tree['removeType'] === 'OBJECT_INDEX';
  const one = tree['kind'] === 'REINDEX_OBJECT_INDEX' || tree['kind'] === 'REINDEX_OBJECT_TABLE';
  return kind === 'ReindexStmt' && one && isAskedConcurrently(tree);
}

function isAskedConcurrently(tree: Tree): boolean {
  const options = (tree['params'] ?? []) as readonly { readonly DefElem?: Tree }[];
  // `(concurrently false)` has a value.
  return options.some(({ DefElem: it }) => it?.['defname'] === 'concurrently' && it['arg'] === undefined);
}

/** Reads the statements of such a down and what is there now. It only reads; what cannot be run is refused. */
export async function planConcurrent(
  target: Target,
  migration: string,
  down: string,
): Promise<{ readonly ok: true; readonly value: ConcurrentStep[] } | Refusal> {
  const statements = await statementsOf(down);
  if (!statements.some(isConcurrent)) return { ok: true, value: [] };
  const read: ReadWith = (sql, params) => target.read(sql, params);
  const steps: ConcurrentStep[] = [];
  for (const statement of statements) {
    const step = await stepOf(read, statement).catch((error: unknown) => {
      if (isPrivilege(error)) return 'the diag role may not look into the schema that it names';
      throw error;
    });
    if (typeof step === 'string') return refuse('MIGRATION_DOWN_INDEX', { migration, found: step });
    steps.push(step);
  }
  return { ok: true, value: steps };
}

export type ReadWith = <Row extends object>(sql: string, params: readonly unknown[]) => Promise<Row[]>;

/** The step, or why it cannot be one. */
async function stepOf(read: ReadWith, statement: Statement): Promise<ConcurrentStep | string> {
  switch (statement.kind) {
    case 'IndexStmt':
      return createStep(read, statement);
    case 'DropStmt':
      return dropStep(read, statement);
    default:
      return reindexStep(read, statement);
  }
}

async function createStep(read: ReadWith, { sql, tree }: Statement): Promise<ConcurrentStep | string> {
  const on = relationName((tree['relation'] ?? {}) as Tree);
  const name = text(tree['idxname']);
  if (name === '') return `it makes an index on ${on} without a name, which nobody could find afterwards`;
  const table = await tableNamed(read, on);
  if (table === undefined) return `it makes ${name} on ${on}, which is not there`;
  if (table.partitioned) return `${on} is partitioned: PostgreSQL makes no index on it CONCURRENTLY`;
  const index = `${table.schema}.${name}`;
  const there = await indexNamed(read, index);
  const step: ConcurrentStep = {
    sql,
    does: 'create',
    index,
    on,
    tableOid: table.oid,
    wayBack: `drop index concurrently ${quoteName(index)}`,
    now: there === undefined ? 'absent' : there.valid ? 'valid' : 'invalid',
  };
  if (there === undefined || (await isAsMade(step, there))) return step;
  return `an index ${index} is there and is not the one that it makes: ${there.definition}`;
}

async function dropStep(read: ReadWith, { sql, tree }: Statement): Promise<ConcurrentStep | string> {
  const index = strings(tree['objects']).join('.');
  const there = await indexNamed(read, index);
  const step = { sql, does: 'drop' as const, index, on: '' };
  if (there === undefined)
    return { ...step, tableOid: 0, wayBack: 'none: it is gone already', now: 'absent' };
  const unfit = unfitText(index, there);
  if (unfit !== undefined) return unfit;
  return {
    ...step,
    oid: there.oid,
    tableOid: there.tableOid,
    wayBack: `${there.definition} (with CONCURRENTLY after INDEX nobody waits)`,
    now: there.valid ? 'valid' : 'invalid',
  };
}

const unfitText = (index: string, { partitioned, constraint }: Index): string | undefined =>
  partitioned
    ? `${index} belongs to a partitioned table: PostgreSQL does not change it CONCURRENTLY`
    : constraint === null
      ? undefined
      : `the constraint ${constraint} needs the index ${index}`;

async function reindexStep(read: ReadWith, { sql, tree }: Statement): Promise<ConcurrentStep | string> {
  const written = relationName((tree['relation'] ?? {}) as Tree);
  const wayBack = 'none is needed: it stays the same index, made anew';
  const step = { sql, does: 'reindex' as const, wayBack };
  if (tree['kind'] === 'REINDEX_OBJECT_TABLE') {
    const table = await tableNamed(read, written);
    if (table === undefined) return `it makes the indexes of ${written} anew, which is not there`;
    if (table.partitioned) return `${written} is partitioned: its parts would be taken one by one`;
    return { ...step, index: '', on: written, tableOid: table.oid, now: 'valid' };
  }
  const there = await indexNamed(read, written);
  if (there === undefined) return `it makes the index ${written} anew, which is not there`;
  if (there.partitioned) return unfitText(written, there) ?? '';
  const now = there.valid ? 'valid' : 'invalid';
  return { ...step, index: written, on: '', tableOid: there.tableOid, now };
}

interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly partitioned: boolean;
}

/** A table or materialized view as the reading role finds it. */
export async function tableNamed(read: ReadWith, name: string): Promise<Table | undefined> {
  const [row] = await read<{ oid: string; schema: string; partitioned: boolean }>(
    `select c.oid::text, n.nspname as schema, c.relkind = 'p' as partitioned
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
      where c.oid = to_regclass($1) and c.relkind in ('r', 'p', 'm')`,
    [quoteName(name)],
  );
  return row === undefined ? undefined : { ...row, oid: Number(row.oid) };
}

export interface Index {
  readonly oid: number;
  readonly tableOid: number;
  readonly partitioned: boolean;
  /** Used by queries and kept up to date by writes. */
  readonly valid: boolean;
  readonly definition: string;
  /** What needs it. */
  readonly constraint: string | null;
}

/** An index as the reading role finds it. */
export async function indexNamed(read: ReadWith, name: string): Promise<Index | undefined> {
  const [row] = await read<Omit<Index, 'oid' | 'tableOid'> & { oid: string; table_oid: string }>(
    `select i.indexrelid::text as oid,
            i.indrelid::text as table_oid,
            c.relkind = 'I' as partitioned,
            i.indisvalid and i.indisready as valid,
            pg_get_indexdef(i.indexrelid) as definition,
            (select conname::text from pg_constraint where conindid = i.indexrelid limit 1) as constraint
       from pg_index i
       join pg_class c on c.oid = i.indexrelid
      where i.indexrelid = to_regclass($1)`,
    [quoteName(name)],
  );
  if (row === undefined) return undefined;
  const { table_oid: tableOid, ...rest } = row;
  return { ...rest, oid: Number(row.oid), tableOid: Number(tableOid) };
}

/** Whether an index is on the table that was planned for and has the shape that the statement gives it. */
export async function isAsMade({ sql, tableOid }: ConcurrentStep, there: Index): Promise<boolean> {
  const [made] = await statementsOf(sql);
  const [found] = await statementsOf(there.definition);
  return there.tableOid === tableOid && shapeOf(made?.tree) === shapeOf(found?.tree);
}

/** Expressions and conditions are only counted: the server writes them in its own way. */
function shapeOf(tree: Tree = {}): string {
  const columns = (key: string): string[] =>
    ((tree[key] ?? []) as readonly { readonly IndexElem?: Tree }[]).map(
      ({ IndexElem: it }) => `${text(it?.['name'])} ${it?.['ordering'] === 'SORTBY_DESC' ? 'desc' : ''}`,
    );
  return JSON.stringify([
    tree['unique'] === true,
    text(tree['accessMethod']),
    columns('indexParams'),
    columns('indexIncludingParams'),
    tree['whereClause'] !== undefined,
  ]);
}

/** What a plan says of each statement, and of all together. */
export function concurrentLines(steps: readonly ConcurrentStep[], maxMinutes: number): string[] {
  return [
    'NOT one transaction: its statements go one by one, and each stays when a later one fails. Executed again, it goes on from there. A red probe at the end keeps only the history row.',
    ...steps.map((step, i) => `Statement ${i + 1}: ${nowText(step)}Way back: ${step.wayBack}.`),
    `Readers and writers go on. Each statement waits for the transactions that are older than it, and ends after ${maxMinutes} minutes.`,
  ];
}

function nowText({ does, index, now }: ConcurrentStep): string {
  if (does === 'create' && now === 'valid')
    return `${index} is there already with the same columns, and is left as it is. `;
  if (does === 'create' && now === 'invalid')
    return `${index} is there and INVALID, left by a CREATE that failed: it is dropped first. `;
  if (does === 'drop' && now === 'absent') return `${index} is gone already. `;
  return does === 'drop' && now === 'invalid' ? `${index} is INVALID now. ` : '';
}

/** The statements as they will be sent. */
export const concurrentSql = (steps: readonly ConcurrentStep[]): string[] => [
  '-- a session of its own, closed afterwards: lock_timeout and statement_timeout by set_config; one statement after the other',
  ...steps.flatMap(({ sql, wayBack }) => [`${sql};`, `-- way back: ${wayBack}`]),
];
