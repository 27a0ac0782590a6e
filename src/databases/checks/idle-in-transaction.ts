/** Sessions that opened a transaction and forgot it: their locks stay, and vacuum waits for them. */
import { type Check, defineCheck, judge } from '../check.ts';
import { seeingAll } from '../privileges.ts';
import { endingOf, sessionDoing, sessionsByPid } from '../sessions.ts';

const SQL = `
  select pid
    from pg_stat_activity
   where state like 'idle in transaction%' and backend_type = 'client backend' and datname = current_database()
   order by xact_start
   limit 5`;

const check: Check = defineCheck({
  name: 'idle-in-transaction',
  title: 'Sessions that opened a transaction and forgot it',
  order: 40,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Seconds since the transaction began. */
  limits: { warn: 300, crit: 900 },
  source: 'pgMonitor',
  run: seeingAll(async (target, { limits }) => {
    const pids = (await target.read<{ pid: number }>(SQL)).map((row) => row.pid);
    const found = pids.length === 0 ? [] : await sessionsByPid(target, pids);
    const sessions = found.sort((a, b) => b.transactionAge - a.transactionAge);
    const [oldest] = sessions;
    if (oldest === undefined) {
      return { status: 'ok', verdict: 'No session is idle in a transaction.', facts: { sessions } };
    }
    const locked = oldest.relations.length === 0 ? 'nothing' : oldest.relations.join(', ');
    const status = judge(oldest.transactionAge, limits);
    return {
      status,
      verdict: `${sessionDoing(oldest)}, has locked ${locked}.`,
      facts: { sessions },
      ...(status === 'ok' ? {} : endingOf(target, oldest)),
    };
  }),
});
export default check;
