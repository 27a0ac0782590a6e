/** Answers one Web API call: token, scope, rate limit, injected fault, method, record. */
import type { ServerResponse } from 'node:http';
import type { Slack } from '../context.ts';
import { sendJson } from '../http/reply.ts';
import type { Json } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { type Method, missingScope } from './define.ts';
import type { Fault } from './faults.ts';
import { methods } from './methods.ts';

interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly retryAfter?: number;
}

const LATE_MS = 2_000;
/** Long enough for any client to have given up. */
const SILENCE_MS = 120_000;

export function answerCall(
  slack: Slack,
  name: string,
  token: string,
  args: Json,
  response: ServerResponse,
): void {
  const record = slack.calls.begin(name, args);
  const fault = slack.faults.take(name);
  const give = (answer: Answer) => {
    record(answer.body);
    const wait = answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) };
    sendJson(response, answer.status, answer.body, { ...scopeHeaders(slack, name, token), ...wait });
  };
  if (fault) {
    disturbed(slack, fault, () => perform(slack, name, token, args), give, response, record);
    return;
  }
  give(perform(slack, name, token, args));
}

/** As Slack does with every answer, also of a call that failed: what the token may do, and what the method takes. */
function scopeHeaders(slack: Slack, name: string, token: string): Readonly<Record<string, string>> {
  const granted = { [slack.botToken]: [...slack.manifest.scopes], [slack.appToken]: ['connections:write'] }[
    token
  ];
  if (granted === undefined) return {};
  const accepted = methods.get(name)?.scopes ?? [];
  return {
    'x-oauth-scopes': granted.join(','),
    ...(accepted.length > 0 ? { 'x-accepted-oauth-scopes': accepted.join(',') } : {}),
  };
}

function perform(slack: Slack, name: string, token: string, args: Json): Answer {
  try {
    const method = methods.get(name);
    if (!method) throw unknown(name);
    authorize(slack, method, token);
    const channel = typeof args['channel'] === 'string' ? args['channel'] : undefined;
    const wait = slack.rates.take(name, method.tier, channel);
    if (wait !== undefined) return rateLimited(wait);
    return { status: 200, body: { ok: true, ...method.run(slack, args) } };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return { status: 200, body: { ok: false, error: error.code, ...error.details } };
  }
}

function unknown(name: string): SlackError {
  process.stderr.write(`local Slack: the app called ${name}, which this Slack does not have\n`);
  return new SlackError('unknown_method', { req_method: name });
}

function authorize(slack: Slack, method: Method, token: string): void {
  if (token === '') throw new SlackError('not_authed');
  const tokens = { bot: slack.botToken, app: slack.appToken, config: slack.configToken };
  if (token !== tokens[method.token])
    throw new SlackError(Object.values(tokens).includes(token) ? 'not_allowed_token_type' : 'invalid_auth');
  const { scopes } = method;
  if (scopes.length > 0 && !scopes.some((scope) => slack.manifest.scopes.has(scope)))
    throw missingScope(slack, scopes);
}

const rateLimited = (seconds: number): Answer => ({
  status: 429,
  body: { ok: false, error: 'ratelimited' },
  retryAfter: seconds,
});

function disturbed(
  slack: Slack,
  fault: Fault,
  effect: () => Answer,
  give: (answer: Answer) => void,
  response: ServerResponse,
  record: (answer: Json) => void,
): void {
  const { clock } = slack;
  if (fault.kind === 'latency') {
    slow(slack, fault, effect, give);
    return;
  }
  if (fault.effect === 'after') effect();
  if (fault.effect === 'late') clock.after(fault.ms ?? LATE_MS, () => void effect());
  switch (fault.kind) {
    case 'ratelimit': {
      give(rateLimited(fault.retry_after ?? 1));
      return;
    }
    case 'error': {
      give(
        fault.error === undefined
          ? { status: 500, body: { ok: false, error: 'internal_error' } }
          : { status: 200, body: { ok: false, error: fault.error } },
      );
      return;
    }
    case 'timeout':
      record({ ok: false, error: 'sandbox_timeout' });
      clock.after(SILENCE_MS, () => response.destroy());
      return;
    case 'drop':
      record({ ok: false, error: 'sandbox_drop' });
      response.destroy();
  }
}

/** `after`: done at once, answered late; otherwise done and answered late. */
function slow(slack: Slack, fault: Fault, effect: () => Answer, give: (answer: Answer) => void): void {
  const wait = fault.ms ?? LATE_MS;
  if (fault.effect === 'after') {
    const answer = effect();
    slack.clock.after(wait, () => give(answer));
    return;
  }
  slack.clock.after(wait, () => give(effect()));
}
