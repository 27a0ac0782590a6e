/** What a migration changed, told from the log that was kept while it ran: the rows, and how they were just before. */
import type pg from 'pg';
import { ident, literal, quoteName } from '../names.ts';
import { closeOff } from '../snapshot.ts';
import type { AtRisk } from './at-risk.ts';
import { type Keeping, keptName, logOf } from './keeping.ts';

export interface Kept {
  readonly table: AtRisk;
  /** `schema.table` of the list of rows that the migration changed, and of how they were. */
  readonly hit: string;
  readonly copy: string;
  readonly rows: number;
}

/**
 * Makes of log and copy the rows as they were just before the transactions `xids`, and the list of those that these
 * changed. Undefined with the reason where the log does not hold everything: then no row of the table is put back.
 */
export async function whatChanged(
  client: pg.Client,
  it: Keeping,
  xids: readonly string[],
): Promise<{ readonly kept: readonly Kept[]; readonly notes: readonly string[] }> {
  const { rows } = await client.query<{ lost: boolean }>(
    `select is_called as lost from ${ident(it.schema)}.lost`,
  );
  if (rows[0]?.lost === true)
    return {
      kept: [],
      notes: ['A write could not be logged while the migration ran: no row is put back by the log.'],
    };
  const kept: Kept[] = [];
  const notes: string[] = [];
  for (const table of it.tables) {
    if (!table.gone && (await unlogged(client, it, table, xids))) {
      notes.push(`The migration wrote rows of ${table.name} past the log: none of them is put back.`);
      continue;
    }
    if (!table.copied && (await noneIsTheirs(client, it, table, xids))) {
      notes.push(
        `No logged write of ${table.name} is of the transaction that the history names: the tool may write its history in another one. None of its rows is put back.`,
      );
      continue;
    }
    for (const sql of beforeSql(it, table, xids)) await client.query(sql);
    const { rowCount } = await client.query(hitSql(it, table, xids));
    for (const [what, mayRead] of [
      ['before', false],
      ['hit', true],
    ] as const)
      await closeOff(
        client,
        { schema: it.schema, table: `${what}_${table.oid}` },
        { role: it.reader, mayRead },
      );
    kept.push({
      table,
      hit: keptName(it, 'hit', table),
      copy: keptName(it, 'before', table),
      rows: rowCount ?? 0,
    });
  }
  return { kept, notes };
}

/** Entries of these transactions, which are known by the 32 bits that `xmin` shows. */
const ofThese = (xids: readonly string[]): string =>
  `mod(l.xid::text::numeric, 4294967296)::text in (${xids.map(literal).join(', ')})`;

/** Somebody wrote rows, and the migration should have; but by its transaction it wrote none. */
async function noneIsTheirs(
  client: pg.Client,
  it: Keeping,
  table: AtRisk,
  xids: readonly string[],
): Promise<boolean> {
  const { rows } = await client.query<{ theirs: boolean; any: boolean }>(
    `select exists (select from ${logOf(it, table)} l where ${ofThese(xids)}) as theirs,
            exists (select from ${logOf(it, table)}) as any`,
  );
  return rows[0]?.any === true && !rows[0].theirs;
}

/** Rows that carry the migration's transaction, though it never logged them; a rewrite leaves it on every row. */
async function unlogged(
  client: pg.Client,
  it: Keeping,
  table: AtRisk,
  xids: readonly string[],
): Promise<boolean> {
  if (table.whole) return false;
  const { rows } = await client.query<{ there: string | null }>('select $1::oid::regclass::text as there', [
    table.oid,
  ]);
  const now = rows[0]?.there;
  if (now === undefined || now === null || /^\d+$/.test(now)) return true;
  const found = await client.query(
    `select from ${now} t
      where t.xmin::text in (${xids.map(literal).join(', ')})
        and ${keyOf(table, 'to_jsonb(t)')} not in
            (select ${keyOf(table, 'l.image')} from ${logOf(it, table)} l where ${ofThese(xids)})
      limit 1`,
  );
  return (found.rowCount ?? 0) > 0;
}

/** The key of an image, as text, for comparing images with each other. */
const keyOf = (table: AtRisk, image: string): string =>
  `jsonb_build_array(${table.key
    .map((column) => {
      const after = table.columns.find((it) => it.name === column)?.after ?? column;
      return `coalesce(${image} -> ${literal(column)}, ${image} -> ${literal(after)})`;
    })
    .join(', ')})`;

/** An image of the migration under the names that the columns had before; what was retyped by then is left out. */
function namedBefore(table: AtRisk, image: string, node: string): string {
  const pairs = table.columns.map(({ name: before, after }) => {
    const value = `coalesce(${image} -> ${literal(before)}, ${image} -> ${literal(after)})`;
    const known = `${image} ?| array[${[before, after].map(literal).join(', ')}]`;
    const same = table.retyped.includes(before) ? `${known} and ${node} = first.node` : known;
    return `case when ${same} then jsonb_build_object(${literal(before)}, ${value}) else '{}' end`;
  });
  return pairs.join(' || ');
}

/** Rows as they were just before: a copy and what others wrote since, under what the migration's own log says. */
function beforeSql(it: Keeping, table: AtRisk, xids: readonly string[]): string[] {
  const own = ofThese(xids);
  const shape = quoteName(keptName(it, 'shape', table));
  const lossy = table.columns.filter(({ name: column }) => table.copied && !table.retyped.includes(column));
  // What others wrote after the migration lacks the dropped columns, or lies in a rewritten table.
  const before = table.copied
    ? ` and l.node = first.node and l.image ?& array[${lossy.map((column) => literal(column.name)).join(', ')}]`
    : '';
  return [
    `create table ${quoteName(keptName(it, 'before', table))} as
with first as (
  select node from ${ident(it.schema)}.nodes where oid = ${table.oid}
), own as (
  select distinct on (key) key, is_new, image, node
    from (select l.n, l.is_new, l.image, l.node, ${keyOf(table, 'l.image')} as key from ${logOf(it, table)} l where ${own}) l
   order by key, n
), others as (
  select distinct on (key) key, is_new, image
    from (select l.n, l.is_new, l.image, ${keyOf(table, 'l.image')} as key
            from ${logOf(it, table)} l, first where not ${own}${before}) l
   order by key, n desc
), base as (
  ${table.copied ? `select ${keyOf(table, 'to_jsonb(c)')} as key, to_jsonb(c) as image from ${quoteName(keptName(it, 'copy', table))} c` : `select null::jsonb as key, null::jsonb as image where false`}
), known as (
  select coalesce(others.key, base.key) as key,
         case when others.key is null then base.image when others.is_new then others.image end as image
    from base full join others on others.key = base.key
)
select r.*
  from first, (
    select coalesce(known.key, own.key) as key, known.image as known, own.image as own, own.node, own.is_new
      from known full join own on own.key = known.key
  ) k
 cross join lateral jsonb_populate_record(null::${shape},
   coalesce(k.known, '{}') || case when k.own is null then '{}'::jsonb else ${namedBefore(table, 'k.own', 'k.node')} end) r
 where k.is_new is not true
   and (k.known is not null or k.own is not null)`,
  ];
}

function hitSql(it: Keeping, table: AtRisk, xids: readonly string[]): string {
  const own = ofThese(xids);
  const typed = table.key.map((column, i) => `r.${ident(column)} as k${i + 1}`).join(', ');
  const shape = quoteName(keptName(it, 'shape', table));
  const logged = `
  select key, (array_agg(image order by n))[1] as image,
         case when (array_agg(is_new order by n))[1] then 'inserted'
              when (array_agg(is_new order by n desc))[1] then 'updated'
              else 'deleted' end as how,
         (array_agg(is_new order by n))[1] and not (array_agg(is_new order by n desc))[1] as passing
    from (select l.n, l.is_new, l.image, ${keyOf(table, 'l.image')} as key from ${logOf(it, table)} l where ${own}) l
   group by key`;
  const keyImage = table.columns
    .filter(({ name: column }) => table.key.includes(column))
    .map(
      ({ name: before, after }) =>
        `${literal(before)}, coalesce(h.image -> ${literal(before)}, h.image -> ${literal(after)})`,
    )
    .join(', ');
  const whole = table.gone ? 'deleted' : 'updated';
  const all =
    table.gone || table.whole
      ? `
union
select ${table.key.map((column) => `b.${ident(column)}`).join(', ')}, '${whole}'
  from ${quoteName(keptName(it, 'before', table))} b
 where not exists (select from (${logged}) h where h.key = ${keyOf(table, 'to_jsonb(b)')})`
      : '';
  return `create table ${quoteName(keptName(it, 'hit', table))} as
select ${typed}, ${table.gone ? "'deleted'" : 'h.how'} as how
  from (${logged}) h
 cross join lateral jsonb_populate_record(null::${shape}, jsonb_build_object(${keyImage})) r
 where not h.passing${table.gone ? " and h.how <> 'inserted'" : ''}${all}`;
}
