/** One statement of a migration: its locks, whether it rewrites, what it destroys, what it changes. */
import type { Effect, Lock, StatementAnalysis } from '../analyse.ts';
import { relationName, type Statement, strings, type Tree, text, walk } from '../parse.ts';
import { judgeAlterTable } from './alter-table.ts';
import {
  cascades,
  type Judgement,
  lock,
  objectOf,
  objectWord,
  rangeVars,
  relation,
  written,
} from './judgement.ts';
import { plain, type TableNames } from './names.ts';
import { OBJECTS, replacing, unlessThere } from './objects.ts';
import { insert, merge, remove, truncate, update } from './rows.ts';

type Judge = (tree: Tree, names: TableNames) => Judgement;

/** Judges a statement, and follows its renames in `names`. */
export function judgeStatement(statement: Statement, names: TableNames): StatementAnalysis {
  const judge = JUDGES[statement.kind] ?? unread(statement.kind);
  const judged: StatementAnalysis = {
    sql: statement.sql,
    kind: statement.kind,
    locks: [],
    rewrites: false,
    destroysData: [],
    transactional: true,
    opaque: false,
    effects: [],
    calls: CALLERS.has(statement.kind) ? callsIn(statement.tree) : [],
    ...judge(statement.tree, names),
  };
  return CALLERS.has(statement.kind) && writesInside(statement.tree)
    ? { ...judged, opaque: true, describe: `${judged.describe}, with another statement in it that writes` }
    : judged;
}

/** What runs queries and functions inside it; a SELECT that does is not looked into at all. */
const CALLERS = new Set([
  'MergeStmt',
  'UpdateStmt',
  'InsertStmt',
  'DeleteStmt',
  'CreateTableAsStmt',
  'ViewStmt',
  'AlterTableStmt',
]);
/** EXECUTE runs what was prepared elsewhere. */
const WRITES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'ExecuteStmt', 'intoClause']);

/** Setting a sequence is all that a SELECT may do; what it sets is told. */
function setsSequence(tree: Tree): string | undefined {
  const found: (string | undefined)[] = [];
  walk(tree, (key, call) => {
    if (key !== 'FuncCall') return;
    const name = strings(call['funcname']).at(-1) ?? '';
    const [first] = (call['args'] ?? []) as readonly Tree[];
    const constant = (first?.['A_Const'] as Tree | undefined)?.['sval'] as Tree | undefined;
    if (name === 'setval') found.push(text(constant?.['sval']));
    else if (!PLAIN_CALLS.has(name)) found.push(undefined);
  });
  return found.includes(undefined) ? undefined : found[0];
}

const PLAIN_CALLS = new Set([
  'max',
  'min',
  'count',
  'coalesce',
  'nextval',
  'currval',
  'pg_get_serial_sequence',
]);

function writesInside(tree: Tree): boolean {
  let found = false;
  walk(tree, (key) => (found ||= WRITES.has(key)));
  return found;
}

function callsIn(tree: Tree): string[] {
  const found: string[] = [];
  walk(tree, (key, call) => {
    if (key === 'FuncCall') found.push(strings(call['funcname']).join('.'));
  });
  return found;
}

const unread =
  (kind: string): Judge =>
  () => ({ opaque: true, describe: `a statement that Firebreak does not know (${kind})` });

const harmless =
  (describe: string): Judge =>
  () => ({ describe });

const outside =
  (describe: string): Judge =>
  () => ({ transactional: false, describe });

const JUDGES: Readonly<Record<string, Judge>> = {
  ...OBJECTS,
  AlterTableStmt: judgeAlterTable,
  RenameStmt: rename,
  DropStmt: drop,
  TruncateStmt: truncate,
  UpdateStmt: update,
  DeleteStmt: remove,
  InsertStmt: insert,
  SelectStmt: select,
  CreateStmt: (tree) => createTable(tree),
  IndexStmt: createIndex,
  CreateTableAsStmt: createTableAs,
  ViewStmt: (tree) => ({
    describe: `creates or replaces the view ${relation(tree, 'view')}`,
    effects: [{ op: 'create', on: relation(tree, 'view'), object: 'view', ...replacing(tree) }],
    ...(tree['replace'] === true ? { locks: [lock(relation(tree, 'view'), 'AccessExclusive')] } : {}),
  }),
  CreateTrigStmt: (tree) => ({
    describe: `creates the trigger ${text(tree['trigname'])} on ${relation(tree)}`,
    locks: [lock(relation(tree), 'ShareRowExclusive')],
    effects: [
      {
        op: 'create',
        on: `${relation(tree)}.${text(tree['trigname'])}`,
        object: 'trigger',
        ...replacing(tree),
      },
    ],
  }),
  CreateFunctionStmt: (tree) => ({
    describe: `creates or replaces the function ${strings(tree['funcname']).join('.')}`,
    effects: [
      {
        op: 'create',
        on: plain(strings(tree['funcname']).join('.')),
        object: 'function',
        ...replacing(tree),
      },
    ],
  }),
  CreateEnumStmt: (tree) => ({
    describe: `creates the type ${strings(tree['typeName']).join('.')}`,
    effects: [{ op: 'create', on: plain(strings(tree['typeName']).join('.')), object: 'type' }],
  }),
  CreateSeqStmt: (tree) => ({
    describe: `creates the sequence ${relation(tree, 'sequence')}`,
    effects: [{ op: 'create', on: relation(tree, 'sequence'), object: 'sequence', ...unlessThere(tree) }],
  }),
  CreateSchemaStmt: (tree) => ({
    describe: `creates the schema ${text(tree['schemaname'])}`,
    effects: [{ op: 'create', on: text(tree['schemaname']), object: 'schema', ...unlessThere(tree) }],
  }),
  LockStmt: (tree) => ({
    describe: 'locks tables',
    locks: strongestOf(tree['relations'], 'AccessExclusive'),
  }),
  RefreshMatViewStmt: (tree) => ({
    describe: `refreshes ${relation(tree)}`,
    locks: [lock(relation(tree), 'AccessExclusive')],
    rewrites: true,
  }),
  ClusterStmt: (tree) => ({
    describe: `rewrites ${relation(tree)} in another order`,
    locks: [lock(relation(tree), 'AccessExclusive')],
    rewrites: true,
  }),
  CreateExtensionStmt: harmless('creates an extension'),
  VariableSetStmt: setting,
  TransactionStmt: outside('begins or ends a transaction of its own'),
  VacuumStmt: (tree) =>
    tree['is_vacuumcmd'] === true
      ? { transactional: false, describe: 'VACUUM' }
      : {
          describe: 'gathers statistics (ANALYZE)',
          locks: strongestOf(tree['rels'], 'ShareUpdateExclusive'),
        },
  MergeStmt: merge,
  ReindexStmt: outside('REINDEX'),
  CopyStmt: outside('COPY, whose data cannot be sent'),
  CreatedbStmt: outside('creates a database'),
  DropdbStmt: outside('drops a database'),
  AlterSystemStmt: outside('changes the server'),
  DoStmt: () => ({ opaque: true, describe: 'a DO block' }),
  CallStmt: () => ({ opaque: true, describe: 'a CALL of a procedure' }),
};

/** Without these a rollback waits without end, runs as somebody else, or touches other tables than those planned. */
const GUARDED = new Set([
  'lock_timeout',
  'statement_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'role',
  'session_authorization',
  'row_security',
  'session_replication_role',
  'search_path',
  'synchronous_commit',
  'standard_conforming_strings',
  'client_encoding',
]);

function setting(tree: Tree): Judgement {
  if (tree['kind'] === 'VAR_RESET_ALL') return { danger: 'setting', describe: 'resets every setting' };
  const name = text(tree['name']);
  const danger = GUARDED.has(name.toLowerCase()) ? ({ danger: 'setting' } as const) : {};
  return { ...danger, describe: `changes the setting ${name}` };
}

function rename(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const to = text(tree['newname']);
  const from = text(tree['subname']);
  const table = names.table(now);
  const locks = [
    lock(now, tree['renameType'] === 'OBJECT_INDEX' ? 'ShareUpdateExclusive' : 'AccessExclusive'),
  ];
  switch (tree['renameType']) {
    case 'OBJECT_TABLE':
      names.renameTable(now, to);
      return {
        locks,
        describe: `renames the table ${now} to ${to}`,
        effects: [{ op: 'rename-table', on: table, written: written(tree), from: now, to }],
      };
    case 'OBJECT_COLUMN': {
      const column = names.column(table, from);
      names.renameColumn(table, from, to);
      return {
        locks,
        describe: `renames the column ${now}.${from} to ${to}`,
        effects: [
          {
            op: 'rename-column',
            on: table,
            written: written(tree),
            ...objectOf(tree['relationType']),
            column,
            from,
            to,
          },
        ],
      };
    }
    default: {
      const what = from === '' ? now : `${now}.${from}`;
      const effect: Effect = {
        op: 'alter',
        on: table,
        written: written(tree),
        ...(tree['renameType'] === 'OBJECT_TABCONSTRAINT' ? {} : objectOf(tree['renameType'])),
        from: from === '' ? now : from,
        to,
      };
      return { locks: now === '' ? [] : locks, describe: `renames ${what} to ${to}`, effects: [effect] };
    }
  }
}

function drop(tree: Tree, names: TableNames): Judgement {
  const asWritten = ((tree['objects'] ?? []) as readonly Tree[]).map(objectName);
  const objects = asWritten.map(plain);
  const cascade = cascades(tree) ? ' and everything that depends on it' : '';
  const word = objectWord(tree['removeType']);
  const concurrently = tree['concurrent'] === true;
  const holdsData = ['table', 'schema', 'sequence', 'matview', 'extension'].includes(word);
  const onTable = word === 'trigger' || word === 'policy' || word === 'rule';
  const locked = onTable ? objects.map((it) => it.split('.').slice(0, -1).join('.')) : objects;
  const lockable = onTable || ['table', 'view', 'matview', 'index'].includes(word);
  return {
    describe: `drops the ${word} ${objects.join(', ')}${concurrently ? ' CONCURRENTLY' : ''}${cascade}`,
    locks: lockable
      ? locked.map((it) => lock(it, concurrently ? 'ShareUpdateExclusive' : 'AccessExclusive'))
      : [],
    destroysData: holdsData || cascade !== '' ? objects.map((it) => `the ${word} ${it}${cascade}`) : [],
    transactional: !concurrently,
    ...(cascade === '' ? {} : { danger: 'cascade' }),
    effects: asWritten.map((it) => ({
      op: 'drop',
      on: word === 'table' ? names.table(it) : plain(it),
      written: it,
      ...objectOf(tree['removeType']),
      ...(tree['missing_ok'] === true ? { ifExists: true } : {}),
      ...(cascade === '' ? {} : { cascades: true }),
    })),
  };
}

/** The arguments of a function are left out. */
const objectName = (it: Tree): string =>
  strings((it['ObjectWithArgs'] as Tree | undefined)?.['objname'] ?? it).join('.');

const strongestOf = (relations: unknown, mode: string): Lock[] =>
  rangeVars(relations).map((name) => lock(plain(name), mode));

/** A SELECT that calls functions can do anything; one that writes in a WITH is not looked into. */
function select(tree: Tree): Judgement {
  const sequence = setsSequence(tree);
  if (sequence !== undefined && !writesInside(tree))
    return {
      describe: `sets the sequence ${sequence || 'of a column'}`,
      effects: [{ op: 'alter', on: plain(sequence), object: 'sequence', from: '', to: 'another position' }],
    };
  const found: string[] = [];
  walk(tree, (key) => found.push(key));
  const opaque = found.some((key) => ACTS.has(key));
  return { opaque, describe: opaque ? 'a SELECT that calls functions or writes' : 'reads only' };
}

const ACTS = new Set(['FuncCall', ...WRITES]);

function createTableAs(tree: Tree): Judgement {
  const into = (tree['into'] ?? {}) as Tree;
  const name = relation(into, 'rel');
  return {
    describe: `creates the table ${name} from a query`,
    effects: [{ op: 'create', on: name, ...objectOf(tree['objtype']) }],
  };
}

function createTable(tree: Tree): Judgement {
  const name = relation(tree);
  const references: string[] = [];
  walk(tree['tableElts'], (key, value) => {
    if (key === 'pktable') references.push(plain(relationName(value)));
  });
  return {
    describe: `creates the table ${name}`,
    locks: references.map((it) => lock(it, 'ShareRowExclusive')),
    effects: [{ op: 'create', on: name, ...unlessThere(tree) }],
  };
}

function createIndex(tree: Tree): Judgement {
  const concurrently = tree['concurrent'] === true;
  return {
    describe: `creates the index ${text(tree['idxname'])} on ${relation(tree)}${concurrently ? ' CONCURRENTLY' : ''}`,
    locks: [lock(relation(tree), concurrently ? 'ShareUpdateExclusive' : 'Share')],
    transactional: !concurrently,
    effects: [{ op: 'create', on: text(tree['idxname']), object: 'index', ...unlessThere(tree) }],
  };
}
