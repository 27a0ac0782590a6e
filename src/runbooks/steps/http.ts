/** One request over HTTP: GET only reads, everything else is planned, approved and sent once. */
import { z } from 'zod';
import { stopped, unknown } from '../../databases/outcome.ts';
import { sealed } from '../../databases/plan-hash.ts';
import { type ActionOutcome, NO_DATABASE, type Plan } from '../../domain/plan.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { webAddress } from '../inputs.ts';
import { defineStep, type StepContext } from '../step.ts';
import { ask, type WebAnswer, type WebRequest, withQuery } from '../web.ts';

const scalar = z.union([z.string(), z.number()]);

const Input = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: webAddress,
  query: z.record(z.string(), scalar).default({}),
  /** Sent as JSON. */
  body: z.record(z.string(), z.unknown()).optional(),
  /** A secret of firebreak.yml that is sent as a bearer token. */
  bearer: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of a secret of firebreak.yml, as it is')
    .optional(),
  /** What its status has to be; any of 200 to 299 unless told. */
  status: z.number().int().min(100).max(599).optional(),
});
type Input = z.infer<typeof Input>;

export default defineStep({
  kind: 'http',
  risk: 'dangerous',
  dryRun: 'The plan shows the request; there is no trial of sending it.',
  input: Input,
  reads: {
    when: (input) => (input as Partial<Input>).method === undefined || (input as Input).method === 'GET',
    async run(context, raw) {
      const input = Input.parse(raw);
      const request = requestOf(context, input);
      if ('ok' in request) return { ok: false, verdict: `There is no secret ${input.bearer ?? ''}.` };
      const answer = await askWith(context, input, request);
      const ok = isExpected(answer, input.status);
      return { ok, verdict: wordsOf(request, answer), output: outputOf(answer) };
    },
  },
  plan(context, input) {
    const request = requestOf(context, input);
    if ('ok' in request) return Promise.resolve(request);
    return Promise.resolve({ ok: true, plan: planOf(context, input, request) });
  },
  async execute(context, plan, { signal }) {
    const input = Input.parse(plan.inputs['input']);
    const request = requestOf(context, input);
    if ('ok' in request) return stopped('REFUSED', 'The secret that it needs is not there any more.');
    // The same key for the same step: a receiver that knows such keys does it once.
    const once = { ...request, headers: { ...request.headers, 'idempotency-key': context.key } };
    return outcomeOf(request, await askWith({ ...context, signal }, input, once), input.status);
  },
  // It leaves no mark that could be looked for.
  resolve: () => Promise.resolve('unknown' as const),
});

function requestOf({ secrets }: StepContext, input: Input): WebRequest | Refusal {
  const { method, url, query, body, bearer } = input;
  const secret = bearer === undefined ? undefined : secrets[bearer];
  if (bearer !== undefined && secret === undefined)
    return refuse('NO_SUCH_SECRET', { found: bearer, known: Object.keys(secrets).join(', ') || 'none' });
  return {
    method,
    url: withQuery(url, query),
    headers: {
      accept: 'application/json, text/plain;q=0.9, */*;q=0.1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

/** A page that shows what it was asked with would have the secret kept with the step. */
async function askWith(
  { secrets, signal }: Pick<StepContext, 'secrets' | 'signal'>,
  { bearer }: Input,
  request: WebRequest,
): Promise<WebAnswer> {
  const answer = await ask(request, signal);
  const secret = bearer === undefined ? undefined : secrets[bearer];
  if (answer.kind === 'lost' || !secret) return answer;
  return { ...answer, text: answer.text.replaceAll(secret, '[hidden]') };
}

function planOf({ target }: StepContext, input: Input, { method, url, body }: WebRequest): Plan {
  return sealed({
    kind: 'http',
    target: target.name,
    identity: NO_DATABASE,
    // The query may hold what is nobody's business; approvers see it in the plan.
    title: `${method} ${url.split('?', 1)[0] ?? ''}`,
    summary: [
      `Sends one request: ${method} ${url}.`,
      ...(input.bearer === undefined ? [] : [`With the secret ${input.bearer} as bearer token.`]),
      'It is sent once. If no answer comes, a person has to find out whether it was heard.',
      'Nothing here can take it back.',
    ],
    sql: [`${method} ${url}`, ...(body === undefined ? [] : [body])].join('\n'),
    inputs: { input },
    facts: {},
  });
}

const isExpected = (answer: WebAnswer, status: number | undefined): boolean =>
  answer.kind === 'answered' &&
  (status === undefined ? answer.status >= 200 && answer.status < 300 : answer.status === status);

const SHOWN = 1000;

const outputOf = (answer: WebAnswer) =>
  answer.kind === 'lost'
    ? { lost: answer.reason }
    : { status: answer.status, took_ms: answer.ms, body: answer.text.slice(0, SHOWN) };

function wordsOf({ method, url }: WebRequest, answer: WebAnswer): string {
  const asked = `${method} ${new URL(url).host}`;
  if (answer.kind === 'lost') return `${asked}: ${answer.reason}.`;
  return `${asked} answered ${answer.status} in ${answer.ms} ms.`;
}

/** Only these say that nothing was done; behind a redirect, a conflict or a mistake of the receiver it may have been. */
const wasRefused = (status: number): boolean =>
  status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);

function outcomeOf(request: WebRequest, answer: WebAnswer, status: number | undefined): ActionOutcome {
  const verdict = wordsOf(request, answer);
  const facts = outputOf(answer);
  if (isExpected(answer, status)) return { state: 'done', verdict, facts, probes: [] };
  return answer.kind === 'answered' && wasRefused(answer.status)
    ? stopped('FAILED', `${verdict} It was refused.`, facts)
    : unknown(`${verdict} It may have been done all the same.`, facts);
}
