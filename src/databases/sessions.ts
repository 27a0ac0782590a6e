/** Sessions of a target: who holds a lock, who waits for whom. Nothing here takes a lock itself. */
import type { Blocker, CheckResult } from '../domain/sweep.ts';
import { quoteName, splitName } from './names.ts';
import { redactSql } from './redact.ts';
import type { Target } from './target.ts';
import { age } from './words.ts';

interface SessionRow {
  readonly pid: number;
  readonly backend_start: string | null;
  readonly usename: string | null;
  readonly application_name: string | null;
  readonly state: string | null;
  readonly xact_age: string | null;
  readonly query: string | null;
  readonly relations: readonly string[];
}

/** How a session's start is written wherever it is compared: microseconds, UTC, whatever the settings. */
export const BACKEND_START = `to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const SESSION_COLUMNS = `
  a.pid,
  ${BACKEND_START} as backend_start,
  a.usename::text,
  a.application_name,
  a.state,
  extract(epoch from clock_timestamp() - a.xact_start)::text as xact_age,
  left(a.query, 1000) as query,
  array(select distinct c.relname::text
          from pg_locks l
          join pg_class c on c.oid = l.relation
         where l.pid = a.pid and l.granted and l.database = (select oid from pg_database where datname = current_database())
           and c.relkind in ('r', 'p', 'm') and c.relnamespace <> 'pg_catalog'::regnamespace
         limit 10) as relations`;

/** The sessions with these pids, as blockers. */
export async function sessionsByPid(target: Target, pids: readonly number[]): Promise<Blocker[]> {
  const rows = await target.read<SessionRow>(
    `select ${SESSION_COLUMNS} from pg_stat_activity a where a.pid = any($1::int[]) limit 20`,
    [pids],
  );
  return Promise.all(rows.map(toBlocker));
}

/** The sessions that a session waits for now. */
export async function blockersOf(target: Target, pid: number): Promise<Blocker[]> {
  const rows = await target.read<SessionRow>(
    `select ${SESSION_COLUMNS} from pg_stat_activity a where a.pid = any(pg_blocking_pids($1)) limit 20`,
    [pid],
  );
  return Promise.all(rows.map(toBlocker));
}

/** The sessions that hold a lock on one of these relations, the longest transaction first. */
export async function holdersOf(target: Target, oids: readonly number[]): Promise<Blocker[]> {
  const rows = await target.read<SessionRow>(
    `select ${SESSION_COLUMNS}
       from pg_stat_activity a
      where a.pid <> pg_backend_pid()
        and exists (select from pg_locks l
                     where l.pid = a.pid and l.granted and l.relation = any($1::oid[])
                       and l.database = (select oid from pg_database where datname = current_database()))
      order by a.xact_start nulls last
      limit 10`,
    [oids],
  );
  return Promise.all(rows.map(toBlocker));
}

/** Relations by their names; an index stands for its table, whose lock it needs. Names that lead nowhere are left out. */
export async function lockedOids(target: Target, names: readonly string[]): Promise<number[]> {
  const rows = await target.read<{ oid: string }>(
    `select distinct coalesce(i.indrelid, c.oid)::text as oid
       from unnest($1::text[]) as name
       join pg_class c on c.oid = to_regclass(name)
       left join pg_index i on i.indexrelid = c.oid`,
    [names.filter((name) => splitName(name).length <= 2).map(quoteName)],
  );
  return rows.map((row) => Number(row.oid));
}

/** A session in one line: the facts that a person needs to decide about it. */
export function sessionText(it: Blocker): string {
  const name = it.application === '' ? 'no application name' : it.application;
  return `pid ${it.pid}, user ${it.user}, ${name}, ${it.state}, transaction open for ${age(it.transactionAge)}`;
}

/** A session by what people know it by: "pid 4711 (app `billing`)", without an application its user. */
export function sessionName(it: Pick<Blocker, 'pid' | 'application' | 'user'>): string {
  if (it.application !== '') return `pid ${it.pid} (app \`${it.application}\`)`;
  return it.user === '' ? `pid ${it.pid}` : `pid ${it.pid} (user \`${it.user}\`)`;
}

/** The same with what it does: "…, idle in a transaction open for 12 min". */
export function sessionDoing(it: Blocker): string {
  const open = age(it.transactionAge);
  const doing = it.state.startsWith('idle in transaction')
    ? `idle in a transaction open for ${open}`
    : `${it.state} in a transaction open for ${open} with \`${it.query}\``;
  return `${sessionName(it)}, ${doing}`;
}

async function toBlocker(row: SessionRow): Promise<Blocker> {
  return {
    pid: row.pid,
    backendStart: row.backend_start ?? '',
    user: row.usename ?? '',
    application: row.application_name ?? '',
    state: row.state ?? 'unknown',
    transactionAge: Number(row.xact_age ?? 0),
    query: await redactSql(row.query ?? ''),
    relations: row.relations,
  };
}

/** The line to type, or the button to click, to have a session ended. */
export function endingOf(
  { name }: Target,
  { pid, backendStart }: Pick<Blocker, 'pid' | 'backendStart'>,
): Required<Pick<CheckResult, 'next' | 'offers'>> {
  const line = `run blocked-queries target=${name} pid=${pid} backend_start=${backendStart}`;
  return { next: line, offers: [{ label: `End session ${pid}`, line }] };
}
