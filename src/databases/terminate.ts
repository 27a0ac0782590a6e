/** Ending a session that holds others up: the very one that was planned for, gently first. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { z } from 'zod';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Blocker } from '../domain/sweep.ts';
import { FirebreakError } from '../errors.ts';
import { voidReason } from './execution.ts';
import { Stop, stopped, unknown } from './outcome.ts';
import { connectionLost, errorText, isPrivilege } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { BACKEND_START, sessionsByPid, sessionText } from './sessions.ts';
import { endQuietly, refuseStandby, type Target } from './target.ts';

export interface SessionId {
  readonly pid: number;
  /** As a Blocker names it: a pid alone may belong to somebody else by now. */
  readonly backendStart: string;
}

const terminateInputs = z.object({
  pid: z.number(),
  backendStart: z.string(),
  /** The transaction that it is ended for, by its start; null when none is open. The next one is another matter. */
  xactStart: z.string().nullable(),
});
type Inputs = z.infer<typeof terminateInputs>;

interface Row {
  readonly backend_type: string;
  readonly application_name: string;
  readonly usename: string | null;
  readonly superuser: boolean;
  readonly waiting: number;
  readonly xact_start: string | null;
}

/** How a transaction's start is written where it is compared. */
const XACT_START = `to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const SESSION = `
  select a.backend_type,
         a.application_name,
         a.usename::text,
         coalesce(r.rolsuper, true) as superuser,
         ${XACT_START} as xact_start,
         (select count(*)::int
            from (select pid from pg_stat_activity where wait_event_type = 'Lock' offset 0) w
           where a.pid = any(pg_blocking_pids(w.pid))) as waiting
    from pg_stat_activity a
    left join pg_roles r on r.oid = a.usesysid
   where a.pid = $1 and ${BACKEND_START} = $2`;

/** Plans the end of one session. It only reads. */
export async function planTerminate(
  target: Target,
  session: SessionId,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const { pid, backendStart } = session;
  if (target.config.urls.act === undefined) {
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'act' });
  }
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const [row] = await target.read<Row>(SESSION, [pid, backendStart]);
  const found = (await sessionsByPid(target, [pid])).find((it) => it.backendStart === backendStart);
  if (row === undefined || found === undefined)
    return refuse('NO_SUCH_SESSION', { pid, start: backendStart });
  const { backend_type: type, application_name: application, usename, superuser } = row;
  if (type !== 'client backend') return refuse('SESSION_NOT_CLIENT', { pid, type });
  if (application === 'firebreak') return refuse('SESSION_IS_OURS', { pid });
  if (superuser) return refuse('SESSION_OF_SUPERUSER', { pid, user: usename ?? 'unknown' });
  const inputs = { pid, backendStart, xactStart: row.xact_start };
  return { ok: true, plan: await compose(target, inputs, found, row.waiting) };
}

async function compose(target: Target, inputs: Inputs, found: Blocker, waiting: number): Promise<Plan> {
  const { pid, backendStart, xactStart } = inputs;
  return sealed({
    kind: 'db-terminate',
    target: target.name,
    identity: await target.identity(),
    title: `End the session ${pid} of ${found.user} on ${target.name}`,
    summary: [
      `Ends ${sessionText(found)}, begun ${backendStart}.`,
      `${waiting} sessions wait for it; it has locked ${found.relations.join(', ') || 'no table'}.`,
      `Its last statement: ${found.query}`,
      found.state === 'active'
        ? 'Its statement is cancelled first; it is terminated only if its transaction stays open.'
        : 'It runs nothing that could be cancelled: it is terminated, and its open transaction is rolled back.',
      xactStart === null
        ? 'It has no transaction open. If it begins one, it is left alone.'
        : `Only for the transaction that it began at ${xactStart}: once that one is over, it is left alone.`,
    ],
    // The same whether a statement runs at this moment or not: that changes from one second to the next.
    sql: `-- first, and only while it runs a statement:
${signalSql('cancel')};
-- while that transaction is still open:
${signalSql('terminate')};`,
    inputs: { ...inputs },
    facts: { session: found, waiting },
  });
}

/** Looks and acts in one statement, so that neither another session nor another transaction can be hit. */
const signalSql = (how: 'cancel' | 'terminate'): string =>
  `select pg_${how}_backend(pid) as sent
  from pg_stat_activity
 where pid = $1
   and ${BACKEND_START} = $2
   and ${XACT_START} is not distinct from $3`;

/** What every execution is given; ending a session leaves no marker and no transaction to journal. */
export interface TerminateOptions {
  readonly marker?: Marker;
  readonly onXid?: (trace: TransactionTrace) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** What was done to the session so far: from the first signal on, no failure can say that nothing happened. */
interface Acting {
  readonly target: Target;
  readonly client: pg.Client;
  readonly id: Inputs;
  readonly means: ('cancelled' | 'terminated')[];
}

/** Executes an approved plan, and then looks whether the session is gone. */
export async function executeTerminate(
  target: Target,
  plan: Plan,
  options: TerminateOptions = {},
): Promise<ActionOutcome> {
  let client: pg.Client | undefined;
  const means: Acting['means'] = [];
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    if (options.signal?.aborted === true) return stopped('FAILED', 'Stopped on request; nothing was done.');
    const id = terminateInputs.parse(plan.inputs);
    client = await target.session('act', SIGNAL_TIMEOUT_MS);
    return await end({ target, client, id, means });
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

async function end(it: Acting): Promise<ActionOutcome> {
  const { id, means, target } = it;
  const before = await lookAt(target, id);
  if (before === undefined) {
    return stopped('CHANGED', `The session ${id.pid} that began at ${id.backendStart} has ended by itself.`);
  }
  if (!before.same) return stopped('CHANGED', movedOn(id));
  if (before.state === 'active') {
    if (!(await send(it, 'cancel'))) return stopped('CHANGED', movedOn(id));
    if (await within(CANCEL_MS, async () => !holds(await lookAt(target, id)))) {
      return done(it, `The statement of ${id.pid} was cancelled, and its transaction is over`);
    }
  }
  if (!(await send(it, 'terminate'))) {
    return means.length === 0
      ? stopped('CHANGED', movedOn(id))
      : done(it, `The statement of ${id.pid} was cancelled, and its transaction is over`);
  }
  if (await within(TERMINATE_MS, async () => (await lookAt(target, id)) === undefined))
    return done(it, `The session ${id.pid} is gone`);
  return stopped('FAILED', `The session ${id.pid} was told to end, and is still there.`, { means });
}

/** What it was approved for is over: what it does now is other work, of somebody who waits for nobody's leave. */
const movedOn = ({ pid, xactStart }: Inputs): string =>
  xactStart === null
    ? `The session ${pid} has begun a transaction since the plan was made: it was left alone.`
    : `The transaction of ${pid} that began at ${xactStart} is over: the session was left alone.`;

const CANCEL_MS = 2000;
const TERMINATE_MS = 5000;

/** Sends a signal while session and transaction are those of the plan; false when they are not any more. */
async function send({ target, client, id, means }: Acting, how: 'cancel' | 'terminate'): Promise<boolean> {
  await refuseBlind(client, id);
  if ((await lookAt(target, id))?.same !== true) return false;
  const word = how === 'cancel' ? 'cancelled' : 'terminated';
  try {
    const { rows } = await client.query<{ sent: boolean }>(signalSql(how), [
      id.pid,
      id.backendStart,
      id.xactStart,
    ]);
    if (rows[0]?.sent === false) throw new Stop('FAILED', `PostgreSQL could not signal ${id.pid}.`);
    if (rows[0] !== undefined) means.push(word);
    return rows[0] !== undefined;
  } catch (error) {
    // It may have been sent.
    if (!(error instanceof Stop) && connectionLost(error)) means.push(word);
    throw error;
  }
}

/** A role that cannot see when sessions of others began would signal a mere pid. */
async function refuseBlind(client: pg.Client, { pid }: Inputs): Promise<void> {
  const { rows } = await client.query<{ hidden: boolean }>(
    'select backend_start is null as hidden from pg_stat_activity where pid = $1',
    [pid],
  );
  if (rows[0]?.hidden !== true) return;
  const why = `The act role cannot see when the session ${pid} began, and so not that it is still the same.`;
  throw new Stop('REFUSED', `${why} ${GRANTS}`);
}

interface Look {
  readonly state: string;
  /** Its transaction is the one that the plan names. */
  readonly same: boolean;
}

/** The session as the diag role sees it; undefined when it is gone. */
async function lookAt(target: Target, id: Inputs): Promise<Look | undefined> {
  const [row] = await target.read<{ state: string | null; same: boolean }>(
    `select state, ${XACT_START} is not distinct from $3 as same
       from pg_stat_activity
      where pid = $1 and ${BACKEND_START} = $2`,
    [id.pid, id.backendStart, id.xactStart],
  );
  return row === undefined ? undefined : { state: row.state ?? 'unknown', same: row.same };
}

/** A transaction that failed has given its locks back, though it stays open. */
const holds = (look: Look | undefined): boolean =>
  look?.same === true && (look.state === 'active' || look.state === 'idle in transaction');

async function within(ms: number, reached: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await reached()) return true;
    await sleep(100);
  }
  return reached();
}

async function done({ target, id, means }: Acting, what: string): Promise<ActionOutcome> {
  const probes = await runProbes(target);
  return { state: 'done', verdict: `${what}.`, facts: { ...id, means }, probes };
}

/** There is no marker for it: the session is gone, or what it was ended for is over, or it is still there. */
export async function resolveTerminate(
  target: Target,
  plan: Plan,
): Promise<'committed' | 'unknown' | ActionOutcome> {
  const id = terminateInputs.parse(plan.inputs);
  // One that was told to end may need a moment.
  const over = async (): Promise<boolean> => {
    const look = await lookAt(target, id);
    return look === undefined || (id.xactStart !== null && !holds(look));
  };
  if (await within(TERMINATE_MS, over)) return 'committed';
  const verdict = `The session ${id.pid} is still there; its statement may have been cancelled.`;
  return stopped('FAILED', verdict);
}
