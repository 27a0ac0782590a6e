/** The bot as a process that is killed in the middle of its work, and as two that share it. */
import pg from 'pg';
import { actorsOf, buttonsIn, type SlackState } from '../../sandbox/story/actors.ts';
import { type OpenBlocker, openBlocker } from '../../sandbox/story/blocker.ts';
import type { Release } from '../../sandbox/story/releases.ts';
import { sendMigrations } from '../../src/cli/migrations.ts';
import { captureMigrations } from '../../src/databases/history.ts';
import { breakShop, query, type TestShop, testShop } from '../sandbox/story/support.ts';
import { openWorld, type World } from '../slack/support.ts';
import { eventually } from '../support/eventually.ts';
import { type BotProcess, type Bots, botsOf, TOKEN } from './bot.ts';

const LONG_MS = 60_000;
const PATIENT = { within: 30_000 };
const CHANNEL = 'inc-1-orders-are-down';

let world: World;
let bots: Bots;

const state = (): Promise<SlackState> => actorsOf(world.slack.url).state();

/** Answers when the bot has acked, or when it was killed before. */
const say = (user: string, channel: string, text: string): Promise<unknown> =>
  world.control('POST', 'commands', { user, channel, text: `/incident ${text}` });

/** Also what was taken in and not done yet. */
const outboxIsEmpty = async (): Promise<boolean> => {
  const { rows } = await world.store.query<{ left: number }>(
    `select (select count(*) from outbox where state <> 'sent')::int
            + (select count(*) from inbox where state = 'received')::int as left`,
  );
  return rows[0]?.left === 0;
};

/** The texts of a channel's messages that begin so. */
const told = async (channel: string, start: string): Promise<readonly string[]> =>
  (await world.messages(channel)).map(({ text }) => text).filter((text) => text.startsWith(start));

/** All but Slack's own lines: a topic that is set twice to the same is no message told twice. */
const texts = async (channel: string): Promise<readonly string[]> =>
  (await world.messages(channel)).map(({ text }) => text).filter((text) => !/^<@\w+> set the /.test(text));

const callsOf = (method: string): Promise<readonly unknown[]> =>
  world.control('GET', `calls?method=${method}`);

afterEach(async () => {
  await bots.close();
  await world.close();
}, LONG_MS);

interface Cut {
  readonly when: string;
  /** Put into the local Slack before the declaration. */
  readonly fault?: Readonly<Record<string, unknown>>;
  /** Whether the moment of the cut has come. */
  readonly now: () => Promise<boolean>;
}

/** A call whose effect took place, and whose answer the killed bot never got. */
const unanswered = (method: string): Pick<Cut, 'fault' | 'now'> => ({
  fault: { method, kind: 'timeout', effect: 'after' },
  now: async () => (await callsOf(method)).length > 0,
});

const CUTS: readonly Cut[] = [
  {
    when: 'right after the command was acked',
    now: async () => {
      const { rows } = await world.store.query(`select from inbox where kind = 'command' and state = 'done'`);
      return rows.length === 1;
    },
  },
  { when: 'when the channel was made, but Slack had not answered', ...unanswered('conversations.create') },
  { when: 'when a message was posted, but Slack had not answered', ...unanswered('chat.postMessage') },
];

describe('a declaration', () => {
  beforeEach(async () => {
    world = await openWorld();
    bots = await botsOf(world);
  });

  it.each(CUTS)(
    'is carried out once by the next process when the bot is killed $when',
    async ({ fault, now }) => {
      const bot = await bots.start();
      if (fault) await world.fault(fault);
      const said = say('oncall', 'incidents', 'declare sev1 orders are down');
      await eventually(now, { every: 2 });
      await bot.kill();
      await said;

      await bots.start();
      await eventually(outboxIsEmpty, PATIENT);
      expect((await state()).channels.filter(({ name }) => name.startsWith('inc-'))).toHaveLength(1);
      expect(await told(CHANNEL, 'Incident 1: ')).toHaveLength(1);
      expect(await told('incidents', 'Incident 1 (')).toHaveLength(1);
      expect(await texts(CHANNEL)).toEqual([...new Set(await texts(CHANNEL))]);
      const { rows } = await world.store.query('select from incidents');
      expect(rows).toHaveLength(1);
    },
    LONG_MS,
  );

  it(
    'and all that follows it is told once by two instances at work on the same store',
    async () => {
      await Promise.all([bots.start(), bots.start()]);
      await say('oncall', 'incidents', 'declare sev1 orders are down');
      await eventually(async () => (await told(CHANNEL, 'Incident 1: ')).length > 0, PATIENT);
      const updates = Array.from({ length: 12 }, (_, index) => `update number ${index + 1} of twelve`);
      await Promise.all(updates.map((text) => say('commander', CHANNEL, text)));
      await Promise.all([say('commander', CHANNEL, 'lead'), say('oncall', CHANNEL, 'status identified')]);
      await eventually(outboxIsEmpty, PATIENT);

      const all = await texts(CHANNEL);
      for (const [index] of updates.entries()) {
        const line = `number ${index + 1} of twelve`;
        expect(all.filter((text) => text.includes(line))).toHaveLength(1);
      }
      expect(await told(CHANNEL, 'Incident 1: ')).toHaveLength(1);
      expect(await told('incidents', 'Incident 1 (')).toHaveLength(1);
      expect(all).toEqual([...new Set(all)]);
    },
    LONG_MS,
  );
});

describe('a rollback whose bot is killed', () => {
  let shop: TestShop;
  let release: Release;
  let blocker: OpenBlocker;
  let bot: BotProcess;

  beforeEach(async () => {
    world = await openWorld();
    shop = await testShop(1);
    bots = await botsOf(world, { shop });
    bot = await bots.start();
    release = await breakShop(shop);
    blocker = await openBlocker({
      urls: shop.urls,
      blocker: shop.story.blocker,
      table: shop.story.tableAfter,
    });
    await approvedRollback();
    await eventually(isWaitingForTheLock, PATIENT);
  }, LONG_MS);
  afterEach(async () => {
    await blocker.release();
    await shop.close();
  });

  async function approvedRollback(): Promise<void> {
    const migrations = await captureMigrations({ tool: 'node-pg-migrate', dir: shop.migrationsDir });
    await sendMigrations({ url: bot.url, token: TOKEN, target: 'shop', migrations });
    await say('oncall', 'incidents', 'declare sev1 orders are down');
    await eventually(async () => (await told(CHANNEL, 'Incident 1: ')).length > 0, PATIENT);
    await say('oncall', CHANNEL, `rollback ${release.name}`);
    const button = await eventually(
      async () =>
        buttonsIn(await state(), (name) => name === CHANNEL).find(
          ({ actionId }) => actionId === 'approval:approved',
        ),
      PATIENT,
    );
    const { channel, ts, actionId, value } = button;
    await world.control('POST', 'actions', { user: 'dba', channel, ts, action_id: actionId, value });
  }

  async function isWaitingForTheLock(): Promise<boolean> {
    const { rows } = await query(
      shop.adminUrl,
      `select from pg_stat_activity
        where datname = current_database() and usename = '${shop.roles.owner}' and wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  }

  const isApplied = async (): Promise<boolean> =>
    (await query(shop.adminUrl, `select from pgmigrations where name = '${release.name}'`)).rowCount === 1;

  const markers = async (): Promise<number | null> =>
    (await query(shop.adminUrl, 'select from firebreak.markers')).rowCount;

  const ended = (): Promise<readonly string[]> =>
    eventually(async () => {
      const found = (await told(CHANNEL, 'Run 1: ')).filter((text) => /: (done|stopped|failed)/.test(text));
      return found.length > 0 && found;
    }, PATIENT);

  it(
    'while it waits for a lock is not tried again, and is said to have been stopped',
    async () => {
      await bot.kill();
      await bots.start();

      expect(await ended()).toEqual([expect.stringContaining(': stopped') as string]);
      await blocker.release();
      expect(await isApplied()).toBe(true);
      expect(await markers()).toBe(0);
      expect(await outcomes()).toEqual([expect.stringContaining('as the target says') as string]);
    },
    LONG_MS,
  );

  it(
    'right after its commit is not done again, and is said to be done',
    async () => {
      const hold = await holdIncident();
      await blocker.release();
      await eventually(async () => (await markers()) === 1, PATIENT);
      await bot.kill();
      await hold.end();
      await bots.start();

      expect(await ended()).toEqual([expect.stringContaining(': done') as string]);
      expect(await isApplied()).toBe(false);
      expect(await markers()).toBe(1);
      expect(await outcomes()).toEqual([
        expect.stringContaining('carried out, as the target says') as string,
      ]);
    },
    LONG_MS,
  );

  /** The bot can carry on in the target, but not write down what came of it. */
  async function holdIncident(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: world.database.url });
    await client.connect();
    await client.query('begin');
    await client.query('select from incidents where id = 1 for update');
    return client;
  }

  /** What the timeline says became of the step. */
  async function outcomes(): Promise<readonly string[]> {
    const { rows } = await world.store.query<{ text: string }>(
      `select content ->> 'text' as text from timeline_contents
        where content ->> 'text' like 'Run 1, roll back on shop: %the target says%' order by seq`,
    );
    return rows.map(({ text }) => text);
  }
});
