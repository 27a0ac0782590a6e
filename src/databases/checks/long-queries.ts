/** Statements that have been running for long. */
import { type Check, defineCheck, judge } from '../check.ts';
import { redactSql } from '../redact.ts';

interface Row {
  readonly pid: number;
  readonly usename: string | null;
  readonly application_name: string;
  readonly running_s: number;
  readonly waits_on: string | null;
  readonly query: string;
}

const SQL = `
  select pid,
         usename::text,
         application_name,
         extract(epoch from clock_timestamp() - query_start)::int as running_s,
         wait_event_type || ':' || wait_event as waits_on,
         left(query, 1000) as query
    from pg_stat_activity
   where state = 'active' and backend_type = 'client backend' and datname = current_database()
     and pid <> pg_backend_pid()
   order by query_start
   limit 5`;

const check: Check = defineCheck({
  name: 'long-queries',
  title: 'Statements that have been running for long',
  order: 50,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Seconds that a statement has been running. */
  limits: { warn: 60, crit: 300 },
  source: 'pghero has 60 s for a warning; crit is ours',
  async run(target, { limits }) {
    const rows = await target.read<Row>(SQL);
    const queries = await Promise.all(
      rows.map(async (row) => ({ ...row, query: await redactSql(row.query) })),
    );
    const [longest] = queries;
    const status = judge(longest?.running_s ?? 0, limits);
    const verdict =
      longest === undefined || status === 'ok'
        ? 'No statement has been running for long.'
        : `pid ${longest.pid} (${longest.application_name}) has been running for ${longest.running_s} s: ${longest.query}`;
    return { status, verdict, facts: { queries } };
  },
});
export default check;
