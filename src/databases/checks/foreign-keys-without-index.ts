/** Foreign keys whose own side has no index: a delete or a new key on the other side reads the whole table under a lock. */
import { type Check, defineCheck, judge } from '../check.ts';
import { andMore, counted } from '../figures.ts';

interface Row {
  readonly name: string;
  readonly relation: string;
  readonly columns: string;
  readonly refers_to: string;
  readonly rows: number;
}

/** An index serves when the key's columns are its first ones, in whatever order. Those of partitions are their parent's. */
const SQL = `
  select quote_ident(k.conname) as name,
         k.conrelid::regclass::text as relation,
         (select string_agg(quote_ident(a.attname), ', ' order by u.place)
            from unnest(k.conkey) with ordinality as u (attnum, place)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum) as columns,
         k.confrelid::regclass::text as refers_to,
         case when c.reltuples > 0 then c.reltuples else pg_stat_get_live_tuples(c.oid) end::float8 as rows
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
   where k.contype = 'f' and k.conparentid = 0
     and not exists (
       select from pg_index i
        where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
          and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
     )
   order by 5 desc
   limit 50`;

const check: Check = defineCheck({
  name: 'foreign-keys-without-index',
  title: 'Foreign keys whose own side has no index',
  order: 280,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 10_000, crit: Infinity },
  unit: 'rows of the table that holds the key',
  source: 'ours: fewer rows are read in no time',
  async run(target, { limits }) {
    const keys = await target.read<Row>(SQL);
    const large = keys.filter((row) => judge(row.rows, limits) !== 'ok');
    const facts = { keys: keys.slice(0, 20) };
    const [worst] = large;
    if (worst === undefined)
      return { status: 'ok', verdict: 'Every foreign key of a larger table has an index.', facts };
    return {
      status: 'warn',
      verdict: `The foreign key ${worst.name} of ${worst.relation} (${counted(worst.rows)} rows) has no index: a delete in ${worst.refers_to} reads all of it${andMore(large)}.`,
      facts,
      next: `CREATE INDEX CONCURRENTLY ON ${worst.relation} (${worst.columns})`,
    };
  },
});
export default check;
