/** Whether what is read lies in memory: a table that is read from disk all the time is missing an index, or memory. */
import { type Check, defineCheck, judge } from '../check.ts';
import { counted, percentOf } from '../figures.ts';

interface Row {
  readonly relation: string;
  readonly hit: number;
  readonly read: number;
  readonly all_hit: number;
  readonly all_read: number;
}

const SQL = `
  select relid::regclass::text as relation,
         coalesce(heap_blks_hit + idx_blks_hit, heap_blks_hit, 0)::float8 as hit,
         coalesce(heap_blks_read + idx_blks_read, heap_blks_read, 0)::float8 as read,
         (sum(coalesce(heap_blks_hit, 0) + coalesce(idx_blks_hit, 0)) over ())::float8 as all_hit,
         (sum(coalesce(heap_blks_read, 0) + coalesce(idx_blks_read, 0)) over ())::float8 as all_read
    from pg_statio_user_tables
   order by 3 desc
   limit 10`;

/** Below so many blocks (8 MB) that came from outside nothing can be said: after a start everything does. */
const FEW = 1000;

const check: Check = defineCheck({
  name: 'cache-hit',
  title: 'Whether what is read lies in memory',
  order: 250,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 2, crit: Infinity },
  unit: "% of the blocks that were not in PostgreSQL's own memory",
  source: 'awesome-prometheus-alerts asks for 98 % hits, pghero for 99 %',
  async run(target, { limits }) {
    const tables = await target.read<Row>(SQL);
    const [worst] = tables;
    const missed = percentOf(worst?.all_read ?? 0, (worst?.all_read ?? 0) + (worst?.all_hit ?? 0));
    const facts = {
      missed_percent: missed,
      tables: tables.map(({ relation, hit, read }) => ({ relation, hit, read })),
    };
    if (worst === undefined || worst.all_read < FEW)
      return { status: 'ok', verdict: 'Hardly a block of a table was read from outside memory.', facts };
    const status = judge(missed, limits);
    return {
      status,
      verdict: `${missed} % of the blocks of tables and indexes were not in memory, most of them of ${worst.relation} (${counted(worst.read)}).`,
      facts,
      ...(status === 'ok'
        ? {}
        : {
            next: `Look for statements that read all of ${worst.relation} (outliers), and at shared_buffers`,
          }),
    };
  },
});
export default check;
