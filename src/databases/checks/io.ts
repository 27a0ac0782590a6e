/** How long the server waits for its disk, and who reads most. */
import { type Check, defineCheck, judge } from '../check.ts';
import { counted } from '../figures.ts';

interface Row {
  readonly backend_type: string;
  readonly context: string;
  readonly reads: number;
  readonly read_ms: number;
  readonly writes: number;
  readonly write_ms: number;
  readonly fsyncs: number;
  readonly timed: boolean;
}

const SQL = `
  select backend_type,
         context,
         coalesce(sum(reads), 0)::float8 as reads,
         coalesce(sum(read_time), 0)::float8 as read_ms,
         coalesce(sum(writes), 0)::float8 as writes,
         coalesce(sum(write_time), 0)::float8 as write_ms,
         coalesce(sum(fsyncs), 0)::float8 as fsyncs,
         current_setting('track_io_timing') = 'on' as timed
    from pg_stat_io
   where object = 'relation'
   group by 1, 2
  having sum(reads) > 0 or sum(writes) > 0
   order by 4 desc, 3 desc
   limit 20`;

const check: Check = defineCheck({
  name: 'io',
  title: 'How long the server waits for its disk, and who reads most',
  order: 320,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  since: 16,
  limits: { warn: 20, crit: 100 },
  unit: 'ms of a read, on average',
  source: 'ours',
  async run(target, { limits }) {
    const by = await target.read<Row>(SQL);
    const [most] = by;
    const facts = { by };
    if (most === undefined) return { status: 'ok', verdict: 'Nothing was read or written yet.', facts };
    const who = `${most.backend_type} (${most.context})`;
    if (!most.timed) {
      return {
        status: 'skipped',
        verdict: `How long reads take is not known: track_io_timing is off. Most reads are those of ${who}: ${counted(most.reads)}.`,
        facts,
        next: 'ALTER SYSTEM SET track_io_timing = on, then SELECT pg_reload_conf()',
      };
    }
    const reads = by.reduce((sum, row) => sum + row.reads, 0);
    const read_ms = by.reduce((sum, row) => sum + row.read_ms, 0) / Math.max(1, reads);
    const average = Math.round(read_ms * 100) / 100;
    return {
      status: judge(average, limits),
      verdict: `A read takes ${average} ms on average; most of the time is that of ${who}: ${counted(most.reads)} reads.`,
      facts: { average_ms: average, by },
    };
  },
});
export default check;
