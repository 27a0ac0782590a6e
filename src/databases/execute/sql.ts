/** The SQL of an execution, piece by piece, and whole for those who approve it. */

import { beforeLines, copyLines } from '../before-lines.ts';
import type { Value } from '../bind.ts';
import { ident, literal, quoteName } from '../names.ts';
import { createSchemaSql } from '../snapshot.ts';
import { lockTablesSql } from '../transaction.ts';
import type { CopiedTable, ExecuteInputs } from './inputs.ts';

const inSchema = (it: ExecuteInputs, table: string): string => quoteName(`${it.snapshotSchema}.${table}`);

/** Keeps keys (`k1`, `k2`, …) and row versions before anything is changed. */
export const keysSql = (it: ExecuteInputs, { name, key, keys }: CopiedTable): string =>
  `create table ${inSchema(it, keys)} as
select ${key.map((column, i) => `t.${ident(column)} as k${i + 1}`).join(', ')}, t.xmin::text as was_xmin
  from ${quoteName(name)} t`;

/** Keeps what the statements did, row by row: under the lock nobody else can have written. */
export const changedSql = (it: ExecuteInputs, { name, key, keys, changed }: CopiedTable): string =>
  `create table ${inSchema(it, changed)} as
select ${key.map((column, i) => `coalesce(t.${ident(column)}, k.k${i + 1}) as k${i + 1}`).join(', ')},
       case when k.was_xmin is null then 'inserted' when t.xmin is null then 'deleted' else 'updated' end as how,
       t.xmin::text as now_xmin,
       row_number() over () as n,
       false as done
  from ${quoteName(name)} t
  full join ${inSchema(it, keys)} k on ${key.map((column, i) => `k.k${i + 1} = t.${ident(column)}`).join(' and ')}
 where t.xmin::text is distinct from k.was_xmin`;

/** What was only needed to find out what changed. */
export const dropKeysSql = (it: ExecuteInputs, { keys }: CopiedTable): string =>
  `drop table ${inSchema(it, keys)}`;

/** The whole, as it will be sent. */
export function fullSql(it: ExecuteInputs): string {
  const keyed = it.tables.filter(({ key }) => key.length > 0);
  const lines = [
    ...(it.before ? beforeLines(it.snapshotSchema, it.tables) : []),
    'begin;',
    '-- lock_timeout 1 s unless the step says otherwise; statement_timeout: what is left of max_lock_s; row_security = off: fail, never filter',
    '-- the marker of this run and step, first: a second execution fails on it',
    'insert into firebreak.markers (run, step, part, epoch, xid, plan_hash) values ($1, $2, 0, $3, pg_current_xact_id(), $4);',
  ];
  if (it.tables.length > 0)
    lines.push(`${lockTablesSql(it.tables, it.mode)};`, `${createSchemaSql(it.snapshotSchema)};`);
  for (const table of it.tables) {
    lines.push(...copyLines(it, table));
    if (table.key.length > 0) lines.push(`${keysSql(it, table)};`);
  }
  for (const { sql, values } of it.statements) lines.push(...statementLines(sql, values));
  if (it.statements.length > 0) {
    for (const table of keyed) {
      lines.push(`-- which rows of ${table.name} that changed, unless its columns are others now`);
      lines.push(`${changedSql(it, table)};`, `${dropKeysSql(it, table)};`);
    }
    lines.push('-- the probes that were green before run here: one that is red now rolls everything back');
  }
  return [...lines, 'commit;'].join('\n');
}

/** Values travel beside the statement; this is how they would be written as SQL. */
function statementLines(sql: string, values: readonly Value[]): string[] {
  if (values.length === 0) return ['-- the SQL', sql, ';'];
  const written = values.map((it) => (typeof it === 'string' ? literal(it) : String(it))).join(', ');
  return [
    '-- the SQL, with its values bound as parameters',
    `prepare bound as\n${sql}\n;`,
    `execute bound (${written});`,
  ];
}
