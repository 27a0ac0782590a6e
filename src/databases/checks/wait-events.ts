/** What the sessions that work wait for at this moment: many at one place is where it is stuck. */
import { type Check, defineCheck, judge } from '../check.ts';
import { seeingAll } from '../privileges.ts';

interface Row {
  readonly event: string;
  readonly sessions: number;
}

/** Waiting for the client or for time is no trouble of the server. */
const SQL = `
  select coalesce(wait_event_type || ':' || wait_event, 'CPU') as event, count(*)::int as sessions
    from pg_stat_activity
   where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()
     and coalesce(wait_event_type, '') not in ('Client', 'Timeout')
   group by 1
   order by 2 desc
   limit 10`;

const check: Check = defineCheck({
  name: 'wait-events',
  title: 'What the sessions that work wait for at this moment',
  order: 55,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Sessions that wait for the same. */
  limits: { warn: 20, crit: 60 },
  source: 'ours',
  run: seeingAll(async (target, { limits }) => {
    const rows = await target.read<Row>(SQL);
    const facts = { events: Object.fromEntries(rows.map((row) => [row.event, row.sessions])) };
    const active = rows.reduce((sum, row) => sum + row.sessions, 0);
    const worst = rows.find((row) => row.event !== 'CPU');
    const status = judge(worst?.sessions ?? 0, limits);
    if (worst === undefined || status === 'ok') {
      const working = active === 1 ? '1 session works' : `${active} sessions work`;
      return { status: 'ok', verdict: `${working}; no place where many wait.`, facts };
    }
    return {
      status,
      verdict: `${worst.sessions} of ${active} sessions that work wait for ${worst.event}.`,
      facts,
    };
  }),
});
export default check;
