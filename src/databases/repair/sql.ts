/**
 * The SQL of a repair. In all of it `t` is a row of the table, `s` its right values, `k` its kept key.
 *
 * A row is put back only while nobody has written it since the migration, which its `xmin` tells: that of the
 * migration, the one that was kept before the rollback, or the rollback's own.
 */
import { ident, literal, quoteName } from '../names.ts';
import type { RepairInputs } from './inputs.ts';

const columnsOf = (it: RepairInputs): string[] => it.columns.map((column) => column.name);
const row = (values: readonly string[]): string => `row(${values.join(', ')})`;
const current = (it: RepairInputs): string => row(columnsOf(it).map((column) => `t.${ident(column)}`));
const right = (column: RepairInputs['columns'][number]): string => `s.${ident(column.name)}::${column.type}`;

/** What a column is set to. Of a row that the migration never wrote, only the dropped columns are touched. */
function target(it: RepairInputs, column: RepairInputs['columns'][number], how = 'k.how'): string {
  if (it.untouched === undefined || it.dropped.includes(column.name)) return right(column);
  return `case when ${how} = 'older' then t.${ident(column.name)} else ${right(column)} end`;
}

const wrong = (it: RepairInputs): string => `${current(it)} is distinct from ${row(it.columns.map(right))}`;
const changes = (it: RepairInputs, how?: string): string =>
  `${current(it)} is distinct from ${row(it.columns.map((column) => target(it, column, how)))}`;

/** Nobody has written the row since the migration. */
function untouched(it: RepairInputs): string {
  if (it.untouched === undefined) return `t.xmin = ${literal(it.migrationXid)}::xid`;
  const kept = 't.xmin = k.kept_xmin::xid';
  if (it.rollbackXid === undefined) return `coalesce(${kept}, false)`;
  return `(k.k1 is not null and (${kept} or t.xmin = ${literal(it.rollbackXid)}::xid))`;
}

const keys = (it: RepairInputs, alias: string): string =>
  it.key.map((column, i) => `${alias}.k${i + 1} = t.${ident(column)}`).join(' and ');

const joinKept = (it: RepairInputs): string =>
  it.untouched === undefined ? '' : `\n  left join ${quoteName(it.untouched)} k on ${keys(it, 'k')}`;

const joined = (it: RepairInputs): string =>
  `${quoteName(it.table)} t
  join (
${it.source.from}
  ) s on s.${ident(it.source.key)} = t.${ident(it.source.key)}${joinKept(it)}`;

/** Keys of the source that it has more than once: which of their values is right, nobody can say. */
export const ambiguousSql = (it: RepairInputs): string => `
select s.${ident(it.source.key)}::text as key
  from (
${it.source.from}
  ) s
 where s.${ident(it.source.key)} is not null
 group by s.${ident(it.source.key)}
having count(*) > 1
 order by s.${ident(it.source.key)}
 limit 5`;

/** Counts the rows: right already, to be restored, and wrong but written since. */
export const countSql = (it: RepairInputs): string => `
select count(*) filter (where not wrong)::int as already_right,
       count(*) filter (where untouched and changes)::int as restorable,
       count(*) filter (where wrong and not (untouched and changes))::int as conflicts
  from (
select ${wrong(it)} as wrong,
       ${untouched(it)} as untouched,
       ${changes(it)} as changes
  from ${joined(it)}
  ) judged`;

/** Some of the conflicts, by key. */
export const conflictsSql = (it: RepairInputs): string => `
select ${it.key.map((column) => `t.${ident(column)}::text`).join(" || ', ' || ")} as key
  from ${joined(it)}
 where ${wrong(it)} and not (${untouched(it)} and ${changes(it)})
 order by ${it.key.map((column) => `t.${ident(column)}`).join(', ')}
 limit 50`;

/** Some of the rows that will be restored, before and after. */
export const samplesSql = (it: RepairInputs): string => `
select ${it.key.map((column) => `t.${ident(column)}::text`).join(" || ', ' || ")} as key,
       array[${columnsOf(it)
         .map((column) => `t.${ident(column)}::text`)
         .join(', ')}] as before,
       array[${it.columns.map((column) => `(${target(it, column)})::text`).join(', ')}] as after
  from ${joined(it)}
 where ${untouched(it)} and ${changes(it)}
 limit 3`;

/** Copies the rows that will be changed, whole, and divides them into batches in the order of the source's key. */
export const beforeSql = (it: RepairInputs): string => `create table ${quoteName(it.before)} as
select ${it.key.map((column, i) => `t.${ident(column)} as k${i + 1}`).join(', ')},
       t.${ident(it.source.key)} as source_key,
       ((row_number() over (order by t.${ident(it.source.key)}) - 1) / ${it.batchRows} + 1)::int as batch,
       ${it.untouched === undefined ? "'migration'" : 'k.how'} as how,
       t.xmin::text as row_xmin,
       to_jsonb(t.*) as old
  from ${joined(it)}
 where ${untouched(it)}
   and ${changes(it)}`;

/** Finds the rows of one batch, and tells the planner how many there are. */
export const indexSql = (it: RepairInputs): string =>
  `create index on ${quoteName(it.before)} (batch); analyze ${quoteName(it.before)}`;

/** The batches with the range of the source's key that each covers. */
export const batchesSql = (it: RepairInputs): string => `
select batch, count(*)::int as rows,
       (array_agg(source_key order by source_key))[1]::text as low,
       (array_agg(source_key order by source_key desc))[1]::text as high
  from ${quoteName(it.before)}
 group by batch
 order by batch`;

/** The row is the very version that was copied; asked again of the newest one when it had to be waited for. */
const asCopied = 't.xmin = b.row_xmin::xid';

/** Locks the rows of a batch ($1) that still qualify, so that the source is read after nobody can write them. */
export const lockSql = (it: RepairInputs, skip: boolean): string => `select t.ctid::text as place
  from ${quoteName(it.before)} b
  join ${quoteName(it.table)} t on ${keys(it, 'b')}
 where b.batch = $1
   and ${asCopied}
 order by ${it.key.map((_, i) => `b.k${i + 1}`).join(', ')}
   for no key update of t${skip ? ' skip locked' : ''}`;

/** Restores the rows of a batch ($1) that were locked ($2), whose keys lie between $3 and $4; asks all again. */
export const updateSql = (it: RepairInputs): string => `update ${quoteName(it.table)} t
   set ${it.columns.map((column) => `${ident(column.name)} = ${target(it, column, 'b.how')}`).join(',\n       ')}
  from ${quoteName(it.before)} b,
  (
${it.source.from}
  ) s
 where b.batch = $1
   and ${keys(it, 'b')}
   and t.ctid = any($2::tid[])
   and s.${ident(it.source.key)} = t.${ident(it.source.key)}
   and s.${ident(it.source.key)} between $3 and $4
   and ${asCopied}
   and ${changes(it, 'b.how')}`;
