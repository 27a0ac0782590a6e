/** Indexes that nobody reads and every write pays for. */
import { type Check, defineCheck, judge } from '../check.ts';
import { andMore, sized } from '../figures.ts';

interface Row {
  readonly index: string;
  readonly relation: string;
  readonly bytes: number;
  readonly since: Date | null;
}

/** What keeps rows unique, or is the identity of rows for replication, is used without being scanned. */
const SQL = `
  select s.indexrelid::regclass::text as index,
         s.relid::regclass::text as relation,
         x.relpages * current_setting('block_size')::float8 as bytes,
         d.stats_reset as since
    from pg_stat_user_indexes s
    join pg_index i on i.indexrelid = s.indexrelid
    join pg_class x on x.oid = s.indexrelid
    join pg_stat_database d on d.datname = current_database()
   where s.idx_scan = 0 and i.indisvalid and not i.indisunique and not i.indisexclusion and not i.indisreplident
   order by x.relpages desc
   limit 50`;

const MEGABYTE = 1024 ** 2;

const check: Check = defineCheck({
  name: 'unused-indexes',
  title: 'Indexes that nobody has read since the counters began',
  order: 260,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 1, crit: Infinity },
  unit: 'MB of one index',
  source: 'ours; ruby-pg-extras begins at 5 pages',
  async run(target, { limits }) {
    const indexes = await target.read<Row>(SQL);
    const large = indexes.filter((row) => judge(row.bytes / MEGABYTE, limits) !== 'ok');
    const facts = { indexes: indexes.slice(0, 20) };
    const [largest] = large;
    if (largest === undefined)
      return { status: 'ok', verdict: 'Every index of some size has been used.', facts };
    const since =
      largest.since === null ? 'since the server keeps count' : `since ${largest.since.toISOString()}`;
    return {
      status: 'warn',
      verdict: `The index ${largest.index} on ${largest.relation} (${sized(largest.bytes)}) was not read once ${since}${andMore(large)}.`,
      facts,
      next: `If no standby reads it and the time is long enough: DROP INDEX CONCURRENTLY ${largest.index}`,
    };
  },
});
export default check;
