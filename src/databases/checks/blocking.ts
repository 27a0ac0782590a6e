/** Who waits for a lock, for how long, and whose lock stands at the root. */
import type { Blocker } from '../../domain/sweep.ts';
import { type Check, defineCheck } from '../check.ts';
import { endingOf, sessionsByPid, sessionText } from '../sessions.ts';

interface Row {
  readonly pid: number;
  readonly blocked_by: readonly number[];
  readonly waiting_s: number;
  readonly waits_for: string | null;
  readonly mode: string | null;
}

const SQL = `
  select a.pid,
         pg_blocking_pids(a.pid) as blocked_by,
         extract(epoch from clock_timestamp() - coalesce(w.waitstart, a.query_start))::float8 as waiting_s,
         w.relation::regclass::text as waits_for,
         w.mode
    from pg_stat_activity a
    left join lateral (
      select l.relation, l.mode, l.waitstart
        from pg_locks l
       where l.pid = a.pid and not l.granted
       limit 1
    ) w on true
   where a.wait_event_type = 'Lock' and a.datname = current_database()
   order by 3 desc
   limit 200`;

/** So many sessions in the queue are critical, however short each of them waits. */
const MANY = 5;

const check: Check = defineCheck({
  name: 'blocking',
  title: 'Who waits for a lock, and whose lock stands at the root',
  order: 30,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'looks into the lock manager for a moment: once, never in a tight loop',
  /** Seconds that somebody waits. */
  limits: { warn: 1, crit: 60 },
  source: 'check_postgres lockwait has 60 and 120 s; in an outage a second counts (ours)',
  async run(target, { limits }) {
    const rows = (await target.read<Row>(SQL)).filter((row) => row.blocked_by.length > 0);
    const longest_s = Math.round(Math.max(0, ...rows.map((row) => row.waiting_s)) * 10) / 10;
    const roots = await sessionsByPid(target, rootsOf(rows));
    const facts = { waiting: rows.length, longest_s, roots, queue: rows.slice(0, 20) };
    if (rows.length === 0) return { status: 'ok', verdict: 'No session waits for a lock.', facts };
    const crit = longest_s >= limits.crit || rows.length >= MANY;
    const status = crit ? 'crit' : longest_s >= limits.warn ? 'warn' : 'ok';
    const [root] = roots;
    return {
      status,
      verdict: `${sessions(rows.length)} for a lock, up to ${longest_s} s; the root is ${rootText(root)}.`,
      facts,
      ...(root === undefined ? {} : endingOf(target, root)),
    };
  },
});
export default check;

/** Those who hold others up and wait for nobody. Pid 0 is a prepared transaction: it has no session. */
function rootsOf(rows: readonly Row[]): number[] {
  const waiting = new Set(rows.map((row) => row.pid));
  const blocking = new Set(rows.flatMap((row) => row.blocked_by));
  const roots = [...blocking].filter((pid) => !waiting.has(pid));
  return roots.length > 0 ? roots : [...blocking];
}

const sessions = (n: number): string => (n === 1 ? '1 session waits' : `${n} sessions wait`);

const rootText = (root: Blocker | undefined): string =>
  root === undefined ? 'a prepared transaction or a session that has just ended' : sessionText(root);
