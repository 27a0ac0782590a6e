/** Statements that write rows: which table, which columns, and what is overwritten or gone. */

import type { Effect } from '../analyse.ts';
import { type Tree, text } from '../parse.ts';
import { cascades, type Judgement, lock, rangeVars, relation, written } from './judgement.ts';
import { plain, type TableNames } from './names.ts';

export function truncate(tree: Tree, names: TableNames): Judgement {
  const asWritten = rangeVars(tree['relations']);
  const tables = asWritten.map(plain);
  const restarts = tree['restart_seqs'] === true;
  return {
    ...(cascades(tree) ? { danger: 'cascade' } : {}),
    describe: `empties ${tables.join(', ')}`,
    locks: tables.map((name) => lock(name, 'AccessExclusive')),
    destroysData: tables.map(
      (name) => `all rows of ${name}${restarts ? ', and where its sequences stood' : ''}`,
    ),
    effects: asWritten.map((name) => ({
      op: 'delete',
      on: names.table(name),
      written: name,
      ...(restarts ? { restarts } : {}),
      ...(cascades(tree) ? { cascades: true } : {}),
    })),
  };
}

/** What it does to a row depends on the row: each of its parts is an effect of its own. */
export function merge(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const table = names.table(now);
  const clauses = ((tree['mergeWhenClauses'] ?? []) as readonly Tree[]).map(
    (it) => it['MergeWhenClause'] as Tree,
  );
  const has = (type: string): boolean => clauses.some((it) => it['commandType'] === type);
  const columns = [
    ...new Set(clauses.filter((it) => it['commandType'] === 'CMD_UPDATE').flatMap(setColumns)),
  ];
  const over = columns.map((it) => `${now}.${it}`).join(', ');
  return {
    describe: `merges into ${now}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: [
      ...(over === '' ? [] : [`the values of ${over} in the rows that match`]),
      ...(has('CMD_DELETE') ? [`the rows that match of ${now}`] : []),
    ],
    effects: [
      ...(has('CMD_INSERT') ? [{ op: 'insert' as const, on: table, written: written(tree) }] : []),
      ...columns.map((it) => updated(table, it, tree, names)),
      ...(has('CMD_DELETE') ? [{ op: 'delete' as const, on: table, written: written(tree) }] : []),
    ],
  };
}

export function update(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const table = names.table(now);
  const columns = setColumns(tree);
  const scope = tree['whereClause'] === undefined ? 'every row' : 'the rows that match';
  return {
    describe: `updates ${columns.join(', ')} in ${scope} of ${now}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: [`the values of ${columns.map((it) => `${now}.${it}`).join(', ')} in ${scope}`],
    effects: columns.map((it) => updated(table, it, tree, names)),
  };
}

/** The columns that an UPDATE, or an ON CONFLICT DO UPDATE, sets. */
function setColumns(tree: Tree): string[] {
  const targets = (tree['targetList'] ?? []) as readonly Tree[];
  return [...new Set(targets.map((it) => text((it['ResTarget'] as Tree)['name'])))];
}

const updated = (table: string, column: string, tree: Tree, names: TableNames): Effect => ({
  op: 'update',
  on: table,
  written: written(tree),
  column: names.column(table, column),
});

export function remove(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const scope = tree['whereClause'] === undefined ? 'every row' : 'the rows that match';
  return {
    describe: `deletes ${scope} of ${now}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: [`${scope} of ${now}`],
    effects: [{ op: 'delete', on: names.table(now), written: written(tree) }],
  };
}

export function insert(tree: Tree, names: TableNames): Judgement {
  const now = relation(tree);
  const table = names.table(now);
  const columns = setColumns((tree['onConflictClause'] ?? {}) as Tree);
  const over = columns.map((it) => `${now}.${it}`).join(', ');
  return {
    describe: `inserts into ${now}${over === '' ? '' : `, and overwrites ${columns.join(', ')} of rows that are there`}`,
    locks: [lock(now, 'RowExclusive')],
    destroysData: over === '' ? [] : [`the values of ${over} in rows that are there already`],
    effects: [
      { op: 'insert', on: table, written: written(tree) },
      ...columns.map((it) => updated(table, it, tree, names)),
    ],
  };
}
