/** What a write leads to beyond its own table: foreign keys that pass it on, triggers, functions, publications. */

import type { TableNames } from './analyse/names.ts';
import type { SqlAnalysis } from './analyse.ts';
import { baseName, quoteName } from './names.ts';
import type { Target } from './target.ts';

/** Rows that are written; for an update, one column of theirs. */
export interface Write {
  readonly oid: number;
  /** `schema.table`. */
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly column: string;
}

/** Not one that a partition has from its parent, which is found itself. */
const OWN = 'not (c.conparentid <> 0 and (select relispartition from pg_class where oid = c.conrelid))';

/**
 * Follows ON DELETE and ON UPDATE with CASCADE, SET NULL and SET DEFAULT from table to table, and into partitions
 * and children, whose own foreign keys count too.
 */
const REACHED = `
  with recursive hit (oid, op, col, by_key) as (
    select *, false from unnest($1::oid[], $2::text[], $3::text[])
     union
    select next.oid, next.op, next.col, next.by_key
      from hit
     cross join lateral (
       select i.inhrelid, hit.op, hit.col, false
         from pg_inherits i
        where i.inhparent = hit.oid
        union all
       select c.conrelid, 'delete', '', true
         from pg_constraint c
        where c.confrelid = hit.oid and c.contype = 'f' and hit.op = 'delete' and c.confdeltype = 'c'
          and ${OWN}
        union all
       select c.conrelid, 'update', a.attname::text collate "default", true
         from pg_constraint c
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
        where c.confrelid = hit.oid and c.contype = 'f'
          and ${OWN}
          and (hit.op = 'delete' and c.confdeltype in ('n', 'd')
               or hit.op = 'update' and c.confupdtype in ('c', 'n', 'd')
                  and exists (select from pg_attribute k
                               where k.attrelid = hit.oid and k.attnum = any(c.confkey) and k.attname::text collate "default" = hit.col))
     ) as next (oid, op, col, by_key)
  )
  select distinct hit.oid::text, n.nspname || '.' || c.relname as "table", hit.op, hit.col as "column"
    from hit
    join pg_class c on c.oid = hit.oid
    join pg_namespace n on n.oid = c.relnamespace
   where hit.by_key
   order by 2, 3, 4`;

/** The writes that foreign keys make of these ones. */
export async function reachedFrom(target: Target, writes: readonly Write[]): Promise<Write[]> {
  if (writes.length === 0) return [];
  const rows = await target.read<Omit<Write, 'oid'> & { readonly oid: string }>(REACHED, [
    writes.map((it) => it.oid),
    writes.map((it) => it.op),
    writes.map((it) => it.column),
  ]);
  return rows.map((row) => ({ ...row, oid: Number(row.oid) }));
}

const FOREIGN = `
  select distinct n.nspname || '.' || o.relname as "table"
    from unnest($1::text[], $2::text[]) as gone (name, what)
    join pg_constraint c on c.conrelid = to_regclass(gone.name) and c.contype = 'f'
                        and (gone.what = '' or c.conname = gone.what
                             or exists (select from pg_attribute a
                                         where a.attrelid = c.conrelid and a.attnum = any(c.conkey)
                                           and 'column ' || a.attname = gone.what))
    join pg_class o on o.oid = c.confrelid and o.oid <> c.conrelid
    join pg_namespace n on n.oid = o.relnamespace
   order by 1`;

/** Tables that a foreign key leads to which SQL drops, alone, with its column or its table: they are locked as well. */
export async function foreignLocks(target: Target, sql: SqlAnalysis, now: TableNames): Promise<string[]> {
  const gone = sql.statements
    .flatMap((it) => it.effects)
    .flatMap(({ op, on, object, column = '' }): (readonly [string, string])[] => {
      if (op === 'drop-column') return [[now.tableNow(on), `column ${now.columnNow(on, column)}`]];
      if (op !== 'drop') return [];
      if (object === undefined) return [[now.tableNow(on), '']];
      const place = on.lastIndexOf('.');
      return object === 'constraint' ? [[now.tableNow(on.slice(0, place)), on.slice(place + 1)]] : [];
    });
  if (gone.length === 0) return [];
  const rows = await target.read<{ table: string }>(FOREIGN, [
    gone.map(([table]) => quoteName(table)),
    gone.map(([, constraint]) => constraint),
  ]);
  return rows.map((row) => row.table);
}

const TRIGGERS = `
  with recursive written (oid, op) as (
    select * from unnest($1::oid[], $2::text[])
     union
    select i.inhrelid, w.op from pg_inherits i join written w on w.oid = i.inhparent
  )
  select distinct format('the trigger %s on %s, which calls %s', t.tgname, c.relname, t.tgfoid::regproc) as what
    from written w
    join pg_trigger t on t.tgrelid = w.oid
    join pg_class c on c.oid = w.oid
   where not t.tgisinternal and t.tgenabled <> 'D'
     and t.tgtype & case w.op when 'insert' then 4 when 'delete' then 8 + 32 else 16 end > 0
   union
  select format('the rule %s on %s', r.rulename, c.relname)
    from written w
    join pg_rewrite r on r.ev_class = w.oid and r.rulename <> '_RETURN' and r.ev_enabled <> 'D'
    join pg_class c on c.oid = w.oid
   order by 1`;

/** What runs by itself when these rows are written, in words. */
export async function firedBy(target: Target, writes: readonly Write[]): Promise<string[]> {
  if (writes.length === 0) return [];
  const rows = await target.read<{ what: string }>(TRIGGERS, [
    writes.map((it) => it.oid),
    writes.map((it) => it.op),
  ]);
  return rows.map((row) => row.what);
}

/** Volatile, and yet they write no row. */
const HARMLESS = [
  'nextval',
  'currval',
  'lastval',
  'random',
  'random_normal',
  'clock_timestamp',
  'timeofday',
  'gen_random_uuid',
  'gen_random_bytes',
  'uuidv4',
  'uuidv7',
  'uuid_generate_v1',
  'uuid_generate_v1mc',
  'uuid_generate_v4',
];

/** The functions of a down that can write: those that are volatile, or not known. The server lets no other write. */
export async function writingCalls(target: Target, down: SqlAnalysis): Promise<string[]> {
  const names = [...new Set(down.statements.flatMap((it) => it.calls).map(baseName))];
  if (names.length === 0) return [];
  const rows = await target.read<{ name: string }>(
    `select name
       from unnest($1::text[]) as name
      where name <> all($2::text[])
        and (not exists (select from pg_proc where proname = name)
             or exists (select from pg_proc where proname = name and provolatile = 'v'))`,
    [names, HARMLESS],
  );
  return rows.map((row) => row.name);
}

/** Publications of all tables, present and to come. */
export async function publishingAll(target: Target): Promise<string[]> {
  const rows = await target.read<{ name: string }>(
    'select pubname::text as name from pg_publication where puballtables order by 1',
  );
  return rows.map((row) => row.name);
}
