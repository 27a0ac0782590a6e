/** Rate limits, injected faults, the clock and the record of calls. */
import { type Bench, channelOf, errorOf, startBench } from './support.ts';

let bench: Bench;
let incidents: string;

beforeEach(async () => {
  bench = await startBench();
  incidents = bench.slack.channels['incidents'] ?? '';
});
afterEach(() => bench.stop());

const post = () => bench.web.chat.postMessage({ channel: incidents, text: 'x' });
const said = async () => channelOf(await bench.state(), 'incidents').messages.length;

test('twenty topics a minute, then 429 until the clock has moved on', async () => {
  const setTopic = () => bench.web.conversations.setTopic({ channel: incidents, topic: 't' });
  for (let count = 0; count < 20; count += 1) await setTopic();
  await expect(setTopic()).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error' });
  bench.slack.advanceClock(60_000);
  await setTopic();
});

test('a burst of messages into one channel is limited, other channels are not', async () => {
  const results = await Promise.allSettled(Array.from({ length: 15 }, post));
  const limited = results.filter(({ status }) => status === 'rejected');
  expect(limited.length).toBeGreaterThanOrEqual(4);
  await bench.web.chat.postMessage({ channel: bench.slack.channels['general'] ?? '', text: 'x' });
  bench.slack.advanceClock(2_000);
  await post();
});

test('an injected error before the effect leaves nothing, after the effect it leaves the message', async () => {
  await bench.control('POST', 'faults', {
    method: 'chat.postMessage',
    kind: 'error',
    effect: 'before',
    error: 'fatal_error',
    times: 1,
  });
  expect(await errorOf(post())).toMatchObject({ error: 'fatal_error' });
  expect(await said()).toBe(0);
  await bench.control('POST', 'faults', {
    method: 'chat.postMessage',
    kind: 'error',
    effect: 'after',
    times: 1,
  });
  await expect(post()).rejects.toThrow();
  expect(await said()).toBe(1);
  await post();
});

test('a late effect comes when the clock gets there', async () => {
  await bench.control('POST', 'faults', { kind: 'drop', effect: 'late', times: 1, ms: 60_000 });
  await expect(post()).rejects.toThrow();
  expect(await said()).toBe(0);
  await bench.control('POST', 'clock', { advance_ms: 60_000 });
  expect(await said()).toBe(1);
});

test('an injected rate limit carries its own wait', async () => {
  await bench.control('POST', 'faults', { kind: 'ratelimit', effect: 'before', times: 1, retry_after: 17 });
  await expect(post()).rejects.toMatchObject({ retryAfter: 17 });
});

test('latency delays the answer, a timeout gives none', async () => {
  await bench.control('POST', 'faults', { kind: 'latency', effect: 'after', times: 1, ms: 50 });
  await post();
  await bench.control('POST', 'faults', { kind: 'timeout', effect: 'after', times: 1 });
  const silent = fetch(`${bench.slack.url}/api/chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.slack.botToken}` },
    body: new URLSearchParams({ channel: incidents, text: 'x' }),
    signal: AbortSignal.timeout(200),
  });
  await expect(silent).rejects.toThrow();
  expect(await said()).toBe(2);
});

test('every call is on record without its token', async () => {
  await post();
  const { body } = await bench.control('GET', 'calls');
  expect(body).toEqual([
    expect.objectContaining({
      method: 'chat.postMessage',
      arguments: { channel: incidents, text: 'x' },
      answer: expect.objectContaining({ ok: true }) as unknown,
    }),
  ]);
});

test('a reset brings the workspace of the start back', async () => {
  await post();
  await bench.control('POST', 'channels', { user: 'dba', name: 'extra' });
  await bench.control('POST', 'reset', {});
  const state = await bench.state();
  expect(state.channels.map(({ name }) => name)).toEqual(['general', 'incidents', 'start-here']);
  expect(await said()).toBe(0);
});

test.each([
  ['commands', { user: 'oncall', channel: 'incidents' }, 'text'],
  ['commands', { user: 'oncall', channel: 'nowhere', text: '/incident' }, 'nowhere'],
  ['commands', { user: 'oncall', channel: 'incidents', text: '/other' }, '/other'],
  ['messages', { user: 'nobody', channel: 'incidents', text: 'x' }, 'nobody'],
  ['actions', { user: 'oncall', action_id: 'a' }, 'view_id'],
  ['faults', { kind: 'meteor', effect: 'before', times: 1 }, 'kind'],
  ['clock', { advance_ms: -1 }, 'advance_ms'],
])('wrong input to %s is 400 with what was wrong', async (path, body, named) => {
  const answer = await bench.control('POST', path, body);
  expect(answer.status).toBe(400);
  expect(answer.body['detail']).toContain(named);
});

test('faults that were not used up can be taken back', async () => {
  await bench.control('POST', 'faults', { kind: 'error', times: 5 });
  await expect(post()).rejects.toThrow();
  await bench.control('DELETE', 'faults');
  await post();
  expect(await said()).toBe(1);
});
