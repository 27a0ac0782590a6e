/** What takes the room: the largest tables with their indexes, as the last vacuum or analyze counted them. */
import { type Check, defineCheck } from '../check.ts';
import { listed, sized } from '../figures.ts';

interface Row {
  readonly relation: string;
  readonly table_bytes: number;
  readonly toast_bytes: number;
  readonly index_bytes: number;
  /** Never vacuumed nor analyzed: its size is not known here. */
  readonly uncounted: boolean;
}

/** By relpages: the functions that measure would wait behind an ACCESS EXCLUSIVE lock. */
const SQL = `
  select c.oid::regclass::text as relation,
         c.relpages * b.size as table_bytes,
         coalesce(t.relpages, 0) * b.size as toast_bytes,
         i.pages * b.size as index_bytes,
         c.relpages = 0 and pg_stat_get_live_tuples(c.oid) > 0 as uncounted
    from pg_class c
    left join pg_class t on t.oid = c.reltoastrelid
   cross join lateral (
     select coalesce(sum(x.relpages), 0) as pages
       from pg_index i
       join pg_class x on x.oid = i.indexrelid
      where i.indrelid in (c.oid, c.reltoastrelid)
   ) i
   cross join (select current_setting('block_size')::float8 as size) b
   where c.relkind in ('r', 'm')
     and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
   order by c.relpages + coalesce(t.relpages, 0) + i.pages desc, 1
   limit 100`;

const check: Check = defineCheck({
  name: 'sizes',
  title: 'The size of the database and of its largest tables',
  order: 210,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none: it asks the catalog, not the files of the tables',
  async run(target) {
    const tables = await target.read<Row>(SQL);
    const [database] = await target.read<{ bytes: number }>(
      'select pg_database_size(current_database())::float8 as bytes',
    );
    const bytes = database?.bytes ?? 0;
    const uncounted = tables.filter((row) => row.uncounted).map(({ relation }) => relation);
    const [largest] = tables;
    const named =
      largest === undefined
        ? 'it has no tables'
        : `the largest table is ${largest.relation} with ${sized(total(largest))}, ${sized(largest.index_bytes)} of it indexes`;
    const unknown =
      uncounted.length === 0 ? '' : `; not counted, since never vacuumed nor analyzed: ${listed(uncounted)}`;
    return {
      status: 'ok',
      verdict: `The database has ${sized(bytes)}; ${named}${unknown}.`,
      facts: { bytes, tables: tables.slice(0, 20), uncounted },
    };
  },
});
export default check;

const total = (row: Row): number => row.table_bytes + row.toast_bytes + row.index_bytes;
