/** What is said while the store takes nothing: kept on disk, refused, and done once the store is back. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Line } from '../../src/app/dispatch.ts';
import { endUndone } from '../../src/app/not-done.ts';
import { silentLogger } from '../../src/log.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { SHORTCUT } from '../../src/slack/manifest.ts';
import { type Delivered, receive } from '../../src/store/inbox.ts';
import { WORK_CHANNEL } from '../../src/store/outbox.ts';
import { openSpool, type Spool } from '../../src/store/spool.ts';
import { type Db, openStore, type Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Answered,
  appWith,
  dispatchWith,
  inboxRows,
  openWorld,
  startBot,
  toldTo,
  type World,
} from './support.ts';

let world: World;
let readOnly: Store;
let folder: string;
let spool: Spool;
let bot: Slack;
let lines: Line[];
let inbox: Db;
let ahead: number;
const now = (): Date => new Date(Date.now() + ahead);

beforeAll(async () => {
  world = await openWorld({ quietMs: 80 });
  readOnly = openStore(`${world.database.url}?options=-c%20default_transaction_read_only%3Don`);
});
beforeEach(async () => {
  ahead = 0;
  lines = [];
  inbox = world.store.inbox;
  folder = join(await mkdtemp(join(tmpdir(), 'firebreak-spool-')), 'spool');
  spool = openSpool(folder, silentLogger);
});
afterEach(async () => {
  await bot.stop();
  await rm(join(folder, '..'), { recursive: true });
  await world.control('POST', 'reset', {});
  await world.store.query('truncate inbox');
});
afterAll(async () => {
  await readOnly.close();
  await world.close();
});

/** What stands between the bot and its inbox now. */
const behind: Db = { query: (sql, values) => inbox.query(sql, values) };
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const away: Db = { query: () => Promise.reject(refused) };
/** The server does it, and nobody hears of it. */
const unheard: Db = {
  async query(sql, values) {
    await world.store.query(sql, values);
    throw new Error('Query read timeout');
  },
};

async function start(more: { spool?: Spool } = { spool }): Promise<void> {
  const dispatch = dispatchWith(
    (line) => {
      lines.push(line);
      return `did ${line.text}`;
    },
    (text) => text.startsWith('rollback'),
  );
  const app = appWith({ endUndone: (what) => endUndone(world.store, what, now()) });
  bot = await startBot(world, { app, dispatch, now, store: { inbox: behind }, ...more });
}

const type = (text: string): Promise<Answered> =>
  world.control('POST', 'commands', { user: 'oncall', channel: 'general', text: `/incident ${text}` });
const texts = ({ responses }: Answered): string => responses.map(({ text }) => text).join('\n');
const files = (): Promise<readonly string[]> => readdir(folder).catch(() => []);
const entered = (count: number): Promise<unknown> =>
  eventually(async () => (await inboxRows(world)).length === count && (await files()).length === 0);

/** As time would, without waiting for it. */
async function replayLater(): Promise<void> {
  ahead += 20_000;
  await bot.replay.work();
}

describe('a command that the store does not take', () => {
  it.each([
    ['is away', away],
    ['is read-only', undefined],
  ])('because it %s is kept on disk, and done once when it is back', async (_, db) => {
    await start();
    inbox = db ?? readOnly.inbox;
    const said = new Date();
    const answer = await type('note the page is empty');
    expect(texts(answer)).toMatch(/kept on disk.*do not repeat it/);
    expect(answer.ack_ms).toBeLessThan(3000);
    expect(spool.state()).toMatchObject({ waiting: 1 });
    expect(lines).toEqual([]);

    inbox = world.store.inbox;
    await entered(1);
    await eventually(() => spool.state().waiting === 0);
    await replayLater();
    await replayLater();
    expect(lines).toMatchObject([{ text: 'note the page is empty' }]);
    expect(Math.abs((lines[0]?.receivedAt.getTime() ?? 0) - said.getTime())).toBeLessThan(2000);
    expect(await inboxRows(world)).toMatchObject([{ state: 'done' }]);
    const told = await eventually(async () => {
      const { channels } = await world.control<{ channels: { ephemerals: { text: string }[] }[] }>(
        'GET',
        'state',
      );
      return channels
        .flatMap(({ ephemerals }) => ephemerals.map(({ text }) => text))
        .find((text) => text.startsWith('did'));
    });
    expect(told).toBe('did note the page is empty');
  });

  it("lies there for its owner only, without what proves that it is Slack's", async () => {
    await start();
    inbox = away;
    await type('note x');
    const [name = ''] = await files();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    const { payload } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { payload: object };
    expect(payload).toHaveProperty('response_url');
    expect(payload).not.toHaveProperty('token');
  });

  it('and is dangerous is refused, and never done', async () => {
    await start();
    inbox = away;
    expect(texts(await type('rollback 3'))).toMatch(/\*refused\*.*say it again/);
    expect(await files()).toEqual([]);
  });

  it('in time, as far as one can tell, is kept under the same key and done once', async () => {
    await start();
    inbox = unheard;
    expect(texts(await type('note x'))).toContain('kept on disk');
    expect(await inboxRows(world)).toHaveLength(1);
    inbox = world.store.inbox;
    await entered(1);
    await replayLater();
    await replayLater();
    expect(lines).toHaveLength(1);
  });

  it('in time, as far as one can tell, and is dangerous is not done from the row that it left', async () => {
    await start();
    inbox = unheard;
    expect(texts(await type('rollback 3'))).toMatch(/\*refused\*, and will not be done unless it has begun/);
    expect(await inboxRows(world)).toMatchObject([{ state: 'received' }]);
    inbox = world.store.inbox;
    await entered(1);
    await replayLater();
    expect(lines).toEqual([]);
    const [row] = await inboxRows(world);
    expect(row).toMatchObject({ state: 'refused' });
    expect(row?.payload).not.toHaveProperty('response_url');
  });

  it('in time, and is dangerous, is not done by a replay that comes before its refusal, nor while that is not known', async () => {
    await start();
    let asked = 0;
    // The first is done unheard; then nothing is.
    inbox = { query: (sql, values) => ((asked += 1) === 1 ? unheard : away).query(sql, values) };
    expect(texts(await type('rollback 3'))).toContain('*refused*');
    expect(await inboxRows(world)).toMatchObject([{ state: 'received' }]);
    expect(await files()).toHaveLength(1);
    const read = /^\s*select/;
    inbox = { query: (sql, values) => (read.test(sql) ? world.store.inbox : away).query(sql, values) };
    await replayLater();
    expect(lines).toEqual([]);
    inbox = world.store.inbox;
    await bot.replay.work();
    expect(lines).toEqual([]);
    expect(await inboxRows(world)).toMatchObject([{ state: 'refused' }]);
  });

  describe('in time, and is dangerous, while another host has a data folder of its own', () => {
    let elsewhere: Slack;
    let folderThere: string;
    beforeEach(async () => {
      folderThere = join(await mkdtemp(join(tmpdir(), 'firebreak-spool-')), 'spool');
    });
    afterEach(async () => {
      await elsewhere.stop();
      await rm(join(folderThere, '..'), { recursive: true });
    });
    const another = async (there: string): Promise<void> => {
      elsewhere = await startBot(world, {
        app: appWith({ endUndone: (what) => endUndone(world.store, what, now()) }),
        dispatch: dispatchWith(
          (line) => {
            lines.push(line);
            return line.text;
          },
          (text) => text.startsWith('rollback'),
        ),
        spool: openSpool(there, silentLogger),
        now,
      });
    };

    it('is not done there after it was refused here: there it only expires', async () => {
      await start();
      inbox = unheard;
      expect(texts(await type('rollback 3'))).toContain('*refused*');
      inbox = away;
      await another(folderThere);
      ahead += 20_000;
      await elsewhere.replay.work();
      expect(lines).toEqual([]);
      expect(await inboxRows(world)).toMatchObject([{ state: 'received' }]);
      ahead += 41_000;
      await elsewhere.replay.work();
      expect(lines).toEqual([]);
      expect(await inboxRows(world)).toMatchObject([{ state: 'expired' }]);
    });

    it('is done by whoever shares the folder, when it was not refused', async () => {
      await start();
      inbox = {
        query: (sql, values) => (/insert into inbox/.test(sql) ? world.store.inbox : away).query(sql, values),
      };
      lines.push = () => {
        throw new Error('killed');
      };
      await type('rollback 3');
      lines = [];
      expect(await inboxRows(world)).toMatchObject([{ state: 'received' }]);
      await another(folder);
      ahead += 20_000;
      await elsewhere.replay.work();
      expect(lines.map(({ text }) => text)).toEqual(['rollback 3']);
    });
  });

  it('is said to be lost when the disk takes nothing either', async () => {
    await writeFile(folder, 'a file where the folder would be');
    await start();
    inbox = away;
    expect(texts(await type('note x'))).toMatch(/\*not recorded\*.*say it again later/);
    inbox = unheard;
    expect(texts(await type('note y'))).toContain('may not have been recorded');
    await rm(folder);
  });
});

describe('a mention that arrives two minutes late, since the store took none before', () => {
  const mention = async (text: string): Promise<unknown> => {
    const { botUserId } = await world.identity.get();
    const said = { user: 'oncall', channel: 'general', text: `<@${botUserId}> ${text}` };
    return world.control('POST', 'messages', said);
  };
  const endedAs = (state: string): Promise<unknown> =>
    eventually(async () => (await inboxRows(world)).find((row) => row.state === state));

  it('and is dangerous is not done, and its person is told', async () => {
    await start();
    ahead = 120_000;
    await mention('rollback 3');
    await endedAs('expired');
    expect(lines).toEqual([]);
    const { rows } = await world.store.query<{ effect: { text: string } }>('select effect from outbox');
    expect(rows.at(-1)?.effect).toMatchObject({
      to: { kind: 'user', id: world.slack.users['oncall'] },
      text: expect.stringMatching(/`rollback 3` was said \d\d:\d\d UTC and was \*not\* run/) as string,
    });
  });

  it('is done as of when it was written', async () => {
    await start();
    ahead = 120_000;
    await mention('note the page is empty');
    await eventually(() => lines.length === 1);
    expect(Math.abs((lines[0]?.receivedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe('a click, form or shortcut that the store does not take', () => {
  const user = 'oncall';

  const submit = async (title: string): Promise<{ responses: readonly Record<string, unknown>[] }> => {
    await world.control('POST', 'shortcuts', { user, callback_id: SHORTCUT.declare });
    const { views } = await world.control<{ views: { id: string }[] }>('GET', `state?as=${user}`);
    inbox = away;
    return world.control('POST', 'views/submit', { user, view_id: views.at(-1)?.id, values: { title } });
  };
  const formText = async (): Promise<string> =>
    JSON.stringify((await world.control<{ views: unknown[] }>('GET', `state?as=${user}`)).views.at(-1));

  it('gives way to the word that it is kept, so that nobody sends it twice, and is done later', async () => {
    await start();
    await submit('the site is down');
    expect(await formText()).toContain('kept on disk');
    expect(await formText()).not.toContain('"type":"input"');
    inbox = world.store.inbox;
    await eventually(async () => (await files()).length === 0);
    await replayLater();
    expect(lines.map(({ text }) => text)).toEqual([expect.stringMatching(/declare.* -- the site is down$/)]);
  });

  it('is told at its field what is missing, before anything is kept', async () => {
    await start();
    const { responses } = await submit('   ');
    expect(responses).toMatchObject([{ errors: { title: 'This is needed.' } }]);
    expect(await files()).toEqual([]);
  });

  it('that was refused when it was done later is told to its person', async () => {
    await start();
    await submit('the site is down');
    inbox = world.store.inbox;
    await eventually(async () => (await files()).length === 0);
    await bot.stop();
    const dispatch = Object.assign(
      () => Promise.resolve({ text: 'A similar incident is open.', refused: true as const }),
      { isDangerous: () => false },
    );
    const app = appWith({
      people: () => Promise.resolve({}),
      endUndone: (what) => endUndone(world.store, what, now()),
    });
    bot = await startBot(world, { app, dispatch, now, store: { inbox: behind } });
    await replayLater();
    await bot.replay.work();
    const told = (await toldTo(world, 'oncall')).filter((text) => text.startsWith(':no_entry: Your form'));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /Your form arrived .* was \*not\* run: A similar incident is open\. Say it again/,
    );
  });

  it('and approves is refused', async () => {
    await start();
    const { ts, channel } = await world.client.chat.postMessage({
      channel: world.slack.channels['general'] ?? '',
      text: 'plan',
      blocks: [
        {
          type: 'actions',
          elements: [
            {
              type: 'button',
              action_id: 'approval:approved',
              value: '{}',
              text: { type: 'plain_text', text: 'Yes' },
            },
          ],
        },
      ],
    });
    inbox = away;
    const answer = await world.control<Answered>('POST', 'actions', {
      user,
      channel,
      ts,
      action_id: 'approval:approved',
      value: '{}',
    });
    expect(texts(answer)).toContain('*refused*');
    expect(await files()).toEqual([]);
  });

  it('and would only open a form is refused', async () => {
    await start();
    inbox = away;
    await world.control('POST', 'shortcuts', { user, callback_id: SHORTCUT.declare });
    expect(await files()).toEqual([]);
  });
});

describe('what is kept', () => {
  const keptBy = (other: Spool, key: string, receivedAt = now()): Promise<unknown> =>
    other.keep({
      key,
      kind: 'command',
      receivedAt,
      refused: false,
      payload: {
        command: '/incident',
        text: `note ${key}`,
        user_id: world.slack.users['oncall'],
        user_name: 'oncall',
        channel_id: world.slack.channels['general'],
        team_id: 'T000SANDBOX',
      },
    });

  it('by a process that was killed is brought in by the next one, in its order', async () => {
    await keptBy(openSpool(folder, silentLogger), 'second', new Date(Date.now() - 1000));
    await keptBy(openSpool(folder, silentLogger), 'first', new Date(Date.now() - 2000));
    await start();
    await entered(2);
    await bot.replay.work();
    expect(lines.map(({ text }) => text)).toEqual(['note first', 'note second']);
  });

  it('is due at once, and announced, so that what is said later does not overtake it', async () => {
    const listener = new pg.Client({ connectionString: world.database.url });
    await listener.connect();
    let announced = 0;
    listener.on('notification', () => (announced += 1));
    await listener.query(`listen ${WORK_CHANNEL}`);
    await start();
    expect(bot.replay.isDue()).toBe(false);
    inbox = away;
    await type('note x');
    inbox = world.store.inbox;
    await eventually(() => bot.replay.isDue() && announced > 0);
    await listener.end();
    await bot.replay.work();
    expect(lines.map(({ text }) => text)).toEqual(['note x']);
    expect(bot.replay.isDue()).toBe(false);
  });

  it('and came to another instance as well is left to that one', async () => {
    await keptBy(spool, 'k1');
    const { key, kind, payload, receivedAt } = JSON.parse(
      await readFile(join(folder, (await files())[0] ?? ''), 'utf8'),
    ) as Delivered;
    await receive(world.store, { key, kind, payload, receivedAt });
    await start();
    await eventually(async () => (await files()).length === 0);
    await bot.replay.work();
    expect(lines).toEqual([]);
    await replayLater();
    expect(lines).toHaveLength(1);
  });

  it('is brought in once by two that share the folder', async () => {
    await keptBy(spool, 'k1');
    await start();
    const other = await startBot(world, {
      spool: openSpool(folder, silentLogger),
      store: { inbox: behind },
      dispatch: dispatchWith(({ text }) => text),
    });
    await entered(1);
    await other.stop();
    await replayLater();
    expect(lines).toHaveLength(1);
  });

  it('and is torn, foreign or too old is set aside, and holds up nothing', async () => {
    const name = (at: number): string => `${String(at).padStart(15, '0')}-${'a'.repeat(64)}.json`;
    await keptBy(spool, 'old', new Date(Date.now() - 25 * 3_600_000));
    await keptBy(spool, 'whole');
    await writeFile(join(folder, name(1)), '{"key":"torn","payl');
    await writeFile(join(folder, name(2)), '{"some":"thing"}');
    await writeFile(join(folder, `${name(3)}.0.draft`), '{"key');
    await start();
    await eventually(async () => (await inboxRows(world)).length === 1);
    await eventually(async () => (await files()).every((file) => !file.endsWith('.json')));
    expect((await files()).filter((file) => file.endsWith('.aside'))).toHaveLength(3);
    // It may be under way in another process.
    expect((await files()).filter((file) => file.endsWith('.draft'))).toHaveLength(1);
    await eventually(() => spool.state().waiting === 0);
  });

  it('and is what the store takes never is set aside, and holds up nothing', async () => {
    await keptBy(spool, 'no column takes \0', new Date(Date.now() - 1000));
    await keptBy(spool, 'whole');
    await start();
    await eventually(async () => (await inboxRows(world)).length === 1);
    await eventually(() => spool.state().waiting === 0);
    expect(await files()).toEqual([expect.stringMatching(/\.aside$/)]);
  });

  it('and cannot be removed is taken once, and holds up nothing', async () => {
    await start();
    await bot.stop();
    await keptBy(spool, 'stuck', new Date(Date.now() - 1000));
    await keptBy(spool, 'whole');
    const [stuck = ''] = (await files()).toSorted();
    const taken: string[] = [];
    const take = async ({ key }: { key: string }): Promise<void> => {
      taken.push(key);
      if (key !== 'stuck') return;
      // No user may be trusted to have no right to it: a folder is not removed as a file is.
      await rm(join(folder, stuck));
      await mkdir(join(folder, stuck));
    };
    expect(await spool.empty(take, now())).toBe(2);
    expect(await spool.empty(take, now())).toBe(0);
    expect(taken).toEqual(['stuck', 'whole']);
    expect(spool.state()).toEqual({ waiting: 0 });
  });

  it('is bounded: what is beyond is refused, and a copy of what is there takes no place', async () => {
    spool = openSpool(folder, silentLogger, 3);
    for (const key of ['1', '2', '3']) expect(await keptBy(spool, key)).toBe('kept');
    expect(await keptBy(spool, 'beyond')).toBe('full');
    expect(await keptBy(spool, '2')).toBe('kept');
    expect(await files()).toHaveLength(3);
    inbox = away;
    await start();
    expect(texts(await type('note x'))).toContain('not recorded');
  });

  it('and is too large is refused', async () => {
    await start();
    expect(await keptBy(spool, 'x'.repeat(300_000))).toBe('full');
  });

  it('outlasts a folder that cannot be read for a while', async () => {
    await keptBy(spool, 'k1');
    const [name = ''] = await files();
    await chmod(folder, 0o000);
    await start();
    await chmod(folder, 0o700);
    await entered(1);
    expect(name).toMatch(/\.json$/);
  });
});
