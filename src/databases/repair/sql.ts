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
function target(it: RepairInputs, column: RepairInputs['columns'][number]): string {
  if (it.untouched === undefined || it.dropped.includes(column.name)) return right(column);
  return `case when k.how = 'older' then t.${ident(column.name)} else ${right(column)} end`;
}

const wrong = (it: RepairInputs): string => `${current(it)} is distinct from ${row(it.columns.map(right))}`;
const changes = (it: RepairInputs): string =>
  `${current(it)} is distinct from ${row(it.columns.map((column) => target(it, column)))}`;

/** Nobody has written the row since. PostgreSQL asks this again of the newest version of a row it had to wait for. */
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
       to_jsonb(t) as old
  from ${joined(it)}
 where ${untouched(it)} and ${changes(it)}`;

/** The batches with the range of the source's key that each covers. */
export const batchesSql = (it: RepairInputs): string => `
select batch, count(*)::int as rows,
       (array_agg(source_key order by source_key))[1]::text as low,
       (array_agg(source_key order by source_key desc))[1]::text as high
  from ${quoteName(it.before)}
 group by batch
 order by batch`;

/** Locks the rows of a batch ($1) that still qualify, so that the source is read after nobody can write them. */
export const lockSql = (it: RepairInputs, skip: boolean): string => `select t.ctid::text as place
  from ${quoteName(it.before)} b
  join ${quoteName(it.table)} t on ${keys(it, 'b')}${joinKept(it)}
 where b.batch = $1 and ${untouched(it)}
 order by ${it.key.map((_, i) => `b.k${i + 1}`).join(', ')}
   for no key update of t${skip ? ' skip locked' : ''}`;

/** Restores the locked rows ($1) within the batch's range of keys ($2, $3); asks everything once more. */
export const updateSql = (it: RepairInputs): string => `update ${quoteName(it.table)} t
   set ${it.columns.map((column) => `${ident(column.name)} = ${target(it, column)}`).join(',\n       ')}
  from (
${it.source.from}
  ) s,
  unnest($1::tid[]) as locked (place)${it.untouched === undefined ? '' : `,\n  ${quoteName(it.untouched)} k`}
 where t.ctid = locked.place
   and s.${ident(it.source.key)} = t.${ident(it.source.key)}
   and s.${ident(it.source.key)} between $2 and $3${it.untouched === undefined ? '' : `\n   and ${keys(it, 'k')}`}
   and ${untouched(it)}
   and ${changes(it)}`;
