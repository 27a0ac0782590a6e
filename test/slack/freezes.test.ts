/** What Slack sent before the process stood still is not taken: Slack has given it up, and said so. */
import type { App } from '@slack/bolt';
import { silentLogger } from '../../src/log.ts';
import { type Freezes, watchFreezes } from '../../src/slack/freezes.ts';
import { httpLink, SLACK_PATH } from '../../src/slack/http.ts';
import { type SocketReceiver, socketReceiver } from '../../src/slack/socket.ts';
import { eventually } from '../support/eventually.ts';
import { type Answered, openWorld, type World } from './support.ts';

const STANDSTILL_MS = 200;

/** The whole process stands still, as under SIGSTOP. */
const standStill = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

let freezes: Freezes;
beforeEach(() => {
  freezes = watchFreezes(() => new Date(), STANDSTILL_MS);
});
afterEach(() => freezes.stop());

test('a standstill is noticed by whoever asks first, once', () => {
  expect([freezes.count(), freezes.lastEnd()]).toEqual([0, undefined]);
  standStill(STANDSTILL_MS + 20);
  expect(freezes.count()).toBe(1);
  expect(freezes.count()).toBe(1);
  expect(freezes.lastEnd()).toBeInstanceOf(Date);
});

test('its end is told to whoever wants to know', () => {
  let told = 0;
  freezes.onEnd(() => void (told += 1));
  standStill(STANDSTILL_MS + 20);
  freezes.count();
  expect(told).toBe(1);
});

describe('over Socket Mode', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world.close());

  let taken: string[];
  let frozen: number;
  let ended: (() => void)[];
  let receiver: SocketReceiver;
  beforeEach(async () => {
    taken = [];
    frozen = 0;
    ended = [];
    receiver = socketReceiver({
      appToken: world.slack.appToken,
      apiUrl: `${world.slack.url}/api/`,
      freezes: {
        count: () => frozen,
        lastEnd: () => undefined,
        onEnd: (listener) => void ended.push(listener),
        stop: () => undefined,
      },
      log: silentLogger,
    });
    receiver.init({
      processEvent: async ({ body, ack }: { body: { text: string }; ack: () => Promise<void> }) => {
        taken.push(body.text);
        await ack();
      },
    } as unknown as App);
    await receiver.start();
    await eventually(async () => (await connections()) === 2);
  });
  afterEach(() => receiver.stop());

  test('a delivery from before is left to Slack, and the connection is opened anew', async () => {
    frozen = 1;
    const said = await Promise.all([say('first'), say('second')]);
    expect(said).toEqual([null, null]);
    await eventually(async () => (await connections()) === 2);
    expect(await say('third')).not.toBeNull();
    expect(taken).toEqual(['third']);
  });

  test('the connections are opened anew without one, so that the next is taken', async () => {
    frozen = 1;
    for (const listener of ended) listener();
    await eventually(async () => (await opened()) === 4 && (await connections()) === 2);
    expect(await say('first')).not.toBeNull();
    expect(taken).toEqual(['first']);
  });

  const opened = async (): Promise<number> => {
    const calls = await world.control<{ method: string }[]>('GET', 'calls');
    return calls.filter(({ method }) => method === 'apps.connections.open').length;
  };
  const say = async (text: string): Promise<number | null> => {
    const command = { user: 'oncall', channel: 'general', text: `/incident ${text}` };
    return (await world.control<Answered>('POST', 'commands', command)).ack_ms;
  };
  const connections = async (): Promise<number> =>
    (await world.control<{ connections: number }>('GET', 'state')).connections;
});

test('over HTTP, a request that was signed more than 3 s before its end is 503', async () => {
  const end = new Date();
  const identity = { known: () => undefined, get: () => Promise.reject(new Error('away')) };
  const link = httpLink({
    signingSecret: 'secret',
    identity,
    freezes: { ...freezes, lastEnd: () => end },
    now: () => new Date(),
    log: silentLogger,
  });
  await link.start();
  const statusOf = (signedAt: number): Promise<number> =>
    new Promise((resolve) => {
      const headers = { 'x-slack-request-timestamp': String(signedAt / 1000), 'content-length': '9999999' };
      const response = { writeHead: resolve, end: () => undefined };
      link.handle({ headers, url: SLACK_PATH, method: 'POST' } as never, response as never);
    });
  expect(await statusOf(end.getTime() - 4000)).toBe(503);
  // The next rule decides: it is too long.
  expect(await statusOf(end.getTime() - 1000)).toBe(413);
  await link.stop();
});
