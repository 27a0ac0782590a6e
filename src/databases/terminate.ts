/** Ending a session that holds others up: the very one that was planned for, gently first. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { z } from 'zod';
import type { ActionOutcome, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Blocker } from '../domain/sweep.ts';
import { failure, voidReason } from './execution.ts';
import { Stop, stopped } from './outcome.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { BACKEND_START, sessionsByPid, sessionText } from './sessions.ts';
import { endQuietly, type Target } from './target.ts';

export interface SessionId {
  readonly pid: number;
  /** As a Blocker names it: a pid alone may belong to somebody else by now. */
  readonly backendStart: string;
}

const terminateInputs = z.object({ pid: z.number(), backendStart: z.string() });

interface Row {
  readonly backend_type: string;
  readonly application_name: string;
  readonly usename: string | null;
  readonly superuser: boolean;
  readonly waiting: number;
}

const SESSION = `
  select a.backend_type,
         a.application_name,
         a.usename::text,
         coalesce(r.rolsuper, true) as superuser,
         (select count(*)::int from pg_stat_activity w where a.pid = any(pg_blocking_pids(w.pid))) as waiting
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
  const [row] = await target.read<Row>(SESSION, [pid, backendStart]);
  const found = (await sessionsByPid(target, [pid])).find((it) => it.backendStart === backendStart);
  if (row === undefined || found === undefined)
    return refuse('NO_SUCH_SESSION', { pid, start: backendStart });
  const { backend_type: type, application_name: application, usename, superuser } = row;
  if (type !== 'client backend') return refuse('SESSION_NOT_CLIENT', { pid, type });
  if (application === 'firebreak') return refuse('SESSION_IS_OURS', { pid });
  if (superuser) return refuse('SESSION_OF_SUPERUSER', { pid, user: usename ?? 'unknown' });
  return { ok: true, plan: await compose(target, { pid, backendStart }, found, row.waiting) };
}

async function compose(target: Target, id: SessionId, found: Blocker, waiting: number): Promise<Plan> {
  const idle = found.state !== 'active';
  return sealed({
    kind: 'db-terminate',
    target: target.name,
    identity: await target.identity(),
    title: `End the session ${id.pid} of ${found.user} on ${target.name}`,
    summary: [
      `Ends ${sessionText(found)}, begun ${id.backendStart}.`,
      `${waiting} sessions wait for it; it has locked ${found.relations.join(', ') || 'no table'}.`,
      `Its last statement: ${found.query}`,
      idle
        ? 'It runs nothing that could be cancelled: it is terminated, and its open transaction is rolled back.'
        : 'Its statement is cancelled first; it is terminated only if its transaction stays open.',
    ],
    sql: idle ? `${signalSql('terminate')};` : `${signalSql('cancel')};\n${signalSql('terminate')};`,
    inputs: { ...id },
    facts: { session: found, waiting },
  });
}

/**
 * Looks and acts in one statement, so that no other session can have taken the pid in between. A role without
 * pg_read_all_stats sees no start of others' sessions: then the look of the diag role just before has to do.
 */
const signalSql = (how: 'cancel' | 'terminate'): string =>
  `select pg_${how}_backend(pid) as sent
  from pg_stat_activity
 where pid = $1 and (backend_start is null or ${BACKEND_START} = $2)`;

/** What every execution is given; ending a session leaves no marker and no transaction to journal. */
export interface TerminateOptions {
  readonly marker?: Marker;
  readonly onXid?: (trace: TransactionTrace) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Executes an approved plan, and then looks whether the session is gone. */
export async function executeTerminate(
  target: Target,
  plan: Plan,
  options: TerminateOptions = {},
): Promise<ActionOutcome> {
  let client: pg.Client | undefined;
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
    if (options.signal?.aborted === true) return stopped('FAILED', 'Stopped on request; nothing was done.');
    const id = terminateInputs.parse(plan.inputs);
    client = await target.session('act');
    return await end(target, client, id);
  } catch (error) {
    return failure(error);
  } finally {
    if (client !== undefined) await endQuietly(client);
  }
}

async function end(target: Target, client: pg.Client, id: SessionId): Promise<ActionOutcome> {
  const before = await stateOf(target, id);
  if (before === undefined) {
    return stopped('CHANGED', `The session ${id.pid} that began at ${id.backendStart} has ended by itself.`);
  }
  const means: string[] = [];
  if (before === 'active') {
    await send(target, client, 'cancel', id);
    means.push('cancelled');
    if (await within(CANCEL_MS, async () => !(await holdsOn(target, id)))) {
      return done(target, id, means, `The statement of ${id.pid} was cancelled, and its transaction is over`);
    }
  }
  await send(target, client, 'terminate', id);
  means.push('terminated');
  const gone = await within(TERMINATE_MS, async () => (await stateOf(target, id)) === undefined);
  if (gone) return done(target, id, means, `The session ${id.pid} is gone`);
  return stopped('FAILED', `The session ${id.pid} was told to end, and is still there.`, { means });
}

const CANCEL_MS = 2000;
const TERMINATE_MS = 5000;

async function send(
  target: Target,
  client: pg.Client,
  how: 'cancel' | 'terminate',
  id: SessionId,
): Promise<void> {
  if ((await stateOf(target, id)) === undefined) return;
  const { rows } = await client.query<{ sent: boolean }>(signalSql(how), [id.pid, id.backendStart]);
  if (rows[0]?.sent === false) throw new Stop('FAILED', `PostgreSQL could not signal ${id.pid}.`);
}

async function stateOf(target: Target, id: SessionId): Promise<string | undefined> {
  const [row] = await target.read<{ state: string | null }>(
    `select state from pg_stat_activity where pid = $1 and ${BACKEND_START} = $2`,
    [id.pid, id.backendStart],
  );
  return row === undefined ? undefined : (row.state ?? 'unknown');
}

/** A transaction that failed has given its locks back, though it stays open. */
async function holdsOn(target: Target, id: SessionId): Promise<boolean> {
  const state = await stateOf(target, id);
  return state === 'active' || state === 'idle in transaction';
}

async function within(ms: number, reached: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (await reached()) return true;
    await sleep(100);
  }
  return reached();
}

async function done(
  target: Target,
  id: SessionId,
  means: readonly string[],
  what: string,
): Promise<ActionOutcome> {
  const probes = await runProbes(target);
  return { state: 'done', verdict: `${what}.`, facts: { ...id, means }, probes };
}
