/** How many of the server's connections are in use, and what they do. */
import { type Check, defineCheck, judge } from '../check.ts';

interface Row {
  readonly state: string;
  readonly sessions: number;
  readonly usable: number;
}

const SQL = `
  select coalesce(state, 'unknown') as state,
         count(*)::int as sessions,
         current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int as usable
    from pg_stat_activity
   where backend_type = 'client backend'
   group by 1
   order by 2 desc`;

const check: Check = defineCheck({
  name: 'connections',
  title: "How many of the server's connections are in use, and what they do",
  order: 20,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Percent of the connections that applications can use. */
  limits: { warn: 75, crit: 90 },
  source: 'pgMonitor',
  async run(target, { limits }) {
    const rows = await target.read<Row>(SQL);
    const usable = rows[0]?.usable ?? 0;
    const used = rows.reduce((sum, row) => sum + row.sessions, 0);
    const percent = usable === 0 ? 0 : Math.round((used / usable) * 100);
    const by_state = Object.fromEntries(rows.map((row) => [row.state, row.sessions]));
    const largest = rows[0] === undefined ? '' : `, most of them ${rows[0].state} (${rows[0].sessions})`;
    const status = judge(percent, limits);
    return {
      status,
      verdict: `${used} of ${usable} connections are in use (${percent} %)${status === 'ok' ? '' : largest}.`,
      facts: { used, usable, percent, by_state },
    };
  },
});
export default check;
