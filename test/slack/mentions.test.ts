/** Mentions: a line where slash commands do not work, answered to who wrote it alone. */
import { eventually } from '../support/eventually.ts';
import { type Firebreak, startFirebreak } from './firebreak.ts';
import { openWorld, type World } from './support.ts';

interface Whisper {
  readonly to: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly blocks?: unknown;
  readonly ts: string;
}

let world: World;
let bot: Firebreak;
let user: (name: string) => string;
let me: string;

beforeEach(async () => {
  world = await openWorld();
  user = (name) => world.slack.users[name] ?? '';
  bot = await startFirebreak(world);
  me = (await world.identity.get()).botUserId;
});
afterEach(async () => {
  await bot.settled();
  await bot.stop();
  await world.close();
});

const write = (name: string, text: string, more: Record<string, unknown> = {}): Promise<{ ts: string }> =>
  world.control('POST', 'messages', { user: name, channel: 'general', text, ...more });
const mention = (name: string, text: string, more: Record<string, unknown> = {}): Promise<{ ts: string }> =>
  write(name, `<@${me}> ${text}`, more);
async function whispers(channel = 'general'): Promise<readonly Whisper[]> {
  const { channels } = await world.control<{ channels: { name: string; ephemerals: Whisper[] }[] }>(
    'GET',
    'state',
  );
  return channels.find(({ name }) => name === channel)?.ephemerals ?? [];
}
const whispered = (): Promise<Whisper> => eventually(async () => (await whispers()).at(-1));
describe('a mention', () => {
  test('in a channel is a typed line; only who wrote it reads the answer', async () => {
    await mention('oncall', 'declare sev1 order status is down');
    const answer = await whispered();
    expect(answer).toMatchObject({ to: user('oncall'), text: expect.stringContaining('declared') as string });
    expect(answer.thread_ts).toBeUndefined();
    const [incident] = await bot.app.incidents({ state: 'open' }, user('oncall'));
    expect(incident).toMatchObject({
      severity: 'sev1',
      title: 'order status is down',
      declaredBy: user('oncall'),
    });
    // Nothing was said above it: it begins with the declaration.
    expect((await bot.app.record(1))?.timeline[0]?.kind).toBe('declared');
  });

  test.each([':', ',', ''])('may be followed by `%s`', async (sign) => {
    await write('oncall', `<@${me}>${sign} list`);
    expect((await whispered()).text).toContain('None.');
  });

  test('in a thread declares from the message above: its own time, its author, its link', async () => {
    const { ts } = await write('support', 'customers say the page is empty');
    await write('viewer', 'same here', { thread_ts: ts });
    await mention('oncall', 'declare order status is empty', { thread_ts: ts });
    expect(await whispered()).toMatchObject({
      thread_ts: ts,
      text: expect.stringContaining('Incident 1') as string,
    });
    expect((await bot.app.record(1))?.timeline[0]).toMatchObject({
      kind: 'message',
      actor: user('support'),
      at: new Date(Number(ts) * 1000),
      text: 'customers say the page is empty',
      link: expect.stringContaining('/archives/') as string,
    });
  });

  test('in a thread of an incident is about that incident', async () => {
    const { id, channel } = await bot.declared();
    const { ts } = await write('oncall', 'the errors began at ten', { channel });
    await mention('oncall', 'note -15m the deploy finished', { channel, thread_ts: ts });
    await eventually(async () =>
      ((await bot.app.record(id))?.timeline ?? []).some(({ kind }) => kind === 'note'),
    );
  });

  test('whose parent cannot be read still declares', async () => {
    const { ts } = await write('support', 'customers say the page is empty');
    await world.fault({ method: 'conversations.replies', kind: 'error', error: 'internal_error', times: 5 });
    await mention('oncall', 'declare order status is empty', { thread_ts: ts });
    expect((await whispered()).text).toContain('Incident 1');
    expect((await bot.app.record(1))?.timeline[0]?.kind).toBe('declared');
  });

  test('by a bot is not heard', async () => {
    const channel = world.slack.channels['general'] ?? '';
    await world.client.chat.postMessage({ channel, text: `<@${me}> declare sev1 loop` });
    await mention('viewer', 'list');
    await whispered();
    expect(await whispers()).toHaveLength(1);
    expect(await bot.app.incidents({ state: 'all' }, user('oncall'))).toEqual([]);
  });

  test.each(['guest', 'foreign'])('by a %s is refused, and says who may', async (kind) => {
    await world.control('POST', 'users', { name: 'mallory', kind });
    await world.control('POST', 'members', { user: 'mallory', channel: 'general', by: 'oncall' });
    await mention('mallory', 'declare sev1 it is down');
    expect((await whispered()).text).toMatch(new RegExp(`full members.*${kind}`, 's'));
    expect(await bot.app.incidents({ state: 'all' }, user('oncall'))).toEqual([]);
  });

  test('by who has not the right says who has, and how to get it', async () => {
    await mention('viewer', 'declare sev1 it is down');
    const { text } = await whispered();
    expect(text).toContain(`<@${user('oncall')}>`);
    expect(text).toContain('added to `permissions.declare` in firebreak.yml');
  });

  test('with a typo changes nothing, and says what may have been meant', async () => {
    const { id, channel } = await bot.declared();
    await mention('oncall', 'resovle rolled back', { channel });
    const said = await eventually(async () => (await whispers(await nameOf(channel))).at(-1));
    expect(said.text).toContain('Did you mean `/incident resolve rolled back`');
    expect((await bot.app.incident(id))?.status).toBe('investigating');
  });

  test('that is refused with an offer has it as a button, which says the line', async () => {
    const { id, channel } = await bot.declared();
    await bot.app.act(id, { kind: 'role', by: user('dba'), role: 'commander', user: user('dba') });
    await mention('oncall', 'lead', { channel });
    // Who joins is whispered to as well, before or after.
    const said = await eventually(async () =>
      (await whispers(await nameOf(channel))).find(({ text }) => text.includes(`<@${user('dba')}>`)),
    );
    expect(JSON.stringify(said.blocks)).toContain('say:0');
    await world.control('POST', 'actions', { user: 'oncall', channel, ts: said.ts, action_id: 'say:0' });
    await eventually(async () => (await bot.app.incident(id))?.roles['commander'] === user('oncall'));
  });

  test('delivered twice, or replayed after a crash, is done once', async () => {
    await world.control('POST', 'deliveries', { kind: 'duplicate', times: 1 });
    await mention('oncall', 'declare sev1 order status is down');
    await whispered();
    expect(await bot.app.incidents({ state: 'all' }, user('oncall'))).toHaveLength(1);
    const event = {
      type: 'app_mention',
      user: user('oncall'),
      text: `<@${me}> declare checkout is slow`,
      ts: '1.1',
      channel: world.slack.channels['general'],
      event_ts: '1.1',
    };
    await bot.lost('event', 'e1', { type: 'event_callback', team_id: 'T000SANDBOX', event });
    expect(await bot.app.incidents({ state: 'all' }, user('oncall'))).toHaveLength(2);
  });
});

async function nameOf(channel: string): Promise<string> {
  const { channels } = await world.control<{ channels: { id: string; name: string }[] }>('GET', 'state');
  return channels.find(({ id }) => id === channel)?.name ?? '';
}
