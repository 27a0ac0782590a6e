/** Every scope and every event of the manifest is there for something: without it, this does not work. */
import { WebSocket } from 'ws';
import { botEvents, manifestWith, removeManifests, scopes } from './manifest.ts';
import { type Answer, type Bench, client, errorOf, startBench } from './support.ts';

afterAll(removeManifests);

const id = (bench: Bench, channel = 'incidents') => bench.slack.channels[channel] ?? '';
const person = (bench: Bench) => bench.slack.users['dba'] ?? '';

async function said(bench: Bench, channel = 'incidents'): Promise<string> {
  const { body } = await bench.control('POST', 'messages', { user: 'dba', channel, text: 'x' });
  return String(body['ts']);
}

/** A private channel of the people, with the bot in it. */
async function backRoom(bench: Bench): Promise<string> {
  const { body } = await bench.control('POST', 'channels', {
    user: 'dba',
    name: 'back-room',
    is_private: true,
  });
  await bench.control('POST', 'members', { user: 'firebreak', channel: 'back-room', by: 'dba' });
  return String(body['id']);
}

async function directMessage(bench: Bench): Promise<string> {
  await said(bench, 'dm-dba');
  const { channels } = await bench.state();
  return channels.find(({ name }) => name === 'dm-dba')?.id ?? '';
}

type Use = (bench: Bench) => Promise<unknown>;
const marked = async (bench: Bench) => ({ channel: id(bench), timestamp: await said(bench) });
const link = { type: 'link', title: 'Wiki', link: 'https://example.com' } as const;

/** For each scope what the app does with it. */
const USES: Readonly<Record<string, Use>> = {
  'bookmarks:read': (bench) => bench.web.bookmarks.list({ channel_id: id(bench) }),
  'bookmarks:write': (bench) => bench.web.bookmarks.add({ channel_id: id(bench), ...link }),
  'canvases:write': (bench) => bench.web.conversations.canvases.create({ channel_id: id(bench) }),
  'channels:history': (bench) => bench.web.conversations.history({ channel: id(bench) }),
  'channels:manage': (bench) => bench.web.conversations.create({ name: 'inc-1' }),
  'channels:read': (bench) => bench.web.conversations.info({ channel: id(bench) }),
  'chat:write': (bench) => bench.web.chat.postMessage({ channel: id(bench), text: 'x' }),
  'files:read': (bench) => bench.web.files.info({ file: 'F0' }),
  'files:write': (bench) => bench.web.files.getUploadURLExternal({ filename: 'a.md', length: 1 }),
  'groups:history': async (bench) => bench.web.conversations.history({ channel: await backRoom(bench) }),
  'groups:read': async (bench) => bench.web.conversations.info({ channel: await backRoom(bench) }),
  'groups:write': (bench) => bench.web.conversations.create({ name: 'inc-2', is_private: true }),
  'im:history': async (bench) => bench.web.conversations.history({ channel: await directMessage(bench) }),
  'im:write': (bench) => bench.web.conversations.open({ users: person(bench) }),
  'pins:read': (bench) => bench.web.pins.list({ channel: id(bench) }),
  'pins:write': async (bench) => bench.web.pins.add(await marked(bench)),
  'reactions:read': async (bench) => bench.web.reactions.get(await marked(bench)),
  'usergroups:read': (bench) => bench.web.usergroups.list(),
  'users:read': (bench) => bench.web.users.info({ user: person(bench) }),
  'users:read.email': (bench) => bench.web.users.lookupByEmail({ email: 'dba@example.com' }),
};

/** These two are needed by no call. */
const SEEN_ELSEWHERE = ['app_mentions:read', 'commands'];

test('every scope of the manifest has a use', () => {
  expect([...scopes].sort()).toEqual([...Object.keys(USES), ...SEEN_ELSEWHERE].sort());
});

test.each(Object.entries(USES))(
  '%s: the call is refused without it, and only without it',
  async (scope, use) => {
    const bare = await startBench(manifestWith({ without: scope }));
    const refusal = await errorOf(use(bare));
    await bare.stop();
    expect(refusal).toMatchObject({
      error: 'missing_scope',
      needed: expect.stringContaining(scope) as string,
    });
    const whole = await startBench();
    const answer = await use(whole).catch((error: unknown) => (error as { data?: Answer }).data);
    await whole.stop();
    expect((answer as Answer)['error']).not.toBe('missing_scope');
  },
);

test('commands: without it there are no slash commands and no shortcuts', async () => {
  const bench = await startBench(manifestWith({ without: 'commands' }));
  const acts = [
    await bench.control('POST', 'commands', { user: 'dba', channel: 'incidents', text: '/incident help' }),
    await bench.control('POST', 'shortcuts', { user: 'dba', callback_id: 'declare_incident' }),
  ];
  await bench.stop();
  expect(acts).toMatchObject(Array(2).fill({ status: 400, body: { error: 'missing_scope' } }));
});

const archived = async (bench: Bench, is_private: boolean, again: boolean) => {
  const { channel: made } = await bench.web.conversations.create({ name: 'inc-3', is_private });
  const channel = made?.id ?? '';
  await bench.web.conversations.invite({ channel, users: person(bench) });
  await bench.web.conversations.archive({ channel });
  if (again) await bench.control('PATCH', 'channels', { user: 'dba', channel, archived: false });
};
const renamed = async (bench: Bench, is_private: boolean) => {
  const { channel } = await bench.web.conversations.create({ name: 'inc-4', is_private });
  await bench.web.conversations.rename({ channel: channel?.id ?? '', name: 'inc-4-orders' });
};
const left = async (bench: Bench) => {
  const { channel: made } = await bench.web.conversations.create({ name: 'inc-6' });
  const channel = made?.id ?? '';
  await bench.web.conversations.invite({ channel, users: person(bench) });
  await bench.web.conversations.kick({ channel, user: person(bench) });
};
const mark = async (bench: Bench, path: string, more: Answer, again: boolean) => {
  const at = { user: 'dba', channel: 'incidents', ts: await said(bench), ...more };
  await bench.control('POST', path, at);
  if (again) await bench.control('DELETE', path, at);
};

/** For each event what makes Slack send it, and the scope it needs besides. */
const CAUSES: Readonly<Record<string, readonly [cause: Use, scope?: string]>> = {
  app_home_opened: [(bench) => bench.control('POST', 'home', { user: 'dba', wait_ms: 0 })],
  app_mention: [
    (bench) =>
      bench.control('POST', 'messages', { user: 'dba', channel: 'incidents', text: '@firebreak hi' }),
    'app_mentions:read',
  ],
  channel_archive: [(bench) => archived(bench, false, false), 'channels:read'],
  channel_rename: [(bench) => renamed(bench, false), 'channels:read'],
  channel_unarchive: [(bench) => archived(bench, false, true), 'channels:read'],
  group_archive: [(bench) => archived(bench, true, false), 'groups:read'],
  group_rename: [(bench) => renamed(bench, true), 'groups:read'],
  group_unarchive: [(bench) => archived(bench, true, true), 'groups:read'],
  member_joined_channel: [(bench) => bench.web.conversations.create({ name: 'inc-5' }), 'channels:read'],
  member_left_channel: [left, 'channels:read'],
  'message.channels': [(bench) => said(bench), 'channels:history'],
  'message.groups': [async (bench) => said(bench, await backRoom(bench)), 'groups:history'],
  pin_added: [(bench) => mark(bench, 'pins', {}, false), 'pins:read'],
  pin_removed: [(bench) => mark(bench, 'pins', {}, true), 'pins:read'],
  reaction_added: [(bench) => mark(bench, 'reactions', { name: 'eyes' }, false), 'reactions:read'],
  reaction_removed: [(bench) => mark(bench, 'reactions', { name: 'eyes' }, true), 'reactions:read'],
};

test('every event of the manifest has a cause', () => {
  expect([...botEvents].sort()).toEqual(Object.keys(CAUSES).sort());
});

const KINDS: Readonly<Record<string, string>> = { channel: 'message.channels', group: 'message.groups' };
const subscription = (event: Answer) =>
  event['type'] === 'message' ? (KINDS[String(event['channel_type'])] ?? '') : String(event['type']);

/** The events of a cause, by subscription; a pong comes after everything that was sent before it. */
async function eventsOf(bench: Bench, cause: Use): Promise<ReadonlySet<string>> {
  const { url = '' } = await client(bench.slack, bench.slack.appToken).apps.connections.open();
  const socket = new WebSocket(url);
  const events = new Set<string>();
  socket.on('message', (data: Buffer) => {
    const { payload } = JSON.parse(data.toString('utf8')) as { payload?: { event: Answer } };
    if (payload) events.add(subscription(payload.event));
  });
  await new Promise((resolve) => socket.once('message', resolve));
  await cause(bench);
  const pong = new Promise((resolve) => socket.once('pong', resolve));
  socket.ping();
  await pong;
  socket.close();
  return events;
}

async function eventsWithout(missing: string | undefined, cause: Use): Promise<ReadonlySet<string>> {
  const bench = await startBench(missing === undefined ? 'manifest.yml' : manifestWith({ without: missing }));
  const events = await eventsOf(bench, cause);
  await bench.stop();
  return events;
}

test.each(Object.entries(CAUSES))(
  '%s is sent, but not without its subscription or its scope',
  async (event, [cause, scope]) => {
    expect(await eventsWithout(undefined, cause)).toContain(event);
    expect(await eventsWithout(event, cause)).not.toContain(event);
    if (scope === undefined) return;
    const quiet = async (bench: Bench) => cause(bench).catch(() => undefined);
    expect(await eventsWithout(scope, quiet)).not.toContain(event);
  },
);
