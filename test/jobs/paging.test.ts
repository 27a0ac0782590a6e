/** Pages that do not arrive, and levels that do not answer: told where somebody reads it, and gone on from. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Team } from '../../src/domain/team.ts';
import { advanceableClock } from '../../src/jobs/clock.ts';
import { createPager } from '../../src/paging/send-page.ts';
import { openStore } from '../../src/store/store.ts';
import { type Firebreak, type FirebreakWishes, startFirebreak, usersOf } from '../slack/firebreak.ts';
import { openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';

let world: World;
let bots: Firebreak[];
let user: (name: string) => string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bots = [];
});
afterEach(async () => {
  await Promise.all(bots.map((bot) => bot.stop()));
  await world.close();
});

const start = async (wishes: FirebreakWishes = {}): Promise<Firebreak> => {
  const bot = await startFirebreak(world, wishes);
  bots.push(bot);
  return bot;
};
const teamOf = (ways: Team['ways'], ...people: readonly string[]): Record<string, Team> => ({
  database: {
    name: 'database',
    levels: usersOf(world, ...people).map((id) => ({ onCall: [{ kind: 'user', id }], waitSeconds: 300 })),
    rotations: {},
    ways,
  },
});
const said = async (channel: string): Promise<string> =>
  (await world.messages(channel)).map(({ text }) => text).join('\n');
const count = (text: string, part: string): number => text.split(part).length - 1;
const escalate = (bot: Firebreak, id: number) =>
  bot.app.escalate(id, { by: user('oncall'), team: 'database', reason: 'the table is broken' });

describe('a page', () => {
  test.each([
    ['conversations.open', 'user_disabled'],
    ['conversations.open', 'cannot_dm_bot'],
  ])(
    'that %s refuses (%s) is told with the number to call, and the next level is paged at once',
    async (method, error) => {
      const bot = await start({ settings: { phones: { [user('dba')]: '+49 30 123' } } });
      const { id, channel } = await bot.declared();
      await world.fault({ method, kind: 'error', error });
      const began = bot.clock.now();
      await escalate(bot, id);
      await eventually(async () => (await bot.app.incident(id))?.escalations[0]?.level === 2);
      await bot.settled();
      const incident = await bot.app.incident(id);
      expect(incident?.pages).toMatchObject([
        { user: user('dba'), unsent: error },
        { user: user('commander'), level: 2 },
      ]);
      const text = await said(channel);
      expect(text).toContain(
        `The page to <@${user('dba')}> (database) could not be sent: ${error}. Call them: <@${user('dba')}> (+49 30 123)`,
      );
      expect(count(text, 'could not be sent')).toBe(1);
      expect(text).toContain('none could be reached, paging database level 2 of 2');
      expect(bot.clock.now().getTime() - began.getTime()).toBeLessThan(60_000);
      expect(await said('dm-commander')).toContain('You are paged');
      // It is a page: the incidents channel is not told of it again.
      expect(await said('incidents')).not.toContain('refused for good');
    },
  );

  test('whose level waits in vain goes on after a restart, once', async () => {
    const clock = advanceableClock();
    const first = await start({ clock });
    const { id, channel } = await first.declared();
    await escalate(first, id);
    await first.settled();
    await first.stop();
    bots = [];
    clock.advance(301_000);
    const [second, store] = [await start({ clock }), openStore(world.database.url)];
    const third = await start({ clock, store });
    await eventually(async () => (await second.app.incident(id))?.escalations[0]?.level === 2);
    await second.settled();
    expect((await second.app.incident(id))?.pages.map((page) => page.user)).toEqual([
      user('dba'),
      user('commander'),
    ]);
    expect(count(await said(channel), 'no answer in 5 min')).toBe(1);
    clock.advance(301_000);
    await eventually(async () => (await second.app.incident(id))?.escalations[0]?.state === 'exhausted');
    await second.settled();
    expect(count(await said(channel), 'nobody is left to page')).toBe(1);
    // Late, but they come: that ends it.
    await second.app.act(id, { kind: 'answer-page', by: user('commander'), page: 2, answer: 'acknowledged' });
    expect((await second.app.incident(id))?.escalations[0]?.state).toBe('acknowledged');
    await third.stop();
    await store.close();
    bots = [second];
  });

  test('that is acknowledged stops the levels after it', async () => {
    const bot = await start();
    const { id, channel } = await bot.declared();
    await escalate(bot, id);
    await bot.app.act(id, { kind: 'answer-page', by: user('dba'), page: 1, answer: 'acknowledged' });
    bot.clock.advance(301_000);
    await eventually(async () => {
      const { rows } = await world.store.query(
        `select key from timers where done_at is null and kind = 'escalation-due'`,
      );
      return rows.length === 0;
    });
    await bot.settled();
    expect((await bot.app.incident(id))?.pages).toHaveLength(1);
    expect(await said(channel)).not.toContain('level 2 of 2 (');
  });
});

describe('a page by another way', () => {
  let server: Server;
  let answer: { status: number; headers?: Record<string, string> };
  let asked: number;
  let url: string;
  beforeEach(async () => {
    asked = 0;
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        asked += 1;
        response.writeHead(answer.status, answer.headers).end('{"message": "secret of theirs"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const paging = (way: 'pagerduty' | 'webhook'): FirebreakWishes => {
    const clock = advanceableClock();
    const secrets = { routingKey: 'R'.repeat(32), webhook: { url, secret: 's'.repeat(32) } };
    const page = createPager(
      { teams: { database: secrets }, apiUrls: { events: url, schedules: url } } as unknown as Parameters<
        typeof createPager
      >[0],
      () => clock.now(),
    );
    return {
      clock,
      page,
      settings: { teams: teamOf([way], 'dba', 'commander'), phones: { [user('dba')]: '+49 30 123' } },
    };
  };
  const triedUntil = (bot: Firebreak, done: () => boolean | Promise<boolean>): Promise<unknown> =>
    eventually(
      async () => {
        if (await done()) return true;
        bot.clock.advance(20_000);
        return false;
      },
      { every: 100 },
    );

  test.each(['pagerduty', 'webhook'] as const)(
    '%s that answers 500 is told at the third attempt, and tried on until it takes it',
    async (way) => {
      answer = { status: 500 };
      const bot = await start(paging(way));
      const { id, channel } = await bot.declared();
      await escalate(bot, id);
      await triedUntil(bot, () => asked >= 2);
      expect(await said(channel)).not.toContain('did not take the page');
      await triedUntil(bot, () => asked >= 5);
      await eventually(async () => (await said(channel)).includes('did not take the page'));
      const text = await said(channel);
      expect(count(text, 'did not take the page')).toBe(1);
      expect(text).toMatch(/answered 500.* It is tried again\..*\+49 30 123/s);
      // PagerDuty says publicly what was wrong; what a webhook says may be a secret.
      if (way === 'webhook') expect(text).not.toContain('secret of theirs');
      answer = { status: 202 };
      await triedUntil(
        bot,
        async () =>
          (await world.store.query(`select id from outbox where state = 'pending'`)).rows.length === 0,
      );
    },
  );

  test('that only asks to wait is told too', async () => {
    answer = { status: 429, headers: { 'retry-after': '1' } };
    const bot = await start(paging('webhook'));
    const { id, channel } = await bot.declared();
    await escalate(bot, id);
    await triedUntil(bot, () => asked >= 4);
    await eventually(async () => (await said(channel)).includes('did not take the page'));
    expect(count(await said(channel), 'did not take the page')).toBe(1);
  });

  test('that is refused for good is told as final, at once, and not tried again', async () => {
    answer = { status: 400 };
    const bot = await start(paging('webhook'));
    const { id, channel } = await bot.declared();
    await escalate(bot, id);
    await eventually(async () => (await said(channel)).includes('did not take the page'));
    bot.clock.advance(60_000);
    await bot.settled();
    const text = await said(channel);
    expect(text).not.toContain('tried again');
    expect(text).toContain('+49 30 123');
    expect(asked).toBe(1);
    expect(await said('incidents')).not.toContain('refused for good');
  });
});

describe('reminders', () => {
  test('are said once over two instances, and again when nobody hears', async () => {
    const clock = advanceableClock();
    const bot = await start({ clock });
    const { id, channel } = await bot.declared();
    const store = openStore(world.database.url);
    const other = await start({ clock, store });
    clock.advance(301_000);
    await eventually(async () => (await said(channel)).includes('Nobody leads this incident yet'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await bot.settled();
    expect(count(await said(channel), 'Nobody leads this incident yet')).toBe(1);
    expect((await bot.app.incident(id))?.reminders.last?.number).toBe(1);
    clock.advance(301_000);
    await eventually(async () => (await bot.app.incident(id))?.reminders.last?.number === 2);
    await bot.settled();
    await eventually(async () => (await said(channel)).includes('followed by a newer one'));
    await bot.app.act(id, { kind: 'role', by: user('dba'), role: 'commander', user: user('dba') });
    await bot.settled();
    expect(await said(channel)).not.toContain('Nobody leads this incident yet. ');
    expect((await bot.app.incident(id))?.reminders.last?.state.kind).toBe('done');
    await other.stop();
    await store.close();
    bots = [bot];
  });
});
