/** What Slack delivers: written down before the ack, done once, answered in time. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { App as Bolt } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { silentLogger } from '../../src/log.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { clientOptions, createIdentity } from '../../src/slack/client.ts';
import { watchFreezes } from '../../src/slack/freezes.ts';
import { socketReceiver } from '../../src/slack/socket.ts';
import { settleDone } from '../../src/store/inbox.ts';
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

  test('that another instance has done meanwhile is left to that one to answer', async () => {
    bot = await startBot(world, {
      dispatch: dispatchWith(async ({ inboxKey = '' }) => {
        await world.store.query("update inbox set state = 'done' where key = $1", [inboxKey]);
        await settleDone(world.store, inboxKey, new Date());
        return 'declared';
      }),
    });
    const answer = await type('/incident declare x');
    expect(answer.ack_ms).toBeLessThan(3000);
    expect(texts(answer)).toBe('');
  });

  /** Carries out all, and is silent after what `sql` matches. */
  const silentAfter = (matches: RegExp): Db => ({
    async query(sql, ...more) {
      const answer = await world.store.inbox.query(sql, ...more);
      if (matches.test(sql)) throw new Error('Connection terminated unexpectedly');
      return answer as never;
    },
  });

  test.each([
    [/^select state/, 'will be done when it does', 'received'],
    // Whether it was refused is not known.
    [/^\s*update inbox/, 'look before you say it again', 'refused'],
  ])('whose work throws while the store goes away (%s) is told what holds', async (matches, told, state) => {
    bot = await startBot(world, {
      store: { inbox: silentAfter(matches) },
      dispatch: dispatchWith(() => {
        throw new Error('defect');
      }),
    });
    expect(texts(await type('/incident declare x'))).toContain(told);
    expect(await inboxRows(world)).toMatchObject([{ state }]);
  });

  test.each(['Connection terminated unexpectedly', 'cannot execute INSERT in a read-only transaction'])(
    'whose work breaks off with the store (%s) stays open, and is done by a replay',
    async (message) => {
      const code = message.endsWith('transaction') ? { code: '25006' } : {};
      const tried: string[] = [];
      let ahead = 0;
      bot = await startBot(world, {
        dispatch: dispatchWith(({ text }) => {
          if (tried.push(text) === 1) throw Object.assign(new Error(message), code);
          return 'declared';
        }),
        now: () => new Date(Date.now() + ahead),
      });
      expect(texts(await type('/incident declare x'))).toContain('will be done when it does');
      expect(await inboxRows(world)).toMatchObject([{ state: 'received' }]);
      ahead = 16_000;
      await bot.replay.work();
      expect(tried).toEqual(['declare x', 'declare x']);
      expect(await inboxRows(world)).toMatchObject([{ state: 'done' }]);
    },
  );

  test.each(['expired', 'refused'])(
    'whose work breaks off after another instance has ended it as %s is not promised',
    async (state) => {
      bot = await startBot(world, {
        dispatch: dispatchWith(async ({ inboxKey }) => {
          await world.store.query('update inbox set state = $2 where key = $1', [inboxKey, state]);
          throw new Error('Connection terminated unexpectedly');
        }),
      });
      expect(texts(await type('/incident rollback'))).toContain('was not done');
    },
  );

  test('whose work fails for a timeout of Slack is not taken for one of the store', async () => {
    const impatient = new WebClient(world.slack.botToken, {
      ...clientOptions(`${world.slack.url}/api/`, silentLogger),
      timeout: 100,
    });
    await world.fault({ method: 'users.info', kind: 'latency', ms: 1000 });
    bot = await startBot(world, {
      dispatch: dispatchWith(
        async ({ actor: user }) => (await impatient.users.info({ user })).user?.name ?? '',
      ),
    });
    expect(texts(await type('/incident declare x'))).toContain('was not done');
    expect(await inboxRows(world)).toMatchObject([{ state: 'refused' }]);
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

  test('is acked within 3 s of its arrival, however slowly its row was written', async () => {
    bot = await startBot(world, {
      store: { inbox: { query: later(1300) } as Store['inbox'] },
      dispatch: dispatchWith(async () => {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return 'the real answer';
      }),
    });
    const answer = await type('/incident db');
    expect(answer.ack_ms).toBeLessThan(2600);
    expect(texts(answer)).toContain('Still working');
    await eventually(async () => (await ephemerals()).some(({ text }) => text === 'the real answer'));
  });

  test('under way is finished and answered before the bot leaves', async () => {
    const began: string[] = [];
    bot = await startBot(world, {
      dispatch: dispatchWith(async ({ text }) => {
        began.push(text);
        await new Promise((resolve) => setTimeout(resolve, 600));
        return 'noted in time';
      }),
    });
    const typed = type('/incident note x');
    await eventually(() => began.length === 1);
    await bot.stop();
    expect(texts(await typed)).toBe('noted in time');
    expect(await inboxRows(world)).toMatchObject([{ state: 'done' }]);
  });

  test('that is just being written down when the bot stops is answered first', async () => {
    let begun = false;
    const slow: Db = {
      async query(sql, values) {
        begun = true;
        await sleep(150);
        return world.store.inbox.query(sql, values);
      },
    };
    bot = await startBot(world, { dispatch: dispatchWith(() => 'done'), store: { inbox: slow } });
    const said = type('/incident note x');
    await eventually(() => begun);
    await bot.stop();
    expect(texts(await said)).toBe('done');
  });

  test('that never ends does not keep the bot from stopping', async () => {
    let began = false;
    const never = new Promise<string>(() => undefined);
    bot = await startBot(world, { dispatch: dispatchWith(() => ((began = true), never)) });
    void type('/incident note x').catch(() => undefined);
    await eventually(() => began);
    const from = performance.now();
    await bot.stop();
    expect(performance.now() - from).toBeLessThan(5500);
  });

  test('is answered with text that calls nobody but people, and is not too long for Slack', async () => {
    const code = '`/incident help <verb>` <#C0123456789> <@U00DBA>';
    bot = await startBot(world, {
      dispatch: dispatchWith(({ text }) => (text === 'long' ? 'x'.repeat(50_000) : `<!channel> ${code}`)),
    });
    expect(texts(await type('/incident x'))).toBe(
      '&lt;!channel&gt; `/incident help &lt;verb&gt;` <#C0123456789> <@U00DBA>',
    );
    expect(texts(await type('/incident long'))).toHaveLength(39_000);
  });

  test('while the store is away, and nothing can be kept, is told that it was not recorded', async () => {
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
  await expect(startBot(wrong)).rejects.toMatchObject({
    code: 'SLACK_TOKEN_REFUSED',
    message: expect.stringMatching(/SLACK_APP_TOKEN.*invalid_auth/),
  });
});

for (const error of ['invalid_auth', 'account_inactive', 'token_revoked']) {
  test(`a bot token that answers ${error} fails the start, and nothing stays connected`, async () => {
    bot = undefined;
    await world.fault({ method: 'auth.test', kind: 'error', error });
    const identity = createIdentity(world.client);
    await expect(startBot({ ...world, identity })).rejects.toMatchObject({
      code: 'SLACK_TOKEN_REFUSED',
      message: expect.stringContaining(`SLACK_BOT_TOKEN: ${error}`),
    });
    await eventually(async () => (await connections()) === 0);
  });
}

test('a Slack that is away at the start does not end it', async () => {
  await world.fault({ method: 'auth.test', kind: 'error' });
  bot = await startBot({ ...world, identity: createIdentity(world.client) });
  expect(bot.connected()).toBe(true);
});

test('a token that is refused later is tried again', async () => {
  const apiUrl = `${world.slack.url}/api/`;
  const { appToken } = world.slack;
  const freezes = watchFreezes(() => new Date());
  const socket = socketReceiver({ appToken, apiUrl, freezes, log: silentLogger, refusedWaitMs: 100 });
  socket.init({ processEvent: () => Promise.resolve() } as unknown as Bolt);
  await socket.start();
  await eventually(async () => (await connections()) === 2);
  await world.fault({ method: 'apps.connections.open', kind: 'error', error: 'invalid_auth', times: 3 });
  await world.control('POST', 'deliveries', { kind: 'disconnect', times: 2 });
  await eventually(async () => (await connections()) === 0);
  await eventually(async () => (await connections()) === 2);
  await socket.stop();
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

const later =
  (ms: number) =>
  async (...args: Parameters<Db['query']>) => {
    if (args[0].startsWith('insert')) await new Promise((resolve) => setTimeout(resolve, ms));
    return world.store.query(...args);
  };
const unconnected = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const away: Db = { query: () => Promise.reject(unconnected) };
const slow: Db = { query: () => Promise.reject(new Error('Query read timeout')) };
