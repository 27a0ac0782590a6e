/** One statement of a migration: its locks, whether it rewrites, what it destroys, what it changes. */
import type { Effect, Lock, StatementAnalysis } from '../analyse.ts';
import { relationName, type Statement, strings, type Tree, text, walk } from '../parse.ts';
import { judgeAlterTable } from './alter-table.ts';
import { plain, type TableNames } from './names.ts';

/** What is known of a statement beside its text. */
export type Judgement = Partial<Omit<StatementAnalysis, 'sql' | 'kind'>> & { readonly describe: string };

type Judge = (tree: Tree, names: TableNames) => Judgement;

/** Judges a statement, and follows its renames in `names`. */
export function judgeStatement(statement: Statement, names: TableNames): StatementAnalysis {
  const judge = JUDGES[statement.kind] ?? unread(statement.kind);
  return {
    sql: statement.sql,
    kind: statement.kind,
    locks: [],
    rewrites: false,
    destroysData: [],
    transactional: true,
    opaque: false,
    effects: [],
    ...judge(statement.tree, names),
  };
}

const unread =
  (kind: string): Judge =>
  () => ({ opaque: true, describe: `a statement that Firebreak does not know (${kind})` });

const relation = (tree: Tree, key = 'relation'): string => plain(relationName((tree[key] ?? {}) as Tree));
const lock = (name: string, mode: string): Lock => ({ relation: name, mode });

const harmless =
  (describe: string): Judge =>
  () => ({ describe });

const outside =
  (describe: string): Judge =>
  () => ({ transactional: false, describe });

const JUDGES: Readonly<Record<string, Judge>> = {
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
  CreateTableAsStmt: (tree) => {
    const name = relation((tree['into'] ?? {}) as Tree, 'rel');
    return { describe: `creates the table ${name} from a query`, effects: [{ op: 'create', on: name }] };
  },
  ViewStmt: (tree) => ({
    describe: `creates or replaces the view ${relation(tree, 'view')}`,
    effects: [{ op: 'create', on: relation(tree, 'view') }],
    ...(tree['replace'] === true ? { locks: [lock(relation(tree, 'view'), 'AccessExclusive')] } : {}),
  }),
  CreateTrigStmt: (tree) => ({
    describe: `creates the trigger ${text(tree['trigname'])} on ${relation(tree)}`,
    locks: [lock(relation(tree), 'ShareRowExclusive')],
    effects: [{ op: 'create', on: `${relation(tree)}.${text(tree['trigname'])}` }],
  }),
  CreateFunctionStmt: (tree) => ({
    describe: `creates or replaces the function ${strings(tree['funcname']).join('.')}`,
    effects: [{ op: 'create', on: plain(strings(tree['funcname']).join('.')) }],
  }),
  CreateEnumStmt: (tree) => ({
    describe: `creates the type ${strings(tree['typeName']).join('.')}`,
    effects: [{ op: 'create', on: plain(strings(tree['typeName']).join('.')) }],
  }),
  AlterEnumStmt: (tree) => ({
    describe: `adds a value to the type ${strings(tree['typeName']).join('.')}, which cannot be taken back`,
    effects: [
      {
        op: 'alter',
        on: plain(strings(tree['typeName']).join('.')),
        from: 'without',
        to: text(tree['newVal']),
      },
    ],
  }),
  CreateSeqStmt: (tree) => ({
    describe: `creates the sequence ${relation(tree, 'sequence')}`,
    effects: [{ op: 'create', on: relation(tree, 'sequence') }],
  }),
  CreateSchemaStmt: (tree) => ({
    describe: `creates the schema ${text(tree['schemaname'])}`,
    effects: [{ op: 'create', on: text(tree['schemaname']) }],
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
  CommentStmt: harmless('sets a comment'),
  GrantStmt: harmless('changes rights'),
  CreateExtensionStmt: harmless('creates an extension'),
  VariableSetStmt: harmless('changes a setting'),
  TransactionStmt: outside('begins or ends a transaction of its own'),
  VacuumStmt: outside('VACUUM or ANALYZE'),
  ReindexStmt: outside('REINDEX'),
  CopyStmt: outside('COPY, whose data cannot be sent'),
  CreatedbStmt: outside('creates a database'),
  DropdbStmt: outside('drops a database'),
  AlterSystemStmt: outside('changes the server'),
  DoStmt: () => ({ opaque: true, describe: 'a DO block' }),
  CallStmt: () => ({ opaque: true, describe: 'a CALL of a procedure' }),
};

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
        effects: [{ op: 'rename-table', on: table, from: now, to }],
      };
    case 'OBJECT_COLUMN': {
      const column = names.column(table, from);
      names.renameColumn(table, from, to);
      return {
        locks,
        describe: `renames the column ${now}.${from} to ${to}`,
        effects: [{ op: 'rename-column', on: table, column, from, to }],
      };
    }
    default: {
      const what = from === '' ? now : `${now}.${from}`;
      const effect: Effect = { op: 'alter', on: table, from: from === '' ? now : from, to };
      return { locks: now === '' ? [] : locks, describe: `renames ${what} to ${to}`, effects: [effect] };
    }
  }
}

function drop(tree: Tree, names: TableNames): Judgement {
  const objects = ((tree['objects'] ?? []) as readonly unknown[]).map((it) => plain(strings(it).join('.')));
  const cascade = tree['behavior'] === 'DROP_CASCADE' ? ' and everything that depends on it' : '';
  const word = text(tree['removeType']).replace('OBJECT_', '').toLowerCase();
  const holdsData = ['table', 'schema', 'sequence', 'matview'].includes(word);
  const onTable = word === 'trigger' || word === 'policy' || word === 'rule';
  const locked = onTable ? objects.map((it) => it.split('.').slice(0, -1).join('.')) : objects;
  const lockable = onTable || ['table', 'view', 'matview', 'index'].includes(word);
  return {
    describe: `drops the ${word} ${objects.join(', ')}${cascade}`,
    locks: lockable ? locked.map((it) => lock(it, 'AccessExclusive')) : [],
    destroysData: holdsData || cascade !== '' ? objects.map((it) => `the ${word} ${it}${cascade}`) : [],
    transactional: tree['concurrent'] !== true,
    effects: objects.map((it) => ({ op: 'drop', on: word === 'table' ? names.table(it) : it })),
  };
}

const rangeVars = (value: unknown): string[] => {
  const found: string[] = [];
  walk(value, (key, tree) => {
    if (key === 'RangeVar') found.push(plain(relationName(tree)));
  });
  return found;
};

const strongestOf = (relations: unknown, mode: string): Lock[] =>
  rangeVars(relations).map((name) => lock(name, mode));

function truncate(tree: Tree, names: TableNames): Judgement {
  const tables = rangeVars(tree['relations']);
  return {
    describe: `empties ${tables.join(', ')}`,
    locks: tables.map((name) => lock(name, 'AccessExclusive')),
    destroysData: tables.map((name) => `all rows of ${name}`),
    effects: tables.map((name) => ({ op: 'delete', on: names.table(name) })),
  };
}

function update(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const table = names.table(now);
  const set = ((tree['targetList'] ?? []) as readonly Tree[]).map((it) =>
    text((it['ResTarget'] as Tree)['name']),
  );
  const columns = [...new Set(set)];
  const scope = tree['whereClause'] === undefined ? 'every row' : 'the rows that match';
  return {
    describe: `updates ${columns.join(', ')} in ${scope} of ${now}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: [`the values of ${columns.map((it) => `${now}.${it}`).join(', ')} in ${scope}`],
    effects: columns.map((it) => ({ op: 'update', on: table, column: names.column(table, it) })),
  };
}

function remove(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const scope = tree['whereClause'] === undefined ? 'every row' : 'the rows that match';
  return {
    describe: `deletes ${scope} of ${now}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: [`${scope} of ${now}`],
    effects: [{ op: 'delete', on: names.table(now) }],
  };
}

function insert(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  return {
    describe: `inserts into ${now}`,
    locks: [lock(now, 'RowExclusive')],
    effects: [{ op: 'insert', on: names.table(now) }],
  };
}

/** A SELECT that calls functions can do anything; one that writes in a WITH is not looked into. */
function select(tree: Tree): Judgement {
  const found: string[] = [];
  walk(tree, (key) => found.push(key));
  const opaque = found.some((key) => ACTS.has(key));
  return { opaque, describe: opaque ? 'a SELECT that calls functions or writes' : 'reads only' };
}

const ACTS = new Set(['FuncCall', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'intoClause']);

function createTable(tree: Tree): Judgement {
  const name = relation(tree);
  const references: string[] = [];
  walk(tree['tableElts'], (key, value) => {
    if (key === 'pktable') references.push(plain(relationName(value)));
  });
  return {
    describe: `creates the table ${name}`,
    locks: references.map((it) => lock(it, 'ShareRowExclusive')),
    effects: [{ op: 'create', on: name }],
  };
}

function createIndex(tree: Tree): Judgement {
  const concurrently = tree['concurrent'] === true;
  return {
    describe: `creates the index ${text(tree['idxname'])} on ${relation(tree)}`,
    locks: [lock(relation(tree), concurrently ? 'ShareUpdateExclusive' : 'Share')],
    transactional: !concurrently,
    effects: [{ op: 'create', on: text(tree['idxname']) }],
  };
}
