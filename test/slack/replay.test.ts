/** What a crash left in the inbox. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Line } from '../../src/app/dispatch.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { receive } from '../../src/store/inbox.ts';
import type { Store } from '../../src/store/store.ts';
import { dispatchWith, inboxRows, openWorld, startBot, toldTo, type World } from './support.ts';

const NOW = new Date('2026-11-22T14:05:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

let world: World;
let bot: Slack;
let lines: Line[];
let now: Date;

beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await bot.stop();
  await world.control('POST', 'reset', {});
  await world.store.query('truncate inbox, outbox');
});
afterAll(() => world.close());

async function start(
  answer: (line: Line) => Promise<string> | string = () => 'done late',
  store: Pick<Store, 'inbox'> = world.store,
): Promise<void> {
  lines = [];
  now = NOW;
  bot = await startBot(world, {
    now: () => now,
    store,
    dispatch: dispatchWith(
      (line) => {
        lines.push(line);
        return answer(line);
      },
      (text) => text.startsWith('rollback'),
    ),
  });
}

const left = (
  key: string,
  text: string,
  receivedAt: Date,
  more: Record<string, unknown> = {},
): Promise<unknown> =>
  receive(world.store, {
    key,
    kind: 'command',
    receivedAt,
    payload: {
      command: '/incident',
      text,
      user_id: world.slack.users['oncall'],
      user_name: 'oncall',
      channel_id: world.slack.channels['general'],
      team_id: 'T000SANDBOX',
      ...more,
    },
  });

const stateOf = async (key: string): Promise<string | undefined> =>
  (await inboxRows(world)).find((row) => row.key === key)?.state;

describe('a replay', () => {
  test('does what was left, once, with the time at which it came', async () => {
    await start();
    await left('k1', 'note it began', ago(600));
    await bot.replay.work();
    await bot.replay.work();
    expect(lines).toMatchObject([{ text: 'note it began', inboxKey: 'k1', receivedAt: ago(600) }]);
    expect(await stateOf('k1')).toBe('done');
  });

  test('leaves what may still be under way elsewhere', async () => {
    await start();
    await left('k2', 'note now', ago(3));
    await bot.replay.work();
    expect(lines).toEqual([]);
    expect(await stateOf('k2')).toBe('received');
  });

  test('leaves what another instance has ended since it was listed', async () => {
    await start(async () => {
      await world.store.query(`update inbox set state = 'done', settled_at = $1 where key = 'k2b'`, [NOW]);
      return 'done late';
    });
    await left('k2a', 'note first', ago(600));
    await left('k2b', 'note second', ago(599));
    await bot.replay.work();
    expect(lines).toMatchObject([{ text: 'note first' }]);
  });

  test('does not run a dangerous command that is older than a minute, and says so', async () => {
    await start();
    await left('k3', 'rollback', new Date('2026-11-22T14:02:10Z'));
    await bot.replay.work();
    await bot.replay.work();
    expect(lines).toEqual([]);
    expect(await stateOf('k3')).toBe('expired');
    const told = await toldTo(world, 'oncall');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/\/incident rollback.*arrived 14:02 UTC.*\*not\* run.*Say it again/);
  });

  test('runs a dangerous command that is younger', async () => {
    await start();
    await left('k4', 'rollback', ago(40));
    await bot.replay.work();
    expect(lines).toMatchObject([{ text: 'rollback' }]);
  });

  test('does not act on an old approval', async () => {
    await start();
    await receive(world.store, {
      key: 'k5',
      kind: 'click',
      receivedAt: ago(90),
      payload: {
        type: 'block_actions',
        user: { id: world.slack.users['dba'], username: 'dba' },
        actions: [{ action_id: 'approval:approved', value: '{}' }],
      },
    });
    await bot.replay.work();
    expect(await stateOf('k5')).toBe('expired');
    expect((await toldTo(world, 'dba'))[0]).toContain('Your click arrived');
  });

  test('that fails is tried again, as was promised, and does not hold up the others', async () => {
    let away = true;
    await start(({ text }) => {
      if (away && text === 'note x') throw new Error('the store is away');
      return 'done late';
    });
    await left('k6', 'note x', ago(30));
    await left('k7', 'note y', ago(20));
    await bot.replay.work();
    expect(await stateOf('k6')).toBe('received');
    expect(await stateOf('k7')).toBe('done');
    away = false;
    await bot.replay.work();
    expect(await stateOf('k6')).toBe('done');
    expect(await toldTo(world, 'oncall')).toEqual([]);
  });

  test('that fails for 5 minutes is given up, however long ago it came, and the person is told', async () => {
    await start(() => {
      throw new Error('defect');
    });
    await left('k8', 'note x', ago(3600));
    await bot.replay.work();
    now = new Date(NOW.getTime() + 299_000);
    await bot.replay.work();
    expect(lines).toHaveLength(2);
    expect(await stateOf('k8')).toBe('received');
    now = new Date(NOW.getTime() + 300_000);
    await bot.replay.work();
    await bot.replay.work();
    expect(lines).toHaveLength(3);
    expect(await stateOf('k8')).toBe('refused');
    const told = await toldTo(world, 'oncall');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/\/incident note x.*arrived 13:05 UTC.*\*not\* run.*failed.*Say it again/);
  });

  test('that fails is not given up for the time in which the store was away', async () => {
    let away = false;
    const { inbox } = world.store;
    const query = ((...it: Parameters<typeof inbox.query>) =>
      away ? Promise.reject(new Error('the store is away')) : inbox.query(...it)) as typeof inbox.query;
    await start(
      () => {
        throw new Error('Slack is away');
      },
      { inbox: { query } },
    );
    await left('k10', 'note x', ago(60));
    await bot.replay.work();
    away = true;
    await expect(bot.replay.work()).rejects.toThrow('the store is away');
    away = false;
    now = new Date(NOW.getTime() + 360_000);
    await bot.replay.work();
    expect(lines).toHaveLength(2);
    expect(await stateOf('k10')).toBe('received');
  });

  test('that had done its work before it failed is told nothing wrong', async () => {
    await start(async ({ inboxKey }) => {
      await world.store.query("update inbox set state = 'done', settled_at = now() where key = $1", [
        inboxKey,
      ]);
      throw new Error('the answer was lost');
    });
    await left('k9', 'note x', ago(400));
    await bot.replay.work();
    expect(await stateOf('k9')).toBe('done');
    expect(await toldTo(world, 'oncall')).toEqual([]);
  });
});
