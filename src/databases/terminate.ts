/** Ending a session that holds others up: the very one that was planned for, gently first. */
import { z } from 'zod';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import type { Refusal } from '../domain/refusal.ts';
import { stopped } from './outcome.ts';
import { sealed } from './plan-hash.ts';
import { sessionText } from './sessions.ts';
import {
  type Acting,
  type Aim,
  type Found,
  findSession,
  type Look,
  lookAt,
  type SessionId,
  type SignalOptions,
  send,
  signalled,
  signalling,
  signalSql,
  within,
} from './signal.ts';
import type { Target } from './target.ts';

const terminateInputs = z.object({
  pid: z.number(),
  backendStart: z.string(),
  /** The transaction that it is ended for, by its start; null when none is open. The next one is another matter. */
  xactStart: z.string().nullable(),
});
type Inputs = z.infer<typeof terminateInputs>;

/** Plans the end of one session. It only reads. */
export async function planTerminate(
  target: Target,
  session: SessionId,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const found = await findSession(target, session);
  if (!found.ok) return found;
  const { pid, backendStart } = session;
  const inputs = { pid, backendStart, xactStart: found.value.xactStart };
  return { ok: true, plan: await compose(target, inputs, found.value) };
}

async function compose(target: Target, inputs: Inputs, { session, waiting }: Found): Promise<Plan> {
  const { pid, backendStart, xactStart } = inputs;
  return sealed({
    kind: 'db-terminate',
    target: target.name,
    identity: await target.identity(),
    title: `End the session ${pid} of ${session.user} on ${target.name}`,
    summary: [
      `Ends ${sessionText(session)}, begun ${backendStart}.`,
      `${waiting} sessions wait for it; it has locked ${session.relations.join(', ') || 'no table'}.`,
      `Its last statement: ${session.query}`,
      session.state === 'active'
        ? 'Its statement is cancelled first; it is terminated only if its transaction stays open.'
        : 'It runs nothing that could be cancelled: it is terminated, and its open transaction is rolled back.',
      xactStart === null
        ? 'It has no transaction open. If it begins one, it is left alone.'
        : `Only for the transaction that it began at ${xactStart}: once that one is over, it is left alone.`,
    ],
    // The same whether a statement runs at this moment or not: that changes from one second to the next.
    sql: `-- first, and only while it runs a statement:
${signalSql('cancel', 'transaction')};
-- while that transaction is still open:
${signalSql('terminate', 'transaction')};`,
    inputs: { ...inputs },
    facts: { session, waiting },
  });
}

const aimOf = (plan: Plan): Aim => {
  const { pid, backendStart, xactStart } = terminateInputs.parse(plan.inputs);
  return { pid, backendStart, at: 'transaction', began: xactStart };
};

/** Executes an approved plan, and then looks whether the session is gone. */
export const executeTerminate = (
  target: Target,
  plan: Plan,
  options: SignalOptions = {},
): Promise<ActionOutcome> =>
  signalling(target, plan, options, { aim: () => aimOf(plan), end: (it) => end(it, plan) });

async function end(it: Acting, plan: Plan): Promise<ActionOutcome> {
  const { aim, means, target } = it;
  const before = await lookAt(target, aim);
  if (before === undefined) {
    return stopped(
      'CHANGED',
      `The session ${aim.pid} that began at ${aim.backendStart} has ended by itself.`,
    );
  }
  if (!before.same) return stopped('CHANGED', movedOn(aim));
  const over = `The statement of ${aim.pid} was cancelled, and its transaction is over`;
  if (before.state === 'active') {
    if (!(await send(it, 'cancel'))) return stopped('CHANGED', movedOn(aim));
    if (await within(CANCEL_MS, async () => !holds(await lookAt(target, aim))))
      return signalled(it, over, plan);
  }
  if (!(await send(it, 'terminate'))) {
    return means.length === 0 ? stopped('CHANGED', movedOn(aim)) : signalled(it, over, plan);
  }
  if (await within(TERMINATE_MS, async () => (await lookAt(target, aim)) === undefined))
    return signalled(it, `The session ${aim.pid} is gone`, plan);
  return stopped('FAILED', `The session ${aim.pid} was told to end, and is still there.`, { means });
}

/** What it was approved for is over: what it does now is other work, of somebody who waits for nobody's leave. */
const movedOn = ({ pid, began }: Aim): string =>
  began === null
    ? `The session ${pid} has begun a transaction since the plan was made: it was left alone.`
    : `The transaction of ${pid} that began at ${began} is over: the session was left alone.`;

const CANCEL_MS = 2000;
const TERMINATE_MS = 5000;

/** A transaction that failed has given its locks back, though it stays open. */
const holds = (look: Look | undefined): boolean =>
  look?.same === true && (look.state === 'active' || look.state === 'idle in transaction');

/** There is no marker for it: the session is gone, or what it was ended for is over, or it is still there. */
export async function resolveTerminate(
  target: Target,
  plan: Plan,
): Promise<'committed' | 'unknown' | ActionOutcome> {
  const aim = aimOf(plan);
  // One that was told to end may need a moment.
  const over = async (): Promise<boolean> => {
    const look = await lookAt(target, aim);
    return look === undefined || (aim.began !== null && !holds(look));
  };
  if (await within(TERMINATE_MS, over)) return 'committed';
  const verdict = `The session ${aim.pid} is still there; its statement may have been cancelled.`;
  return stopped('FAILED', verdict);
}
