/** How many connections are in use, of the server's, the database's and the role's; and who has most of them. */
import { type Check, defineCheck, type Finding, judge, type Limits } from '../check.ts';
import { missing, roleOf } from '../privileges.ts';
import type { Target } from '../target.ts';
import { count } from '../words.ts';

interface Row {
  readonly usename: string;
  readonly application_name: string;
  readonly state: string;
  readonly datname: string;
  readonly sessions: number;
}

const SESSIONS = `
  select usename::text,
         coalesce(application_name, '') as application_name,
         coalesce(state, 'starting') as state,
         datname::text,
         count(*)::int as sessions
    from pg_stat_activity
   where backend_type = 'client backend'
   group by 1, 2, 3, 4
   order by 5 desc`;

interface Room {
  /** `server`, or the database or role that has a limit of its own. */
  readonly of: string;
  readonly used: number;
  readonly usable: number;
}

/** Every role may count them so; workers that are connected to a database are counted along. */
const SERVER = `
  select 'server' as of,
         (select sum(numbackends)::int from pg_stat_database) as used,
         current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int as usable`;

const LIMITED = `
  select 'database ' || d.datname as of, s.numbackends as used, d.datconnlimit as usable
    from pg_database d
    join pg_stat_database s on s.datid = d.oid
   where d.datconnlimit > 0 and d.datname = current_database()
   union all
  select 'role ' || r.rolname, count(*)::int, r.rolconnlimit
    from pg_stat_activity a
    join pg_roles r on r.oid = a.usesysid
   where r.rolconnlimit > 0 and a.backend_type = 'client backend'
   group by r.rolname, r.rolconnlimit
   limit 50`;

const check: Check = defineCheck({
  name: 'connections',
  title: 'How many connections are in use, and who has most of them',
  order: 20,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Percent of the connections that applications can use. */
  limits: { warn: 75, crit: 90 },
  source: 'pgMonitor',
  async run(target, { limits }) {
    const { role, seesAll } = await roleOf(target);
    if (!seesAll) return counted(target, role, limits);
    const rows = await target.read<Row>(SESSIONS);
    const [server] = await target.read<Room>(SERVER);
    const used = rows.reduce((sum, row) => sum + row.sessions, 0);
    const rooms = [
      { of: 'server', usable: server?.usable ?? 0, used },
      ...(await target.read<Room>(LIMITED)),
    ];
    const fullest = rooms.reduce((a, b) => (percentOf(b) > percentOf(a) ? b : a));
    const status = judge(percentOf(fullest), limits);
    const facts = { used, usable: server?.usable ?? 0, percent: percentOf(fullest), rooms, ...sums(rows) };
    if (status === 'ok') return { status, verdict: `${text(fullest)}.`, facts };
    return { status, verdict: `${text(fullest)}; ${most(rows, fullest.of)}.`, facts, ...freeing(target) };
  },
});
export default check;

/** Of other roles' sessions nothing but the number can be seen, and that is said. */
async function counted(target: Target, role: string, limits: Limits): Promise<Finding> {
  const [server] = await target.read<Room>(SERVER);
  if (server === undefined) throw new Error('the server did not count its sessions');
  const status = judge(percentOf(server), limits);
  const unseen = missing(
    `About ${text(server)}; whose they are and what they do the role ${role} does not see.`,
    `GRANT pg_monitor TO ${role}`,
  );
  const facts = { ...server, percent: percentOf(server) };
  return status === 'ok' ? { ...unseen, facts } : { ...unseen, facts, status, ...freeing(target) };
}

const percentOf = ({ used, usable }: Room): number => (usable <= 0 ? 0 : Math.round((used / usable) * 100));

function text(room: Room): string {
  const of = room.of === 'server' ? '' : ` that the ${room.of} may have`;
  return `${room.used} of ${room.usable} connections${of} are in use (${percentOf(room)} %)`;
}

/** Who has most of them, among those that the limit is about. */
function most(rows: readonly Row[], of: string): string {
  const concerned = rows.filter(
    (row) => of === 'server' || of === `database ${row.datname}` || of === `role ${row.usename}`,
  );
  const [first] = grouped(concerned, (row) => `user ${row.usename}, app \`${row.application_name}\``);
  if (first === undefined) return 'none of them can be seen';
  const mine = concerned.filter((row) => first[0] === `user ${row.usename}, app \`${row.application_name}\``);
  const states = grouped(mine, (row) => row.state).map(([state, sessions]) => `${sessions} ${state}`);
  return `most belong to ${first[0]}: ${count(first[1], 'session')} (${states.join(', ')})`;
}

const sums = (rows: readonly Row[]) => ({
  by_state: Object.fromEntries(grouped(rows, (row) => row.state)),
  by_user: Object.fromEntries(grouped(rows, (row) => row.usename).slice(0, 10)),
  by_application: Object.fromEntries(grouped(rows, (row) => row.application_name).slice(0, 10)),
});

/** Sessions summed up by a key, most first. */
function grouped(rows: readonly Row[], key: (row: Row) => string): [string, number][] {
  const sum = new Map<string, number>();
  for (const row of rows) sum.set(key(row), (sum.get(key(row)) ?? 0) + row.sessions);
  return [...sum].sort((a, b) => b[1] - a[1]);
}

const freeing = ({ name }: Target) => ({
  next: `run connections-exhausted target=${name}`,
  offers: [{ label: 'Free connections', line: `run connections-exhausted target=${name}` }],
});
