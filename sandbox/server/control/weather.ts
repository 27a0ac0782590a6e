/** Trouble on demand: faults of the Web API, disturbed deliveries, the clock, a fresh start. */
import { z } from 'zod';
import { ControlError } from '../refusal.ts';
import { oneEndpoint } from '../wire/http.ts';
import { createWorld } from '../world.ts';
import { route } from './input.ts';

const times = z.number().int().min(1).max(10_000).default(1);
const ms = z.number().int().min(0).optional();

export const faultRoute = route(
  z.object({
    method: z.string().optional(),
    kind: z.enum(['ratelimit', 'error', 'timeout', 'latency', 'drop']),
    effect: z.enum(['before', 'after', 'late']).default('before'),
    error: z.string().optional(),
    times,
    retry_after: z.number().int().min(0).optional(),
    ms,
  }),
  (slack, { times: count, ...fault }) => {
    slack.faults.add(fault, count);
    return {};
  },
);

/** What was put in and not used up yet is taken back. */
export const mendRoute = route(z.object({}), (slack) => {
  slack.faults.reset();
  return {};
});

const HELD_MS = 1_000;

export const deliveryRoute = route(
  z.object({ kind: z.enum(['duplicate', 'delay', 'reorder', 'disconnect']), times, ms }),
  (slack, input) => {
    const { kind } = input;
    if (kind === 'disconnect') slack.hub.refresh(input.times);
    else slack.outbound.disturb({ kind, ms: input.ms ?? HELD_MS }, input.times);
    return {};
  },
);

/** As in Slack, an address is taken only after it has answered the challenge; null goes back to Socket Mode. */
export const endpointRoute = route(z.object({ url: z.url().nullable() }), async (slack, { url }) => {
  const wrong = url === null ? undefined : await slack.http.verify(url, slack.verificationToken);
  if (wrong !== undefined) throw new ControlError(400, 'url_verification', `${url ?? ''}: ${wrong}`);
  slack.endpoints = url === null ? undefined : oneEndpoint(url);
  return {};
});

export const clockRoute = route(z.object({ advance_ms: z.number().int().min(0) }), (slack, input) => {
  slack.clock.advance(input.advance_ms);
  return { now: new Date(slack.clock.now()).toISOString() };
});

/** Everything but the connections and the time, which never runs backwards. */
export const resetRoute = route(z.object({}), (slack) => {
  slack.world = createWorld(slack.manifest, slack.clock, slack.world);
  slack.faults.reset();
  slack.outbound.reset();
  slack.rates.reset();
  slack.calls.all.length = 0;
  return {};
});

export const callsRoute = route(z.object({ method: z.string().optional() }), (slack, input) =>
  slack.calls.all.filter((call) => input.method === undefined || call.method === input.method),
);
