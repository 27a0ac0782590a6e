/** Slack is away: a terminal takes the same verbs, what is to be said waits, and what was missed is read afterwards. */
import { loadConfig } from '../../src/config.ts';
import { silentLogger } from '../../src/log.ts';
import { type Running as Bot, startFirebreak } from '../../src/main.ts';
import { firebreak } from '../cli/support.ts';
import { createDoor, type Door } from '../support/door.ts';
import { eventually } from '../support/eventually.ts';
import { MINUTE, openRunning, type Running } from './support.ts';

let world: Running;
let door: Door;
let bot: Bot;

beforeAll(async () => {
  world = await openRunning({ start: false });
  door = await createDoor(world.slack.url);
  const env = { ...world.env, SLACK_API_URL: door.through(`${world.slack.url}/api/`) };
  bot = await startFirebreak(loadConfig(world.file, env), { clock: world.clock, log: silentLogger });
});
afterAll(async () => {
  await bot.close();
  await door.shut();
  await world.close();
});

const slackIs = (state: string): Promise<unknown> =>
  eventually(async () => {
    const { slack } = (await (await fetch(`${bot.url}/readyz`)).json()) as { slack: string };
    return slack === state;
  });
const connections = async (): Promise<number> =>
  (await world.control<{ connections: number }>('GET', 'state')).connections;

it('goes on in a terminal, and in Slack when that is back', async () => {
  const { channel } = await world.declare('declare sev2 orders are down');
  await door.shut();
  await world.control('POST', 'deliveries', { kind: 'disconnect', times: 2 });
  await slackIs('not connected');

  const terminal = (...words: readonly string[]) =>
    firebreak(['incident', ...words, '--config', world.file], world.env);
  expect(await terminal('update', 'inc-1', 'the old release is back')).toMatchObject({ code: 0, err: '' });
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel,
    text: 'customers see their orders again',
  });
  await world.control('POST', 'pins', { user: 'commander', channel, ts });
  await world.advanceAlone(2 * MINUTE);
  expect((await world.texts(channel)).join('\n')).not.toContain('the old release is back');
  expect(await world.timeline(1)).toContain('update: the old release is back');

  await door.open();
  // The pause between two tries grows to 15 s.
  await eventually(async () => (await connections()) > 0, { within: 20_000 });
  await slackIs('ok');
  await eventually(async () => (await world.texts(channel)).join('\n').includes('the old release is back'));
  await eventually(async () =>
    (await world.timeline(1)).includes('message: customers see their orders again'),
  );
  expect((await world.timeline(1)).filter((line) => line.startsWith('gap: '))).toHaveLength(1);
  expect(await world.say('oncall', channel, 'catchup')).toContain('the old release is back');
}, 45_000);
