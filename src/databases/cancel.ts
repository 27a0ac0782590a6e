/** Cancelling the statement that a session runs: that one only, and never the session itself. */
import { z } from 'zod';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { stopped } from './outcome.ts';
import { sealed } from './plan-hash.ts';
import { sessionText } from './sessions.ts';
import {
  type Acting,
  type Aim,
  type Found,
  findSession,
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

const cancelInputs = z.object({
  pid: z.number(),
  backendStart: z.string(),
  /** The statement that is cancelled, by its start: the next one is other work. */
  queryStart: z.string(),
});
type Inputs = z.infer<typeof cancelInputs>;

/** Plans the cancelling of the statement that a session runs now; refused when it runs none. It only reads. */
export async function planCancel(
  target: Target,
  session: SessionId,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const found = await findSession(target, session);
  if (!found.ok) return found;
  const { pid, backendStart } = session;
  const { queryStart } = found.value;
  if (queryStart === null) return refuse('SESSION_RUNS_NOTHING', { pid, state: found.value.session.state });
  return { ok: true, plan: await compose(target, { pid, backendStart, queryStart }, found.value) };
}

async function compose(target: Target, inputs: Inputs, { session, waiting }: Found): Promise<Plan> {
  const { pid, queryStart } = inputs;
  return sealed({
    kind: 'db-cancel',
    target: target.name,
    identity: await target.identity(),
    title: `Cancel the statement of session ${pid} of ${session.user} on ${target.name}`,
    summary: [
      `Cancels the statement that began at ${queryStart} in ${sessionText(session)}; a later one is left alone.`,
      `The statement: ${session.query}`,
      `${waiting} sessions wait for it; it has locked ${session.relations.join(', ') || 'no table'}.`,
      'The session stays. What the statement did is undone; whether its transaction goes on is up to its client.',
    ],
    sql: `${signalSql('cancel', 'statement')};`,
    inputs: { ...inputs },
    facts: { session, waiting },
  });
}

const aimOf = (plan: Plan): Aim => {
  const { pid, backendStart, queryStart } = cancelInputs.parse(plan.inputs);
  return { pid, backendStart, at: 'statement', began: queryStart };
};

/** Executes an approved plan, and then looks whether the statement has ended. */
export const executeCancel = (
  target: Target,
  plan: Plan,
  options: SignalOptions = {},
): Promise<ActionOutcome> =>
  signalling(target, plan, options, { aim: () => aimOf(plan), end: (it) => end(it, plan) });

async function end(it: Acting, plan: Plan): Promise<ActionOutcome> {
  const { aim, means } = it;
  if (!(await send(it, 'cancel'))) {
    const what = `The statement of ${aim.pid} that began at ${aim.began ?? ''} is over`;
    return stopped('CHANGED', `${what}: the session was left alone.`);
  }
  if (await ended(it.target, aim)) return signalled(it, `The statement of ${aim.pid} was cancelled`, plan);
  return stopped('FAILED', `The statement of ${aim.pid} was told to stop, and still runs.`, { means });
}

const CANCEL_MS = 2000;

const ended = (target: Target, aim: Aim): Promise<boolean> =>
  within(CANCEL_MS, async () => (await lookAt(target, aim))?.same !== true);

/** There is no marker for it: the statement has ended, whatever ended it, or it still runs. */
export async function resolveCancel(target: Target, plan: Plan): Promise<'committed' | ActionOutcome> {
  const aim = aimOf(plan);
  if (await ended(target, aim)) return 'committed';
  return stopped('FAILED', `The statement of ${aim.pid} still runs.`);
}
