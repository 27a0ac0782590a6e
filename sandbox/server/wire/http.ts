/** HTTP delivery: signed requests to the app's URLs, and events again at once, after a minute and after five. */
import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { secret } from '../ids.ts';
import type { Json } from '../model.ts';
import { isJson } from '../rules/blocks.ts';
import { ACK_MS, type Delivery, RETRY_MS } from './envelope.ts';

/** Where the app listens; Bolt has one address for all three. */
export interface Endpoints {
  readonly events: string | undefined;
  readonly interactivity: string | undefined;
  readonly commands: string | undefined;
}

export const oneEndpoint = (url: string): Endpoints => ({ events: url, interactivity: url, commands: url });

export interface HttpSender {
  send(delivery: Delivery): void;
  /** Slack's handshake before it takes an address for events; the answer is what was wrong. */
  verify(url: string, token: string): Promise<string | undefined>;
  /** Deliveries that are not acked yet: they were sent, or are events that will be tried again. */
  unanswered(): number;
  stop(): void;
}

type Reason = 'http_timeout' | 'too_many_redirects' | 'connection_failed' | 'http_error';
type Answer = { readonly kind: 'ok'; readonly payload: Json } | Failure;
interface Failure {
  readonly kind: 'failed';
  readonly reason: Reason;
  readonly noRetry: boolean;
}

const MAX_REDIRECTS = 2;

export function createHttpSender(options: {
  clock: Clock;
  signingSecret: string;
  endpoints: () => Endpoints | undefined;
}): HttpSender {
  const { clock, signingSecret } = options;
  const stopped = new AbortController();
  let unanswered = 0;

  const attempt = async (delivery: Delivery, url: string, count: number, reason?: Reason): Promise<void> => {
    const started = performance.now();
    const retry = reason && { 'x-slack-retry-num': String(count), 'x-slack-retry-reason': reason };
    unanswered += 1;
    const answer = await post(url, encoded(delivery), retry ?? {});
    unanswered -= 1;
    if (stopped.signal.aborted) return;
    if (answer.kind === 'ok') {
      const tookMs = Math.round(performance.now() - started);
      delivery.done?.({ kind: 'acked', payload: answer.payload, tookMs });
      return;
    }
    const told = answer.reason === 'http_timeout' ? 'operation_timeout' : 'dispatch_failed';
    delivery.done?.({ kind: 'failed', reason: told });
    const wait = RETRY_MS[count];
    if (delivery.type !== 'events_api' || wait === undefined || answer.noRetry) return;
    unanswered += 1;
    clock.after(wait, () => {
      unanswered -= 1;
      void attempt(delivery, url, count + 1, answer.reason);
    });
  };

  const post = async (url: string, body: Body, extra: Headers, hops = 0): Promise<Answer> => {
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(ACK_MS)]);
    const headers = {
      'content-type': body.type,
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      ...signature(signingSecret, Math.floor(clock.now() / 1000), body.text),
      ...extra,
    };
    try {
      const init = { method: 'POST', headers, body: body.text, redirect: 'manual', signal } as const;
      const response = await fetch(url, init);
      const next = redirect(response, url);
      if (next === undefined) return await read(response);
      return hops < MAX_REDIRECTS ? await post(next, body, extra, hops + 1) : failed('too_many_redirects');
    } catch (error) {
      return failed((error as Error).name === 'TimeoutError' ? 'http_timeout' : 'connection_failed');
    }
  };

  return {
    send(delivery) {
      const url = addressOf(options.endpoints(), delivery);
      if (url === undefined) delivery.done?.({ kind: 'failed', reason: 'dispatch_failed' });
      else void attempt(delivery, url, 0);
    },
    async verify(url, token) {
      const challenge = secret();
      const payload = { token, challenge, type: 'url_verification' };
      const answer = await post(url, { type: JSON_TYPE, text: JSON.stringify(payload) }, {});
      if (answer.kind === 'failed') return answer.reason;
      const given = answer.payload['challenge'] ?? answer.payload['text'];
      return given === challenge ? undefined : 'challenge_failed';
    },
    unanswered: () => unanswered,
    stop: () => stopped.abort(),
  };
}

type Headers = Readonly<Record<string, string>>;
interface Body {
  readonly type: string;
  readonly text: string;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Commands are forms, interactions a form with one JSON field, events JSON. */
function encoded({ type, payload }: Delivery): Body {
  if (type === 'events_api') return { type: JSON_TYPE, text: JSON.stringify(payload) };
  const fields = type === 'interactive' ? { payload: JSON.stringify(payload) } : strings(payload);
  return { type: FORM_TYPE, text: new URLSearchParams(fields).toString() };
}

const strings = (payload: Json) =>
  Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)]));

function addressOf(endpoints: Endpoints | undefined, { type }: Delivery): string | undefined {
  if (type === 'events_api') return endpoints?.events;
  return type === 'interactive' ? endpoints?.interactivity : endpoints?.commands;
}

function signature(key: string, timestamp: number, body: string): Headers {
  const digest = createHmac('sha256', key).update(`v0:${timestamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': `v0=${digest}` };
}

function redirect(response: Response, from: string): string | undefined {
  const location =
    response.status === 301 || response.status === 302 ? response.headers.get('location') : null;
  return location === null ? undefined : new URL(location, from).href;
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) return failed('http_error', response.headers.get('x-slack-no-retry') === '1');
  if (text === '') return { kind: 'ok', payload: {} };
  return { kind: 'ok', payload: parsed(text) };
}

/** A plain text is the text of a message. */
function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : { text };
  } catch {
    return { text };
  }
}

const failed = (reason: Reason, noRetry = false): Failure => ({ kind: 'failed', reason, noRetry });
