/** What Slack delivers: written down before the ack, done once, answered in time. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Slack } from '../../src/slack/bolt.ts';
import type { Db, Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Answered,
  appWith,
  dispatchWith,
  inboxRows,
  openWorld,
  startBot,
  type World,
} from './support.ts';

let world: World;
let bot: Slack | undefined;

beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await bot?.stop();
  await world.control('POST', 'reset', {});
  await world.store.query('truncate inbox');
});
afterAll(() => world.close());

const type = (text: string, more: Record<string, unknown> = {}): Promise<Answered> =>
  world.control('POST', 'commands', { user: 'oncall', channel: 'general', text, ...more });

const texts = ({ responses }: Answered): string => responses.map(({ text }) => text).join('\n');

describe('a command', () => {
  test('is answered in its ack, by the dispatcher, and its row is done without its secrets', async () => {
    bot = await startBot(world, {
      dispatch: dispatchWith(({ text, actor, channelId }) => `${text} ${actor} ${channelId}`),
    });
    const answer = await type('/incident note it is slow');
    expect(answer.responses).toMatchObject([{ kind: 'ack' }]);
    expect(texts(answer)).toContain('note it is slow');
    expect(texts(answer)).toContain(world.slack.users['oncall']);
    expect(texts(answer)).toContain(world.slack.channels['general']);
    const [row] = await eventually(async () => {
      const rows = await inboxRows(world);
      return rows[0]?.state === 'done' ? rows : undefined;
    });
    expect(row).toMatchObject({ kind: 'command', payload: { text: 'note it is slow' } });
    for (const secret of ['token', 'response_url', 'trigger_id'])
      expect(row?.payload).not.toHaveProperty(secret);
  });

  test('delivered twice is done once', async () => {
    let calls = 0;
    bot = await startBot(world, { dispatch: dispatchWith(() => `${(calls += 1)}`) });
    await world.control('POST', 'deliveries', { kind: 'duplicate', times: 1 });
    await type('/incident declare the site is down');
    expect(calls).toBe(1);
    expect(await inboxRows(world)).toHaveLength(1);
  });

  test('whose work throws is acked, told, and not left for a replay', async () => {
    bot = await startBot(world, {
      dispatch: dispatchWith(() => {
        throw new Error('defect');
      }),
    });
    const answer = await type('/incident declare x');
    expect(answer.ack_ms).toBeLessThan(3000);
    expect(texts(answer)).toContain('was not done');
    expect(await inboxRows(world)).toMatchObject([{ state: 'refused' }]);
  });

  test('that was done before the throw is not said to be undone', async () => {
    bot = await startBot(world, {
      dispatch: dispatchWith(async ({ inboxKey }) => {
        await world.store.query("update inbox set state = 'done' where key = $1", [inboxKey]);
        throw new Error('the answer was lost');
      }),
    });
    expect(texts(await type('/incident declare x'))).toContain('This was done');
  });

  test('that takes long is acked within 3 s, and the real answer follows', async () => {
    bot = await startBot(world, {
      dispatch: dispatchWith(async () => {
        await new Promise((resolve) => setTimeout(resolve, 2600));
        return 'the real answer';
      }),
    });
    const answer = await type('/incident db');
    expect(answer.ack_ms).toBeLessThan(3000);
    expect(answer.responses[0]).toMatchObject({
      kind: 'ack',
      text: expect.stringContaining('Still working'),
    });
    const later = await eventually(async () =>
      (await ephemerals()).find(({ text }) => text === 'the real answer'),
    );
    expect(later).toBeDefined();
  });

  test('while the store is away is told that it was not recorded', async () => {
    bot = await startBot(world, { store: { inbox: away } });
    const answer = await type('/incident declare x');
    expect(answer.ack_ms).toBeLessThan(3000);
    expect(texts(answer)).toContain('not recorded');
    expect(texts(answer)).toContain('say it again');
  });

  test('whose row was perhaps written is told so', async () => {
    bot = await startBot(world, { store: { inbox: slow } });
    expect(texts(await type('/incident declare x'))).toContain('may not have been recorded');
  });

  test('with characters that jsonb refuses is written down too', async () => {
    bot = await startBot(world, { dispatch: dispatchWith(() => 'noted') });
    expect(texts(await type('/incident note \u0000 \ud83d'))).toBe('noted');
  });
});

describe('an event', () => {
  const say = () => world.control('POST', 'messages', { user: 'oncall', channel: 'general', text: 'hello' });

  test('is acked once its row is committed', async () => {
    bot = await startBot(world);
    await say();
    const rows = await eventually(async () => {
      const all = await inboxRows(world);
      return all.some(({ kind, state }) => kind === 'event' && state === 'done') ? all : undefined;
    });
    expect(rows[0]?.key).toMatch(/^event:Ev/);
  });

  test('that cannot be written stays unacked, and comes again', async () => {
    let broken = true;
    const inbox = {
      query: (...args: Parameters<Db['query']>) => (broken ? away : world.store).query(...args),
    };
    bot = await startBot(world, { store: { inbox: inbox as Store['inbox'] } });
    await say();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await inboxRows(world)).toHaveLength(0);
    broken = false;
    // Slack gives up on the first try after 3 s and repeats it at once.
    await eventually(async () => (await inboxRows(world)).length === 1, { within: 8000 });
  });
});

describe('people', () => {
  test('who act are introduced once by name', async () => {
    const met: string[] = [];
    const app = appWith({ meet: (id, name) => Promise.resolve(void met.push(`${id} ${name}`)) });
    bot = await startBot(world, { app });
    await type('/incident help');
    await type('/incident help');
    expect(met).toEqual([`${world.slack.users['oncall']} oncall`]);
  });
});

describe('the connection', () => {
  test('survives a refresh without a command lost', async () => {
    bot = await startBot(world, { dispatch: dispatchWith(({ text }) => text) });
    await eventually(async () => (await connections()) === 2);
    await world.control('POST', 'deliveries', { kind: 'disconnect', times: 1 });
    expect(texts(await type('/incident one'))).toBe('one');
    await eventually(async () => (await connections()) === 2);
    expect(texts(await type('/incident two'))).toBe('two');
    // Both at once is worse than what Slack does: the gap must still be short.
    await world.control('POST', 'deliveries', { kind: 'disconnect', times: 2 });
    await eventually(async () => texts(await type('/incident three')) === 'three', { within: 3000 });
    expect(bot.connected()).toBe(true);
    await bot.stop();
    expect(bot.connected()).toBe(false);
  });
});

test('a refused token fails the start, with the reason', async () => {
  const wrong = { ...world, slack: { ...world.slack, appToken: 'xapp-1-wrong' } };
  bot = undefined;
  await expect(startBot(wrong)).rejects.toThrow('invalid_auth');
});

const connections = async (): Promise<number> =>
  (await world.control<{ connections: number }>('GET', 'state')).connections;

async function ephemerals(): Promise<readonly { text: string }[]> {
  const { channels } = await world.control<{ channels: { ephemerals: { text: string }[] }[] }>(
    'GET',
    'state',
  );
  return channels.flatMap((channel) => channel.ephemerals);
}

const away: Db = { query: () => Promise.reject(new Error('connect ECONNREFUSED')) };
const slow: Db = { query: () => Promise.reject(new Error('Query read timeout')) };
