/** Events that failed or were left by a crash: nobody would say them again. */
import type { Line } from '../../src/app/dispatch.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { receive } from '../../src/store/inbox.ts';
import { eventually } from '../support/eventually.ts';
import { appWith, dispatchWith, inboxRows, openWorld, startBot, toldTo, type World } from './support.ts';

let world: World;
let bot: Slack;
let ahead = 0;
const now = (): Date => new Date(Date.now() + ahead);

beforeEach(async () => {
  ahead = 0;
  world = await openWorld();
});
afterEach(async () => {
  await bot.stop();
  await world.close();
});

test('an event whose work fails stays open, and is done when it is replayed', async () => {
  let fails = true;
  const heard: string[] = [];
  const app = appWith({
    incidentOfChannel: () => Promise.resolve(7),
    heard: ({ ts }) => {
      if (fails) return Promise.reject(new Error('the store is away'));
      heard.push(ts);
      return Promise.resolve();
    },
  });
  bot = await startBot(world, { app, now });
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel: 'general',
    text: 'hello',
  });
  await eventually(async () => (await inboxRows(world)).length === 1);
  fails = false;
  ahead = 20_000;
  await bot.replay.work();
  expect(heard).toEqual([ts]);
  expect(await inboxRows(world)).toMatchObject([{ state: 'done', payload: {} }]);
});

test.each([
  ['rollback 3', 'expired', []],
  ['note it is back', 'done', ['note it is back']],
])('a mention that a crash left, replayed late: %s', async (text, state, done) => {
  const lines: Line[] = [];
  bot = await startBot(world, {
    now,
    dispatch: dispatchWith(
      (line) => {
        lines.push(line);
        return 'ok';
      },
      (line) => line.startsWith('rollback'),
    ),
  });
  const user = world.slack.users['oncall'] ?? '';
  const channel = world.slack.channels['general'] ?? '';
  const event = { type: 'app_mention', user, channel, ts: '1700000000.000100', text: `<@U0BOT> ${text}` };
  const payload = { type: 'event_callback', team_id: 'T000SANDBOX', event_id: 'Ev1', event };
  const receivedAt = new Date(Date.now() - 90_000);
  await receive(world.store, { key: 'event:Ev1', kind: 'event', receivedAt, payload });
  await bot.replay.work();
  expect(lines.map((line) => line.text)).toEqual(done);
  expect(await inboxRows(world)).toMatchObject([{ state }]);
  const told = await toldTo(world, 'oncall');
  expect(told.join()).toMatch(done.length > 0 ? /^$/ : /`rollback 3` .* \*not\* run/);
});
