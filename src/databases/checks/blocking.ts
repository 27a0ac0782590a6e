/** Who waits for a lock, for how long, and whose lock stands at the root. */
import type { Blocker } from '../../domain/sweep.ts';
import { type Check, defineCheck, type Finding } from '../check.ts';
import { type Branch, inBetween, rootsOf, type Waiter } from '../lock-tree.ts';
import { literal } from '../names.ts';
import { seeingAll } from '../privileges.ts';
import { endingOf, sessionDoing, sessionName, sessionsByPid } from '../sessions.ts';
import type { Target } from '../target.ts';
import { age, count } from '../words.ts';

interface Row extends Waiter {
  readonly mode: string | null;
  readonly waits_for: string | null;
  /** Seconds that one whom it waits for has been idle in a transaction; null when none is. */
  readonly idle_s: number | null;
  /** All that wait, also those beyond the limit. */
  readonly waiting: number;
}

/** Only the oldest are asked whom they wait for: each answer stops the lock manager for a moment. */
const sql = (version: number): string => `
  with waiting as materialized (
    select a.pid, w.relation, w.mode, a.query_start, ${version >= 14 ? 'w.waitstart' : 'null::timestamptz as waitstart'}
      from pg_stat_activity a
      join pg_locks w on w.pid = a.pid and not w.granted
     where a.datname = current_database()
  ), oldest as materialized (
    select *, count(*) over ()::int as waiting
      from waiting
     order by coalesce(waitstart, query_start)
     limit 100
  ), idle as materialized (
    select pid, extract(epoch from clock_timestamp() - state_change)::float8 as idle_s
      from pg_stat_activity
     where state like 'idle in transaction%'
  )
  select o.pid,
         b.blocked_by,
         extract(epoch from clock_timestamp() - coalesce(o.waitstart, o.query_start))::float8 as waiting_s,
         o.mode,
         o.relation::regclass::text as waits_for,
         (select max(idle.idle_s) from idle where idle.pid = any(b.blocked_by)) as idle_s,
         o.waiting
    from oldest o
   cross join lateral (select pg_blocking_pids(o.pid) as blocked_by) b
   order by 3 desc`;

/** So many sessions in a queue that does not move are critical, although none has waited for long yet. */
const MANY = 5;

const check: Check = defineCheck({
  name: 'blocking',
  title: 'Who waits for a lock, and whose lock stands at the root',
  order: 30,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'looks into the lock manager for a moment: once, never in a tight loop',
  /** Seconds that somebody waits, or that one who is waited for is idle. */
  limits: { warn: 1, crit: 60 },
  source: 'check_postgres lockwait has 60 and 120 s; in an outage a second counts (ours)',
  run: seeingAll(async (target, { limits, version }) => {
    const rows = (await target.read<Row>(sql(version))).filter((row) => row.blocked_by.length > 0);
    const waiting = rows[0]?.waiting ?? 0;
    const longest_s = Math.round(Math.max(0, ...rows.map((row) => row.waiting_s)) * 10) / 10;
    if (rows.length === 0) {
      return { status: 'ok', verdict: 'No session waits for a lock.', facts: { waiting, longest_s } };
    }
    // Who waits may give up and come again: then only who is idle shows how long nobody has got on.
    const held_s = Math.max(longest_s, ...rows.map((row) => row.idle_s ?? 0));
    const stuck = held_s >= limits.warn;
    const crit = held_s >= limits.crit || (stuck && waiting >= MANY);
    const found = await described(target, rows);
    return {
      ...found,
      status: crit ? 'crit' : stuck ? 'warn' : 'ok',
      facts: { ...found.facts, waiting, longest_s, queue: rows.slice(0, 20) },
    };
  }),
});
export default check;

async function described(target: Target, rows: readonly Row[]): Promise<Omit<Finding, 'status'>> {
  const branches = rootsOf(rows);
  const [first] = branches;
  const between = inBetween(rows)[0];
  const pids = [...branches.map(({ pid }) => pid), ...(between === undefined ? [] : [between.pid])];
  const known = new Map((await sessionsByPid(target, pids)).map((it) => [it.pid, it]));
  const roots = branches.flatMap(({ pid }) => known.get(pid) ?? []);
  const others = branches.length > 1 ? ` ${branches.length - 1} more block others as well.` : '';
  const queue = queueText(rows, between, known);
  if (first === undefined) return { verdict: 'Sessions wait for a lock.', facts: { roots } };
  const blocks = `blocks ${count(first.behind, 'session')}; the oldest waits ${age(first.longest_s)}`;
  if (first.pid === 0) {
    const [prepared] = await preparedBlockers(target);
    const verdict = `${preparedText(prepared)} ${blocks}.${queue}${others}`;
    return { verdict, facts: { roots, prepared }, ...(prepared === undefined ? {} : deciding(prepared)) };
  }
  const root = known.get(first.pid);
  const who = root === undefined ? `pid ${first.pid}, which has just ended,` : sessionDoing(root);
  return {
    verdict: `${who}${root === undefined ? '' : ','} ${blocks}.${queue}${others}`,
    facts: { roots },
    ...(root === undefined ? {} : endings(target, root, known.get(between?.pid ?? 0))),
  };
}

/** Ending who waits in between frees those behind it at once, whatever the root is worth. */
function endings(target: Target, root: Blocker, between: Blocker | undefined) {
  const ending = endingOf(target, root);
  if (between === undefined || between.pid === root.pid) return ending;
  return { ...ending, offers: [...ending.offers, ...endingOf(target, between).offers] };
}

/** The ALTER TABLE that got no lock yet, and makes everybody wait who comes after it. */
function queueText(
  rows: readonly Row[],
  between: Branch | undefined,
  known: ReadonlyMap<number, Blocker>,
): string {
  const row = rows.find(({ pid }) => pid === between?.pid);
  if (between === undefined || row === undefined) return '';
  const session = known.get(between.pid);
  const who = session === undefined ? `pid ${between.pid}` : `${sessionName(session)}, \`${session.query}\`,`;
  const on = row.waits_for === null ? '' : ` on ${row.waits_for}`;
  return ` ${who} waits for ${modeText(row.mode)}${on} itself, and ${between.behind === 1 ? '1 session queues' : `${between.behind} sessions queue`} behind it.`;
}

/** `AccessExclusiveLock` as people write it: ACCESS EXCLUSIVE. */
const modeText = (mode: string | null): string =>
  (mode ?? 'a lock')
    .replace(/Lock$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();

interface Prepared {
  readonly gid: string;
  readonly owner: string;
  readonly prepared_s: number;
}

/**
 * The prepared transactions that hold what others wait for: the oldest first. Their locks have no pid; which are whose
 * shows the lock that each holds on its own id (the numbers in `virtualtransaction` differ by version).
 */
const preparedBlockers = (target: Target): Promise<Prepared[]> =>
  target.read<Prepared>(`
    select distinct p.gid, p.owner::text, extract(epoch from clock_timestamp() - p.prepared)::float8 as prepared_s
      from pg_prepared_xacts p
      join pg_locks own on own.locktype = 'transactionid' and own.transactionid = p.transaction and own.pid is null
      join pg_locks h on h.virtualtransaction = own.virtualtransaction and h.pid is null and h.granted
      join pg_locks w on not w.granted and w.locktype = h.locktype
                     and w.database is not distinct from h.database
                     and w.relation is not distinct from h.relation
                     and w.transactionid is not distinct from h.transactionid
     where p.database = current_database()
     order by 3 desc
     limit 5`);

const preparedText = (it: Prepared | undefined): string =>
  it === undefined
    ? 'A prepared transaction'
    : `The prepared transaction ${literal(it.gid)} (owner ${it.owner}), prepared ${age(it.prepared_s)} ago,`;

const deciding = ({ gid }: Prepared) => ({
  next: `ask its coordinator, then COMMIT PREPARED ${literal(gid)} or ROLLBACK PREPARED ${literal(gid)}`,
});
