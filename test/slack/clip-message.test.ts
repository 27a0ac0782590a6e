/** The message shortcut, through a real Bolt and the local Slack. */
import type { Intent } from '../../src/domain/intents.ts';
import type { Slack } from '../../src/slack/bolt.ts';
import { anIncident, appWith, openWorld, startBot, type World } from './support.ts';

let world: World;
let bot: Slack;
let acts: Intent[];

beforeAll(async () => {
  world = await openWorld();
  const app = appWith({
    incidentOfChannel: (channel) =>
      Promise.resolve(channel === world.slack.channels['incidents'] ? 7 : undefined),
    act: (_incident, intent) => {
      acts.push(intent);
      return Promise.resolve({ ok: true, incident: anIncident() });
    },
  });
  bot = await startBot(world, { app });
});
beforeEach(() => {
  acts = [];
});
afterAll(async () => {
  await bot.stop();
  await world.close();
});

const clip = async (channel: string): Promise<readonly (string | undefined)[]> => {
  const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
    user: 'support',
    channel,
    text: 'the page is empty',
  });
  const { responses } = await world.control<{ responses: { text?: string }[] }>('POST', 'shortcuts', {
    user: 'oncall',
    callback_id: 'add_to_timeline',
    channel,
    ts,
  });
  return responses.map(({ text }) => text);
};

test('a message becomes an entry at its own time, with its author and its link', async () => {
  expect(await clip('incidents')).toEqual(['Added to the timeline, at its own time.']);
  expect(acts).toMatchObject([
    {
      kind: 'note',
      by: world.slack.users['oncall'],
      text: `<@${world.slack.users['support'] ?? ''}>: the page is empty`,
      at: expect.any(Date) as Date,
      link: expect.stringContaining('/archives/') as string,
    },
  ]);
});

test('in a channel that is no incident it is refused, and nothing is written', async () => {
  expect((await clip('general'))[0]).toContain('not that of an incident');
  expect(acts).toEqual([]);
});
