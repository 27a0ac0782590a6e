/** What most verbs do: act on the request's incident and say in one line what came of it. */
import type { Incident, Role } from '../domain/incident.ts';
import type { Intent } from '../domain/intents.ts';
import { roleOf } from '../domain/policy.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Given } from '../domain/runbook-params.ts';
import type { App } from './app.ts';
import type { Reply, Request } from './command.ts';
import { refusalReply } from './refusal-text.ts';
import { offerRunbooks } from './suggest.ts';
import { headOf, readPerson } from './words.ts';

/** Acts, and answers with what `say` makes of the incident afterwards. */
export async function intend(
  app: App,
  request: Request,
  intent: Intent,
  say: (incident: Incident) => string,
): Promise<Reply | Refusal> {
  const done = await app.act(request.incident ?? 0, intent, request.cause);
  return done.ok ? { text: say(done.incident) } : done;
}

/**
 * Gives a role to the person that the words name, to who asks without any. `take` replaces whoever holds it, or whom it
 * names: a role that has changed hands since is not taken.
 */
export async function assign(
  app: App,
  request: Request,
  role: Role,
  words: string,
  example: string,
): Promise<Reply | Refusal> {
  const { head, rest } = headOf(words || 'me');
  const takes = /^(?:take|over|takeover)$/i.test(head);
  const user = readPerson(takes ? 'me' : head, request);
  if (user === undefined) return refuse('PERSON_MISSING', { found: words, example });
  if (user.startsWith('terminal:')) return refuse('ONLY_FROM_SLACK', { verb: role, example });
  const over = takes ? await replaced(app, request, role, rest) : undefined;
  const wish: Intent = { kind: 'role', by: request.actor, role, user, ...(over ? { over } : {}) };
  const { title } = roleOf(app.settings, role);
  return intend(app, request, wish, () => `${title} is now <@${user}>. What is expected comes as a message.`);
}

async function replaced(app: App, request: Request, role: Role, named: string): Promise<string | undefined> {
  const holder = readPerson(named.replace(/^from\s+/i, ''), request);
  return holder ?? (await app.incident(request.incident ?? 0))?.roles[role];
}

/** `reopen` and `cancel`: why, is part of the record. */
export async function intendWithReason(
  app: App,
  request: Request,
  kind: 'reopen' | 'cancel',
  example: string,
): Promise<Reply | Refusal> {
  if (request.words === '') return refuse('REASON_MISSING', { verb: kind, example });
  const wish: Intent = { kind, by: request.actor, reason: request.words };
  return intend(app, request, wish, ({ status }) => `The incident is now *${status}*.`);
}

/** Starts a runbook; its progress shows in the incident's channel. */
export async function startRunbook(
  app: App,
  request: Request,
  runbook: string,
  params: Given,
): Promise<Reply | Refusal> {
  const incident = request.incident ?? 0;
  const wish = { incident, runbook, params, by: request.actor };
  const known = [...app.runbooks.keys()];
  if (runbook === '') return refuse('RUNBOOK_MISSING', { known: known.join(', ') }, offerRunbooks('', known));
  const started = await app.startRun(wish, request.cause);
  if (started.ok) return { text: `Run ${started.run.id} started: ${started.run.title}. See the channel.` };
  if (started.code === 'UNKNOWN_RUNBOOK') return { ...started, offers: offerRunbooks(runbook, known) };
  if (!ASKED.includes(started.code)) return started;
  return { ...refusalReply(started), form: { kind: 'run', incident, runbook, given: params } };
}

/** What a form asks for. */
const ASKED: readonly string[] = ['PARAM_MISSING', 'TARGET_MISSING'];
