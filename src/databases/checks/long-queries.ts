/** Statements that have been running for long. */
import { type Check, defineCheck, judge } from '../check.ts';
import { seeingAll } from '../privileges.ts';
import { redactSql } from '../redact.ts';
import { BACKEND_START, endingOf, sessionName } from '../sessions.ts';
import { age } from '../words.ts';

interface Row {
  readonly pid: number;
  readonly backend_start: string;
  readonly usename: string | null;
  readonly application_name: string | null;
  readonly running_s: number;
  readonly waits_on: string | null;
  readonly query: string;
}

const SQL = `
  select pid,
         ${BACKEND_START} as backend_start,
         usename::text,
         application_name,
         extract(epoch from clock_timestamp() - query_start)::float8 as running_s,
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
  run: seeingAll(async (target, { limits }) => {
    const rows = await target.read<Row>(SQL);
    const queries = await Promise.all(
      rows.map(async (row) => ({ ...row, query: await redactSql(row.query) })),
    );
    const [longest] = queries;
    const status = judge(longest?.running_s ?? 0, limits);
    if (longest === undefined || status === 'ok') {
      return { status: 'ok', verdict: 'No statement has been running for long.', facts: { queries } };
    }
    const { pid, usename, application_name, backend_start, waits_on } = longest;
    const who = sessionName({ pid, user: usename ?? '', application: application_name ?? '' });
    const waits = waits_on === null ? '' : ` (it waits for ${waits_on})`;
    return {
      status,
      verdict: `${who} has been running one statement for ${age(longest.running_s)}${waits}: ${longest.query}`,
      facts: { queries },
      ...endingOf(target, { pid, backendStart: backend_start }),
    };
  }),
});
export default check;
