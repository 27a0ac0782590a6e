/** Each kind of event and interaction once through Bolt; the shapes of all are held against Slack's. */
import type { App, BlockAction } from '@slack/bolt';
import { manifestWith, removeManifests } from './manifest.ts';
import { eventsWithShape } from './shape-check.ts';
import { type Answer, type Bench, eventually, startApp, startBench } from './support.ts';

let bench: Bench;
let app: App;
let people: Readonly<Record<string, string>>;
const events: Answer[] = [];
const clicks: BlockAction[] = [];
const closed: { id: string; cleared: unknown }[] = [];

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const option = (value: string) => ({ text: plain(value), value });
const options = ['red', 'green', 'blue'].map(option);
const menus = {
  type: 'actions' as const,
  block_id: 'menus',
  elements: [
    { type: 'static_select' as const, action_id: 'colour', options },
    { type: 'external_select' as const, action_id: 'table', min_query_length: 0 },
    { type: 'multi_static_select' as const, action_id: 'many', options },
    { type: 'users_select' as const, action_id: 'who' },
    { type: 'overflow' as const, action_id: 'more', options },
    { type: 'button' as const, action_id: 'go', text: plain('Go'), value: 'now', style: 'danger' as const },
  ],
};
const modal = (title: string) => ({
  type: 'modal' as const,
  callback_id: 'form',
  notify_on_close: true,
  title: plain(title),
  submit: plain('Send'),
  blocks: [menus],
});

beforeAll(async () => {
  const more = [...eventsWithShape.filter((name) => name !== 'message'), 'message.im'];
  bench = await startBench(manifestWith({ events: more }));
  people = bench.slack.users;
  app = await startApp(bench.slack, (bolt) => {
    bolt.use(async ({ body, next }) => {
      const { event } = body as { event?: Answer };
      if (event) events.push({ ...event, external: (body as Answer)['is_ext_shared_channel'] });
      await next();
    });
    bolt.command('/incident', async ({ ack, command, client }) => {
      await ack();
      if (command.text === 'form')
        await client.views.open({ trigger_id: command.trigger_id, view: modal('One') });
    });
    bolt.action(/.*/, async ({ ack, body }) => {
      clicks.push(body as BlockAction);
      await ack();
    });
    bolt.options('table', async ({ ack, payload }) => {
      await ack({ options: [option(`${payload.value}_status`)] });
    });
    bolt.view('form', async ({ ack }) => {
      await ack({ response_action: 'clear' });
    });
    bolt.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body }) => {
      closed.push({ id: body.view.id, cleared: (body as unknown as Answer)['is_cleared'] });
      await ack();
    });
    bolt.shortcut(/.*/, async ({ ack }) => ack());
  });
});
afterAll(async () => {
  await app.stop();
  await bench.stop();
  removeManifests();
  const kinds = new Set(events.map((event) => event['type']));
  expect(eventsWithShape.filter((name) => !kinds.has(name))).toEqual([]);
});

const control = (method: string, path: string, body: Answer) => bench.control(method, path, body);
const seen = (type: string, of: Answer = {}) =>
  events.some(
    (event) => event['type'] === type && Object.entries(of).every(([key, value]) => event[key] === value),
  );
const arrives = (type: string, of: Answer = {}) =>
  eventually(() => seen(type, of), `${type} ${JSON.stringify(of)}`);
const say = async (text: string, more: Answer = {}) =>
  String(
    (await control('POST', 'messages', { user: 'dba', channel: 'incidents', text, ...more })).body['ts'],
  );

test('what people say, mark and share', async () => {
  const ts = await say('@firebreak look at #general, @oncall and @dba-team');
  await arrives('app_mention');
  expect(events.find((event) => event['ts'] === ts)).toMatchObject({
    text: expect.stringContaining('<!subteam^S000DBATEAM>') as string,
  });
  await say('reply', { thread_ts: ts });
  const at = { user: 'oncall', channel: 'incidents', ts };
  for (const [method, path] of [
    ['POST', 'pins'],
    ['DELETE', 'pins'],
  ] as const)
    await control(method, path, at);
  for (const method of ['POST', 'DELETE']) await control(method, 'reactions', { ...at, name: 'eyes' });
  await control('PATCH', `messages/incidents/${ts}`, { user: 'dba', text: 'look' });
  await control('DELETE', `messages/incidents/${ts}`, { user: 'dba' });
  await control('DELETE', `messages/incidents/${await say('never mind')}`, { user: 'dba' });
  await say('the log', { files: [{ name: 'error.log', content: 'boom' }] });
  await say('only for you', { channel: 'dm-dba' });
  await arrives('file_shared');
  await arrives('message', { channel_type: 'im' });
  expect(seen('message', { subtype: 'message_deleted' })).toBe(true);
});

test.each([
  ['public', false],
  ['private', true],
])('the life of a %s channel', async (kind, is_private) => {
  const { channel: made } = await bench.web.conversations.create({ name: `life-${kind}`, is_private });
  const channel = made?.id ?? '';
  await bench.web.conversations.invite({ channel, users: people['dba'] ?? '' });
  await bench.web.conversations.setTopic({ channel, topic: 'x' });
  await bench.web.conversations.setPurpose({ channel, purpose: 'x' });
  await bench.web.conversations.rename({ channel, name: `past-${kind}` });
  await bench.web.conversations.kick({ channel, user: people['dba'] ?? '' });
  await bench.web.conversations.invite({ channel, users: people['dba'] ?? '' });
  await bench.web.conversations.archive({ channel });
  await bench.control('PATCH', 'channels', { user: 'dba', channel, archived: false });
  await arrives(is_private ? 'group_unarchive' : 'channel_unarchive');
});

test('people and groups come and change', async () => {
  await control('POST', 'users', { name: 'newcomer' });
  await control('PATCH', 'users', { name: 'newcomer', kind: 'guest' });
  await control('POST', 'usergroups', { name: 'Web team', handle: 'web-team', users: ['support'] });
  await control('PATCH', 'usergroups', { handle: 'web-team', users: ['newcomer', 'oncall'] });
  await control('POST', 'home', { user: 'dba', wait_ms: 100 });
  await arrives('subteam_members_changed', { added_users_count: 2 });
  await arrives('app_home_opened');
});

test('a guest sees only where they were invited; a channel with a stranger in it is shared', async () => {
  await control('POST', 'users', { name: 'visitor', kind: 'guest' });
  await control('POST', 'users', { name: 'partner', kind: 'foreign' });
  for (const user of ['visitor', 'partner']) {
    const message = { user, channel: 'incidents', text: `I am ${user}` };
    expect(await control('POST', 'messages', message)).toMatchObject({ status: 403 });
    await control('POST', 'members', { user, channel: 'incidents', by: 'dba' });
    expect(await control('POST', 'messages', message)).toMatchObject({ status: 200 });
  }
  await arrives('message', { text: 'I am partner', user_team: 'T000FOREIGN', external: true });
  const command = { user: 'partner', channel: 'incidents', text: '/incident help' };
  expect(await control('POST', 'commands', command)).toMatchObject({
    status: 403,
    body: { error: 'foreign_user' },
  });
});

const post = async () =>
  (
    await bench.web.chat.postMessage({
      channel: bench.slack.channels['incidents'] ?? '',
      text: 'x',
      blocks: [menus],
    })
  ).ts ?? '';
const click = (ts: string, action_id: string, value?: unknown, user = 'dba') =>
  bench.act('actions', { user, channel: 'incidents', ts, action_id, value, wait_ms: 1000 });

test('a click carries what the person chose before, until the blocks change', async () => {
  const ts = await post();
  await click(ts, 'colour', 'red');
  await click(ts, 'many', ['red', 'blue']);
  await click(ts, 'who', people['oncall']);
  await click(ts, 'more', 'blue');
  await click(ts, 'go');
  expect(clicks.at(-1)?.state?.values).toMatchObject({
    menus: { colour: { selected_option: { value: 'red' } }, who: { selected_user: people['oncall'] } },
  });
  await click(ts, 'go', undefined, 'oncall');
  expect(clicks.at(-1)?.state?.values).toMatchObject({ menus: { colour: { selected_option: null } } });
});

test('an external menu asks the app for its options', async () => {
  const ask = { user: 'dba', channel: 'incidents', ts: await post(), action_id: 'table', value: 'order' };
  expect((await control('POST', 'suggestions', ask)).body).toMatchObject({
    options: [{ value: 'order_status' }],
  });
  expect(await control('POST', 'suggestions', { ...ask, action_id: 'colour' })).toMatchObject({
    status: 400,
  });
});

test('a form that is sent and answered with clear is told of as closed', async () => {
  const opened = await bench.act('commands', { user: 'dba', channel: 'incidents', text: '/incident form' });
  const view_id = opened.responses.find(({ kind }) => kind === 'view')?.view?.['id'];
  await bench.act('actions', { user: 'dba', view_id, action_id: 'colour', value: 'green', wait_ms: 1000 });
  await bench.act('views/submit', { user: 'dba', view_id, values: {} });
  await eventually(() => closed.length === 1, 'view_closed');
  expect(closed).toEqual([{ id: view_id, cleared: true }]);
});

test('shortcuts, global and on a message', async () => {
  await bench.act('shortcuts', { user: 'dba', callback_id: 'declare_incident' });
  const on = { channel: 'incidents', ts: await say('this one') };
  const done = await bench.act('shortcuts', { user: 'dba', callback_id: 'add_to_timeline', ...on });
  expect(done.ack_ms).toEqual(expect.any(Number));
});
