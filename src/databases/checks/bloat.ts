/** How much of the largest tables is likely to be empty: an estimate from statistics, no measurement. */
import { type Check, defineCheck, type Finding, judge } from '../check.ts';
import { andMore, listed, percentOf, sized } from '../figures.ts';

interface Row {
  readonly relation: string;
  readonly readable: boolean;
  readonly bytes: number;
  /** What its rows should take; null when nothing is known of them. */
  readonly needed: number | null;
  readonly role: string;
}

/**
 * A row is its columns by their average width, a header of 24 bytes and a pointer of 4, in steps of 8; a page has
 * a header of 24. Only the largest tables are looked at: pg_stats takes long where there are thousands.
 */
const SQL = `
  with largest as (
    select c.oid, c.relname, c.relnamespace, c.relpages, c.reltuples,
           coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o
                      where o.option_name = 'fillfactor'), 100) / 100 as fill
      from pg_class c
     where c.relkind in ('r', 'm') and c.relpages >= 128
       and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     order by c.relpages desc
     limit 100
  )
  select l.oid::regclass::text as relation,
         has_table_privilege(l.oid, 'select') as readable,
         l.relpages * b.size as bytes,
         case when l.reltuples >= 0
              then ceil(l.reltuples * (28 + 8 * ceil(w.width / 8)) / ((b.size - 24) * l.fill)) * b.size
         end as needed,
         quote_ident(current_user) as role
    from largest l
   cross join (select current_setting('block_size')::float8 as size) b
    left join lateral (
      select sum((1 - s.null_frac) * s.avg_width) as width
        from pg_stats s
       where s.schemaname = (select n.nspname from pg_namespace n where n.oid = l.relnamespace)
         and s.tablename = l.relname and not s.inherited
    ) w on true
   order by l.relpages desc`;

const check: Check = defineCheck({
  name: 'bloat',
  title: 'How much of the largest tables is likely to be empty (an estimate)',
  order: 290,
  firstMinutes: false,
  privilege: 'SELECT on the tables',
  danger: 'reads the statistics of the 100 largest tables; may take seconds',
  limits: { warn: 50, crit: Infinity },
  unit: '% of a table that is empty',
  source: 'ours; check_postgres warns at 1 GB',
  timeoutMs: 8000,
  async run(target, { limits }) {
    const rows = await target.read<Row>(SQL);
    const tables = rows
      .flatMap((row) => (row.readable && row.needed !== null ? [{ ...row, needed: row.needed }] : []))
      .map(({ relation, bytes, needed }) => ({ relation, bytes, empty: Math.max(0, bytes - needed) }))
      .map((table) => ({ ...table, percent: percentOf(table.empty, table.bytes) }))
      .sort((a, b) => b.empty - a.empty);
    const hidden = rows.filter((row) => !row.readable);
    const unknown = rows.filter((row) => row.readable && row.needed === null).map(({ relation }) => relation);
    const bloated = tables.filter(({ percent }) => judge(percent, limits) !== 'ok');
    const facts = {
      estimate: true,
      tables: tables.slice(0, 20),
      hidden: hidden.map(({ relation }) => relation),
      unknown,
    };
    const [worst] = bloated;
    if (worst === undefined) return withoutBloat(hidden, unknown, facts);
    return {
      status: 'warn',
      verdict: `About ${Math.round(worst.percent)} % of ${worst.relation} is empty by estimate (${sized(worst.empty)} of ${sized(worst.bytes)})${andMore(bloated)}.`,
      facts,
      next: `Measure it with pgstattuple_approx before you act; VACUUM FULL ${worst.relation} and pg_repack give the room back, and the former keeps everybody out`,
    };
  },
});
export default check;

function withoutBloat(hidden: readonly Row[], unknown: readonly string[], facts: Finding['facts']): Finding {
  if (hidden.length > 0) {
    const names = hidden.map(({ relation }) => relation);
    const role = hidden[0]?.role ?? 'the diag role';
    return {
      status: 'skipped',
      verdict: `A privilege is missing: ${role} cannot see the statistics of ${listed(names)}.`,
      facts,
      next: `GRANT SELECT ON ${names.slice(0, 10).join(', ')} TO ${role}`,
    };
  }
  if (unknown.length > 0)
    return {
      status: 'skipped',
      verdict: `Nothing is known of ${listed(unknown)}: never analyzed, or row security hides the statistics.`,
      facts,
      next: `ANALYZE ${unknown.slice(0, 10).join(', ')}`,
    };
  return { status: 'ok', verdict: 'By estimate no larger table is half empty.', facts };
}
