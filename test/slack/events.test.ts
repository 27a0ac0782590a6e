/** What happens to an incident's channel in Slack. */
import { eventually } from '../support/eventually.ts';
import { type Firebreak, startFirebreak } from './firebreak.ts';
import { openWorld, type World } from './support.ts';

interface Whisper {
  readonly to: string;
  readonly text: string;
  readonly ts: string;
}

let world: World;
let bot: Firebreak;
let user: (name: string) => string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bot = await startFirebreak(world);
});
afterEach(async () => {
  await bot.settled();
  await bot.stop();
  await world.close();
});

async function whispers(channel: string): Promise<readonly Whisper[]> {
  const { channels } = await world.control<{ channels: { id: string; ephemerals: Whisper[] }[] }>(
    'GET',
    'state',
  );
  return channels.find(({ id }) => id === channel)?.ephemerals ?? [];
}
const channelEntries = async (id: number): Promise<readonly (string | undefined)[]> =>
  ((await bot.app.record(id))?.timeline ?? [])
    .filter(({ kind }) => kind === 'channel')
    .map(({ text }) => text);
let events = 0;
/** The local Slack has no way for a person to archive a channel. */
const happens = (type: string, channel: string, by: string): Promise<void> =>
  bot.lost('event', `e${(events += 1)}`, {
    type: 'event_callback',
    team_id: 'T000SANDBOX',
    event: { type, channel, user: by, event_ts: '1.1' },
  });

describe('who joins', () => {
  test('is offered to be caught up, but not who declared it; a click tells them alone', async () => {
    const { channel } = await bot.declared();
    await world.control('POST', 'members', { user: 'viewer', channel, by: 'oncall' });
    const whisper = await eventually(async () => (await whispers(channel))[0]);
    expect(whisper).toMatchObject({ to: user('viewer'), text: expect.stringContaining('joined') as string });
    await bot.settled();
    expect(await whispers(channel)).toHaveLength(1);
    await world.control('POST', 'actions', { user: 'viewer', channel, ts: whisper.ts, action_id: 'say:0' });
    const told = await eventually(async () => (await whispers(channel))[1]);
    expect(told).toMatchObject({
      to: user('viewer'),
      text: expect.stringContaining('order status page is down') as string,
    });
  });

  test('is offered it when they were paged, too', async () => {
    const { id, channel } = await bot.declared();
    await bot.app.escalate(id, { by: user('oncall'), team: 'database' });
    expect(await eventually(async () => (await whispers(channel))[0])).toMatchObject({ to: user('dba') });
  });

  test('twice delivered is offered it once, and elsewhere or when it is over not at all', async () => {
    const { id, channel } = await bot.declared();
    await world.control('POST', 'deliveries', { kind: 'duplicate', times: 1 });
    await world.control('POST', 'members', { user: 'viewer', channel, by: 'oncall' });
    await eventually(async () => (await whispers(channel)).length === 1);
    await bot.app.act(id, { kind: 'resolve', by: user('oncall') });
    await bot.settled();
    await world.control('POST', 'members', { user: 'support', channel, by: 'oncall' });
    await happens('member_joined_channel', world.slack.channels['general'] ?? '', user('viewer'));
    await bot.settled();
    expect(await whispers(channel)).toHaveLength(1);
  });

  test('and has left again is no trouble for others', async () => {
    const { channel } = await bot.declared();
    await happens('member_joined_channel', channel, user('viewer'));
    await bot.settled();
    const told = await world.messages('incidents');
    expect(JSON.stringify(told)).not.toContain('whisper');
  });
});

describe('archiving', () => {
  test('by people in Slack is written down once, and so is bringing it back', async () => {
    const { id, channel } = await bot.declared();
    await happens('channel_archive', channel, user('oncall'));
    await happens('channel_archive', channel, user('oncall'));
    expect(await channelEntries(id)).toEqual(['Channel archived in Slack']);
    expect((await bot.app.incident(id))?.archived).toBe(true);
    await happens('channel_unarchive', channel, user('oncall'));
    await happens('channel_unarchive', channel, user('oncall'));
    expect(await channelEntries(id)).toHaveLength(2);
    expect((await bot.app.incident(id))?.archived).toBeUndefined();
  });

  test('of a private channel is seen too', async () => {
    const { id, channel } = await bot.declared('a key has leaked', 'declare --private sev2');
    await happens('group_archive', channel, user('oncall'));
    expect((await bot.app.incident(id))?.archived).toBe(true);
  });

  test('by the bot comes back as an event and is known; late, it does not undo a reopening', async () => {
    const { id, channel } = await bot.declared();
    await bot.app.act(id, { kind: 'resolve', by: user('oncall') });
    await bot.app.act(id, { kind: 'archive', by: user('oncall') });
    await bot.settled();
    await bot.app.act(id, { kind: 'reopen', by: user('oncall'), reason: 'it is back' });
    await bot.settled();
    // Slack lets no bot bring a channel back: a person does.
    await happens('channel_unarchive', channel, user('oncall'));
    const before = await channelEntries(id);
    expect((await bot.app.incident(id))?.archived).toBeUndefined();
    const { botUserId } = await world.identity.get();
    await happens('channel_archive', channel, botUserId);
    expect(await channelEntries(id)).toEqual(before);
    expect((await bot.app.incident(id))?.archived).toBeUndefined();
  });

  test('of any other channel is nothing', async () => {
    await happens('channel_archive', world.slack.channels['general'] ?? '', user('oncall'));
    expect(await bot.app.incidents({ state: 'all' }, user('oncall'))).toEqual([]);
  });
});
