/**
 * The SQL of a restore. In all of it `t` is a row of the table, `s` the same row in the copy, `c` what became of it.
 *
 * A row is put back only while it is the very version (`xmin`) that the execution left behind.
 */
import { ident, literal, quoteName } from '../names.ts';
import type { RestoreInputs } from './inputs.ts';

const inSchema = (it: RestoreInputs, table: string): string =>
  quoteName(table.includes('.') ? table : `${it.snapshotSchema}.${table}`);

const keys = (it: RestoreInputs, alias: string): string =>
  it.key.map((column, i) => `${alias}.k${i + 1} = t.${ident(column)}`).join(' and ');
const copied = (it: RestoreInputs): string =>
  it.key.map((column, i) => `s.${ident(column)} = c.k${i + 1}`).join(' and ');
const keyNames = (it: RestoreInputs, alias: string): string[] => it.key.map((_, i) => `${alias}.k${i + 1}`);

const same = 't.xmin = c.now_xmin::xid';

/** Somebody refers to the row: removing it would take theirs along, or fail. */
const referred = (it: RestoreInputs): string =>
  it.references
    .map(({ table, columns, to }) => {
      const on = columns.map((column, i) => `r.${ident(column)} = t.${ident(to[i] ?? '')}`).join(' and ');
      return `exists (select from ${quoteName(table)} r where ${on})`;
    })
    .join(' or ') || 'false';

/** What happened to rows since: kept by the execution itself, or told from the keys beside a mere copy. */
function changesSql(it: RestoreInputs): string {
  if (it.undone !== undefined) return undoneSql(it, it.undone);
  if (it.since === undefined) return `select * from ${inSchema(it, it.changed)} where not done`;
  const xid = it.since.xid === null ? 'null::text' : literal(it.since.xid);
  return `select ${it.key.map((column, i) => `coalesce(t.${ident(column)}, k.k${i + 1}) as k${i + 1}`).join(', ')},
       case when k.was_xmin is null then 'inserted' when t.xmin is null then 'lost' else 'updated' end as how,
       ${xid} as now_xmin
  from ${quoteName(it.table)} t
  full join ${inSchema(it, it.since.keys)} k on ${keys(it, 'k')}
 where t.xmin::text is distinct from k.was_xmin
   and (k.was_xmin is not null or t.xmin::text = ${xid})`;
}

/**
 * The rows that a migration changed, with the version that one nobody wrote since would have: the migration's own, or,
 * where the down rewrote the table, that of the rollback. One that was written before the rollback has none.
 */
function undoneSql(it: RestoreInputs, undone: NonNullable<RestoreInputs['undone']>): string {
  const { hit, untouched, migrationXid, rollbackXid } = undone;
  const now =
    untouched === undefined
      ? literal(migrationXid)
      : `case when u.kept_xmin is null then '0' when t.xmin::text = ${literal(rollbackXid)} then t.xmin::text else u.kept_xmin end`;
  const join =
    untouched === undefined
      ? ''
      : `\n  left join ${quoteName(untouched)} u on ${it.key.map((_, i) => `u.k${i + 1} = h.k${i + 1}`).join(' and ')}`;
  // One that is older than the migration may have been written after it, by a transaction that had begun before.
  const how =
    untouched === undefined
      ? 'h.how'
      : `case when h.how = 'updated' and u.how = 'older' then 'older' else h.how end`;
  return `select ${keyNames(it, 'h').join(', ')}, ${how} as how, case when h.how = 'deleted' then null else ${now} end as now_xmin
  from ${quoteName(hit)} h
  left join ${quoteName(it.table)} t on ${keys(it, 'h')}${join}`;
}

/** Every change with what will be done about it. */
const judged = (it: RestoreInputs): string => `
select ${keyNames(it, 'c').join(', ')},
       case
         when c.how in ('updated', 'older') and coalesce(${same}, false) then 'put back'
         when c.how = 'deleted' and t.xmin is null then 'brought back'
         when c.how = 'inserted' and t.xmin is null then 'gone already'
         when c.how = 'inserted' and coalesce(${same}, false) then
           case when ${referred(it)} then 'referred to since' else 'removed' end
         when c.how = 'deleted' then 'key used again since'
         when c.how = 'lost' then 'deleted since, nobody knows by whom'
         when t.xmin is null then 'deleted since'
         else 'written since'
       end as fate
  from (
${changesSql(it)}
  ) c
  left join ${quoteName(it.table)} t on ${keys(it, 'c')}`;

/** Counts the rows by what will be done about them. */
export const countSql = (it: RestoreInputs): string =>
  `select fate, count(*)::int as rows from (${judged(it)}) judged group by fate order by fate`;

/** Some keys of rows with one of these fates ($1). */
export const keysSql = (it: RestoreInputs): string =>
  `select ${keyNames(it, 'judged')
    .map((name) => `${name}::text`)
    .join(" || ', ' || ")} as key, fate
  from (${judged(it)}) judged
 where fate = any($1::text[])
 order by ${keyNames(it, 'judged').join(', ')}
 limit 50`;

/** The first part: rows to be put back, a place for those that are changed, and the ways to find them. */
export function firstSql(it: RestoreInputs): string[] {
  const changed = inSchema(it, it.changed);
  const made =
    it.since === undefined && it.undone === undefined
      ? []
      : [
          `create table ${changed} as
select changes.*, row_number() over () as n, false as done from (
${changesSql(it)}
) changes`,
        ];
  return [
    ...made,
    `create table ${inSchema(it, it.before)} (n bigint, fate text, old jsonb)`,
    `create index on ${changed} (n)`,
    `create index on ${inSchema(it, it.copy)} (${it.key.map(ident).join(', ')})`,
    `analyze ${changed}`,
    `analyze ${inSchema(it, it.copy)}`,
  ];
}

/** The batches, by the numbers of the rows that each covers. */
export const batchesSql = (it: RestoreInputs): string => `
select ((n - 1) / ${it.batchRows} + 1)::int as batch, count(*)::int as rows, min(n)::text as low, max(n)::text as high
  from ${inSchema(it, it.changed)}
 group by 1
 order by 1`;

/** Locks the rows between $1 and $2 that are still as they were left; asked again of the newest version after a wait. */
export const lockSql = (it: RestoreInputs, skip: boolean): string => `select c.n::text
  from ${inSchema(it, it.changed)} c
  join ${quoteName(it.table)} t on ${keys(it, 'c')}
 where c.n between $1 and $2
   and not c.done
   and c.how in ('updated', 'older', 'inserted')
   and ${same}
 order by ${keyNames(it, 'c').join(', ')}
   for update of t${skip ? ' skip locked' : ''}`;

/** Keeps the rows that were locked ($1) as they are. */
export const keepSql = (it: RestoreInputs): string => `insert into ${inSchema(it, it.before)} (n, fate, old)
select c.n, c.how, to_jsonb(t.*)
  from ${inSchema(it, it.changed)} c
  join ${quoteName(it.table)} t on ${keys(it, 'c')}
 where c.n = any($1::bigint[])`;

/** Marks what a statement did as done, so that nothing is put back twice. */
const marking = (it: RestoreInputs, statement: string): string => `with hit as (
${statement}
)
update ${inSchema(it, it.changed)} w
   set done = true
  from hit
 where w.n = hit.n`;

/** Removes rows that were locked ($1), that the execution inserted, and that nobody refers to. */
export const removeSql = (it: RestoreInputs): string =>
  marking(
    it,
    `delete from ${quoteName(it.table)} t
 using ${inSchema(it, it.changed)} c
 where c.n = any($1::bigint[])
   and c.how = 'inserted'
   and ${keys(it, 'c')}
   and ${same}
   and not (${referred(it)})
returning c.n`,
  );

/** Sets rows that were locked ($1) to what the copy holds. */
export const putBackSql = (it: RestoreInputs): string =>
  marking(
    it,
    it.set.length === 0
      ? `select c.n from ${inSchema(it, it.changed)} c where c.n = any($1::bigint[]) and c.how in ('updated', 'older')`
      : `update ${quoteName(it.table)} t
   set ${it.set.map((column) => `${ident(column)} = ${valueOf(it, column)}`).join(',\n       ')}
  from ${inSchema(it, it.changed)} c
  join ${inSchema(it, it.copy)} s on ${copied(it)}
 where c.n = any($1::bigint[])
   and c.how in ('updated', 'older')
   and ${keys(it, 'c')}
   and ${same}
returning c.n`,
  );

/** A column that the migration dropped nobody can have written since; of an older row only such are the copy's. */
const valueOf = ({ undone }: RestoreInputs, column: string): string =>
  undone === undefined || undone.dropped.includes(column)
    ? `s.${ident(column)}`
    : `case when c.how = 'older' then t.${ident(column)} else s.${ident(column)} end`;

/** Brings deleted rows between $1 and $2 back, where nobody has used the key, or another unique value, since. */
export const bringBackSql = (it: RestoreInputs): string => `with hit as (
insert into ${quoteName(it.table)} (${it.insert.map(ident).join(', ')})
overriding system value
select ${it.insert.map((column) => `s.${ident(column)}`).join(', ')}
  from ${inSchema(it, it.changed)} c
  join ${inSchema(it, it.copy)} s on ${copied(it)}
 where c.n between $1 and $2
   and c.how = 'deleted'
   and not c.done
    on conflict do nothing
returning ${it.key.map((column, i) => `${ident(column)} as k${i + 1}`).join(', ')}
)
update ${inSchema(it, it.changed)} w
   set done = true
  from hit
 where ${it.key.map((_, i) => `w.k${i + 1} = hit.k${i + 1}`).join(' and ')}
   and w.n between $1 and $2`;

/** The whole, for those who approve it. */
export const fullSql = (it: RestoreInputs): string =>
  [
    '-- first, in a transaction of its own; both tables closed off',
    ...firstSql(it).map((sql) => `${sql};`),
    '-- then each batch (rows $1 to $2) in a transaction of its own, with its marker: rows still as they were left',
    `${lockSql(it, false)};`,
    '-- of those ($1): kept as they are, removed, or put back',
    `${keepSql(it)};`,
    `${removeSql(it)};`,
    `${putBackSql(it)};`,
    '-- and the deleted ones of the batch ($1 to $2)',
    `${bringBackSql(it)};`,
  ].join('\n');
