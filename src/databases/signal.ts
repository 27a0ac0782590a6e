/** Signals to a session: the very one that was planned for, and only while it does what the plan saw it do. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Blocker } from '../domain/sweep.ts';
import { FirebreakError } from '../errors.ts';
import { voidReason } from './execution.ts';
import { Stop, stopped, unknown } from './outcome.ts';
import { connectionLost, errorText, isPrivilege } from './pg-errors.ts';
import { runProbes } from './probe.ts';
import { BACKEND_START, sessionsByPid } from './sessions.ts';
import { endQuietly, refuseStandby, type Target } from './target.ts';

export interface SessionId {
  readonly pid: number;
  /** As a Blocker names it: a pid alone may belong to somebody else by now. */
  readonly backendStart: string;
}

/** What a session is signalled for: the transaction or the statement that began at that moment, and no later one. */
export interface Aim extends SessionId {
  readonly at: 'transaction' | 'statement';
  /** Null: none was open. */
  readonly began: string | null;
}

/** How a moment is written where it is compared: microseconds, UTC, whatever the settings. */
const text = (moment: string): string =>
  `to_char(${moment} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const BEGAN: Readonly<Record<Aim['at'], string>> = {
  transaction: text('xact_start'),
  statement: `case when state = 'active' then ${text('query_start')} end`,
};

/** A session that may be signalled. */
export interface Found {
  readonly session: Blocker;
  /** How many sessions wait for it. */
  readonly waiting: number;
  readonly xactStart: string | null;
  /** Null while it runs nothing. */
  readonly queryStart: string | null;
}

interface Row {
  readonly backend_type: string;
  readonly application_name: string;
  readonly usename: string | null;
  readonly superuser: boolean;
  readonly waiting: number;
  readonly xact_start: string | null;
  readonly query_start: string | null;
}

const SESSION = `
  select a.backend_type,
         a.application_name,
         a.usename::text,
         coalesce(r.rolsuper, true) as superuser,
         ${BEGAN.transaction} as xact_start,
         ${BEGAN.statement} as query_start,
         (select count(*)::int
            from (select pid from pg_stat_activity where wait_event_type = 'Lock' order by query_start limit 100) w
           where a.pid = any(pg_blocking_pids(w.pid))) as waiting
    from pg_stat_activity a
    left join pg_roles r on r.oid = a.usesysid
   where a.pid = $1 and ${BACKEND_START} = $2`;

/** Finds a session to signal, or says why it may not be. It only reads. */
export async function findSession(
  target: Target,
  { pid, backendStart }: SessionId,
): Promise<{ readonly ok: true; readonly value: Found } | Refusal> {
  if (target.config.urls.act === undefined) {
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'act' });
  }
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const [row] = await target.read<Row>(SESSION, [pid, backendStart]);
  const session = (await sessionsByPid(target, [pid])).find((it) => it.backendStart === backendStart);
  if (row === undefined || session === undefined)
    return refuse('NO_SUCH_SESSION', { pid, start: backendStart });
  const { backend_type: type, application_name: application, usename, superuser } = row;
  if (type !== 'client backend') return refuse('SESSION_NOT_CLIENT', { pid, type });
  if (application === 'firebreak') return refuse('SESSION_IS_OURS', { pid });
  if (superuser) return refuse('SESSION_OF_SUPERUSER', { pid, user: usename ?? 'unknown' });
  const { waiting, xact_start: xactStart, query_start: queryStart } = row;
  return { ok: true, value: { session, waiting, xactStart, queryStart } };
}

/** Looks and acts in one statement, so that no other session, transaction or statement can be hit. */
export const signalSql = (how: 'cancel' | 'terminate', at: Aim['at']): string =>
  `select pg_${how}_backend(pid) as sent
  from pg_stat_activity
 where pid = $1
   and ${BACKEND_START} = $2
   and ${BEGAN[at]} is not distinct from $3`;

/** What every execution is given; a signal leaves no marker and no transaction to journal. */
export interface SignalOptions {
  readonly marker?: Marker;
  readonly onXid?: (trace: TransactionTrace) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** What was done to the session so far: from the first signal on, no failure can say that nothing happened. */
export interface Acting {
  readonly target: Target;
  readonly client: pg.Client;
  readonly aim: Aim;
  readonly means: ('cancelled' | 'terminated')[];
}

/** Executes an approved plan: `act` sends what signals it wants, by `send`. */
export async function signalling(
  target: Target,
  plan: Plan,
  options: SignalOptions,
  act: { readonly aim: () => Aim; readonly end: (it: Acting) => Promise<ActionOutcome> },
): Promise<ActionOutcome> {
  let client: pg.Client | undefined;
  const means: Acting['means'] = [];
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    if (options.signal?.aborted === true) return stopped('FAILED', 'Stopped on request; nothing was done.');
    const aim = act.aim();
    client = await target.session('act', SIGNAL_TIMEOUT_MS);
    return await act.end({ target, client, aim, means });
  } catch (error) {
    return brokeOff(error, means);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

const SIGNAL_TIMEOUT_MS = 3000;

function brokeOff(error: unknown, means: Acting['means']): ActionOutcome {
  if (means.length > 0) {
    const what = means.join(' and ');
    return unknown(`The session was ${what}, and then ${errorText(error)}: what became of it is not known.`, {
      means,
    });
  }
  if (error instanceof Stop) return error.outcome;
  if (error instanceof FirebreakError) {
    const code = error.code === 'TARGET_IDENTITY_MISMATCH' ? 'PLAN_VOID' : 'REFUSED';
    return stopped(code, `${error.message} ${error.fix}`);
  }
  if (isPrivilege(error)) return stopped('REFUSED', `A privilege is missing: ${errorText(error)}. ${GRANTS}`);
  return stopped('FAILED', `${errorText(error)}. No signal was sent.`);
}

const GRANTS = 'GRANT pg_signal_backend, pg_read_all_stats to the act role.';

/** Sends a signal while the session is where the plan saw it; false when it is not any more. */
export async function send(
  { target, client, aim, means }: Acting,
  how: 'cancel' | 'terminate',
): Promise<boolean> {
  await refuseBlind(client, aim);
  if ((await lookAt(target, aim))?.same !== true) return false;
  const word = how === 'cancel' ? 'cancelled' : 'terminated';
  try {
    const { rows } = await client.query<{ sent: boolean }>(signalSql(how, aim.at), [
      aim.pid,
      aim.backendStart,
      aim.began,
    ]);
    if (rows[0]?.sent === false) throw new Stop('FAILED', `PostgreSQL could not signal ${aim.pid}.`);
    if (rows[0] !== undefined) means.push(word);
    return rows[0] !== undefined;
  } catch (error) {
    // It may have been sent.
    if (!(error instanceof Stop) && connectionLost(error)) means.push(word);
    throw error;
  }
}

/** A role that cannot see when sessions of others began would signal a mere pid. */
async function refuseBlind(client: pg.Client, { pid }: SessionId): Promise<void> {
  const { rows } = await client.query<{ hidden: boolean }>(
    'select backend_start is null as hidden from pg_stat_activity where pid = $1',
    [pid],
  );
  if (rows[0]?.hidden !== true) return;
  const why = `The act role cannot see when the session ${pid} began, and so not that it is still the same.`;
  throw new Stop('REFUSED', `${why} ${GRANTS}`);
}

export interface Look {
  readonly state: string;
  /** Its transaction or statement is the one that the plan names. */
  readonly same: boolean;
}

/** The session as the diag role sees it; undefined when it is gone. */
export async function lookAt(target: Target, aim: Aim): Promise<Look | undefined> {
  const [row] = await target.read<{ state: string | null; same: boolean }>(
    `select state, ${BEGAN[aim.at]} is not distinct from $3 as same
       from pg_stat_activity
      where pid = $1 and ${BACKEND_START} = $2`,
    [aim.pid, aim.backendStart, aim.began],
  );
  return row === undefined ? undefined : { state: row.state ?? 'unknown', same: row.same };
}

/** Waits until something is reached; false when it was not in that time. */
export async function within(ms: number, reached: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await reached()) return true;
    await sleep(100);
  }
  return reached();
}

/** It came about, and this is what the application says to it. */
export async function signalled(
  { target, means }: Acting,
  what: string,
  plan: Pick<Plan, 'inputs'>,
): Promise<ActionOutcome> {
  const probes = await runProbes(target);
  return { state: 'done', verdict: `${what}.`, facts: { ...plan.inputs, means }, probes };
}
