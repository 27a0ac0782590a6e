/** What the catalog says about tables. Nothing here reads or locks the tables themselves. */
import { quoteName, shortName } from './names.ts';
import { isTimeout } from './pg-errors.ts';
import type { Target } from './target.ts';

export interface TableFacts {
  readonly oid: number;
  /** `schema.table`. */
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

interface Row extends Omit<TableFacts, 'oid' | 'rows' | 'bytes'> {
  readonly oid: string;
  readonly rows: string;
  readonly bytes: string;
}

/** Sizes are those of the last vacuum or analyze: asking for exact ones would wait behind a lock. */
const TABLE = `
  with recursive found as (
    select c.oid, n.nspname || '.' || c.relname as name
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where c.oid = to_regclass($1) and c.relkind in ('r', 'p')
  ), parts as (
    select oid from found
     union
    select i.inhrelid from pg_inherits i join parts p on p.oid = i.inhparent
  )
  select f.oid::text, f.name, size.rows, size.bytes,
         array(select a.attname::text
                 from pg_index i
                cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                where i.indrelid = f.oid and i.indisprimary
                order by k.place) as key,
         (select coalesce(jsonb_agg(jsonb_build_object(
                   'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
            from pg_attribute a
           where a.attrelid = f.oid and a.attnum > 0 and not a.attisdropped) as columns
    from found f
   cross join lateral (
     select coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint::text as rows,
            coalesce(sum(c.relpages::bigint * current_setting('block_size')::int), 0)::text as bytes
       from pg_class c
       join parts p on p.oid = c.oid
   ) size`;

/** A table by its name, with or without its schema; undefined when there is none. */
export async function tableFacts(target: Target, name: string): Promise<TableFacts | undefined> {
  const [row] = await target.read<Row>(TABLE, [quoteName(name)]);
  return row === undefined
    ? undefined
    : { ...row, oid: Number(row.oid), rows: Number(row.rows), bytes: Number(row.bytes) };
}

/** A table and its partitions or children. */
const PARTS = `
  with recursive parts as (
    select unnest($1::oid[]) as oid
     union
    select i.inhrelid from pg_inherits i join parts p on p.oid = i.inhparent
  )`;

/** What the tables hold with all that belongs to them but indexes; it needs a lock that everybody else shares. */
export const EXACT_BYTES = `${PARTS} select coalesce(sum(pg_table_size(oid)), 0)::text as bytes from parts`;

/** The same by the last vacuum, which sees what is stored out of line as well. */
const KNOWN_BYTES = `${PARTS}
  select coalesce(sum((c.relpages::bigint + coalesce(t.relpages, 0)) * current_setting('block_size')::int), 0)::text as bytes
    from parts p
    join pg_class c on c.oid = p.oid
    left join pg_class t on t.oid = c.reltoastrelid`;

/** The size of a table; not exact while somebody keeps everybody else out of it. */
async function bytesOf(
  target: Target,
  oid: number,
): Promise<{ readonly bytes: number; readonly exact: boolean }> {
  const ask = async (sql: string): Promise<number> =>
    Number((await target.read<{ bytes: string }>(sql, [[oid]]))[0]?.bytes ?? 0);
  try {
    return { bytes: await ask(EXACT_BYTES), exact: true };
  } catch (error) {
    if (!isTimeout(error)) throw error;
    return { bytes: await ask(KNOWN_BYTES), exact: false };
  }
}

/** Tables with their sizes as they are now. */
export async function measured<T extends { readonly facts: TableFacts }>(
  target: Target,
  tables: readonly T[],
): Promise<{ readonly tables: readonly T[]; readonly bytes: number; readonly exact: boolean }> {
  const sized: T[] = [];
  let total = 0;
  let allExact = true;
  for (const one of tables) {
    const { bytes, exact } = await bytesOf(target, one.facts.oid);
    allExact &&= exact;
    total += bytes;
    sized.push({ ...one, facts: { ...one.facts, bytes } });
  }
  return { tables: sized, bytes: total, exact: allExact };
}

/** Name, rows and size in words. */
export function sizeText(table: TableFacts): string {
  const megabytes = Math.max(0.1, Math.round(table.bytes / 104_857.6) / 10);
  return `${shortName(table.name)}: about ${table.rows.toLocaleString('en-US')} rows, ${megabytes} MB`;
}
