/** Each Web API method once through Slack's own client; the shapes of the answers are held against Slack's. */
import type { App } from '@slack/bolt';
import { manifestWith, removeManifests } from './manifest.ts';
import { methodsWithShape } from './shape-check.ts';
import { type Answer, type Bench, channelOf, client, errorOf, startApp, startBench } from './support.ts';

let bench: Bench;
let app: App;
let incidents: string;
let dba: string;
let trigger: string;

/** What the app itself does without. */
const MORE_SCOPES = [
  'canvases:read',
  'canvases:write',
  'channels:join',
  'emoji:read',
  'reactions:write',
  'team:read',
  'usergroups:write',
  'users.profile:read',
];

beforeAll(async () => {
  bench = await startBench(manifestWith({ scopes: MORE_SCOPES }));
  incidents = bench.slack.channels['incidents'] ?? '';
  dba = bench.slack.users['dba'] ?? '';
  app = await startApp(bench.slack, (bolt) => {
    bolt.command('/incident', async ({ ack, command }) => {
      trigger = command.trigger_id;
      await ack();
    });
    bolt.action('deeper', async ({ ack, body }) => {
      if ('trigger_id' in body) trigger = body.trigger_id;
      await ack();
    });
  });
});
afterAll(async () => {
  await app.stop();
  const { body } = await bench.control('GET', 'calls');
  const calls = body as unknown as readonly { method: string; answer: Answer }[];
  const worked = new Set(calls.filter(({ answer }) => answer['ok']).map(({ method }) => method));
  await bench.stop();
  removeManifests();
  // What no bot may do never works.
  expect(methodsWithShape.filter((method) => !worked.has(method))).toEqual(['conversations.unarchive']);
});

const web = () => bench.web;
const call = (method: string, args: Answer) =>
  bench.web.apiCall(method, args) as Promise<unknown> as Promise<Answer>;
const post = async (text: string, more: Answer = {}) =>
  String((await call('chat.postMessage', { channel: incidents, text, ...more }))['ts']);

test('the app knows itself, its team and the people', async () => {
  await client(bench.slack, bench.slack.appToken).apps.connections.open();
  expect(await web().auth.test()).toMatchObject({ team_id: 'T000SANDBOX' });
  expect(await web().team.info()).toMatchObject({ team: { domain: 'sandbox' } });
  expect(await web().bots.info()).toMatchObject({ bot: { name: 'firebreak' } });
  expect(await web().emoji.list()).toMatchObject({ emoji: {} });
  expect(await web().users.info({ user: dba })).toMatchObject({ user: { name: 'dba', is_bot: false } });
  expect(await web().users.profile.get({ user: dba })).toMatchObject({ profile: { display_name: 'dba' } });
  expect(await web().users.lookupByEmail({ email: 'dba@example.com' })).toMatchObject({ user: { id: dba } });
  expect(await errorOf(web().users.lookupByEmail({ email: 'x@example.com' }))).toMatchObject({
    error: 'users_not_found',
  });
  const first = await web().users.list({ limit: 4 });
  const cursor = first.response_metadata?.next_cursor ?? '';
  const second = await web().users.list({ limit: 4, cursor });
  expect([first, second].map(({ members }) => members?.length)).toEqual([4, 2]);
});

test('a user group has a handle that no one else has, and members', async () => {
  const { usergroups } = await web().usergroups.list({ include_users: true });
  expect(usergroups).toMatchObject([{ handle: 'dba-team', users: [dba] }]);
  const made = await web().usergroups.create({ name: 'On call', handle: 'on-call' });
  const usergroup = made.usergroup?.id ?? '';
  expect(await errorOf(web().usergroups.create({ name: 'Other', handle: 'dba' }))).toMatchObject({
    error: 'handle_already_exists',
  });
  await web().usergroups.update({ usergroup, description: 'who is awake' });
  await web().usergroups.users.update({ usergroup, users: `${dba},${bench.slack.users['oncall'] ?? ''}` });
  expect((await web().usergroups.users.list({ usergroup })).users).toHaveLength(2);
  expect(await errorOf(web().usergroups.users.update({ usergroup, users: 'U0NOBODY' }))).toMatchObject({
    error: 'invalid_users',
  });
  await web().usergroups.disable({ usergroup });
  expect((await web().usergroups.list()).usergroups).toHaveLength(1);
  await web().usergroups.enable({ usergroup });
  expect(await errorOf(web().usergroups.users.list({ usergroup: 'S0' }))).toMatchObject({
    error: 'no_such_subteam',
  });
});

test('a channel from its making to its archive', async () => {
  const { channel: made } = await web().conversations.create({ name: 'inc-1' });
  const channel = made?.id ?? '';
  await web().conversations.setTopic({ channel, topic: 'orders' });
  await web().conversations.setPurpose({ channel, purpose: 'find out' });
  expect(await errorOf(web().conversations.setTopic({ channel, topic: 'x'.repeat(251) }))).toMatchObject({
    error: 'too_long',
  });
  await web().conversations.rename({ channel, name: 'inc-1-orders' });
  await web().conversations.invite({ channel, users: dba });
  expect((await web().conversations.members({ channel })).members).toContain(dba);
  expect(await web().conversations.info({ channel, include_num_members: true })).toMatchObject({
    channel: { name: 'inc-1-orders', previous_names: ['inc-1'], topic: { value: 'orders' }, num_members: 2 },
  });
  await web().conversations.kick({ channel, user: dba });
  expect(await errorOf(web().conversations.kick({ channel, user: dba }))).toMatchObject({
    error: 'not_in_channel',
  });
  await web().conversations.archive({ channel });
  expect(await errorOf(web().conversations.invite({ channel, users: dba }))).toMatchObject({
    error: 'is_archived',
  });
  await bench.control('PATCH', 'channels', { user: 'dba', channel, archived: false });
  await web().conversations.leave({ channel });
  await web().conversations.join({ channel });
  const listed = await web().conversations.list({ types: 'public_channel,private_channel', limit: 2 });
  expect(listed.response_metadata?.next_cursor).not.toBe('');
  expect(await web().conversations.open({ users: dba, return_im: true })).toMatchObject({
    channel: { is_im: true, user: dba },
  });
});

test('a message is posted, changed, linked, answered and deleted', async () => {
  const ts = await post('one', { metadata: { event_type: 'effect', event_payload: { id: 'e1' } } });
  await post('two', { thread_ts: ts, reply_broadcast: true });
  await post('three', { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*three*' } }] });
  await web().chat.update({ channel: incidents, ts, text: 'one again' });
  expect((await web().chat.getPermalink({ channel: incidents, message_ts: ts })).permalink).toContain(
    ts.replace('.', ''),
  );
  const { messages } = await web().conversations.history({ channel: incidents, include_all_metadata: true });
  expect(messages?.map(({ text }) => text)).toEqual(['three', 'two', 'one again']);
  expect((await web().conversations.replies({ channel: incidents, ts })).messages).toHaveLength(2);
  await web().chat.postEphemeral({ channel: incidents, user: dba, text: 'psst' });
  await web().chat.delete({ channel: incidents, ts: messages?.[0]?.ts ?? '' });
  expect(await errorOf(web().chat.delete({ channel: incidents, ts: '1.1' }))).toMatchObject({
    error: 'message_not_found',
  });
});

test('a reply to a message that is gone lands in the channel; only what is no timestamp is refused', async () => {
  const lost = await call('chat.postMessage', {
    channel: incidents,
    text: 'x',
    thread_ts: '1700000000.000100',
  });
  expect(lost['message']).not.toHaveProperty('thread_ts');
  expect(await errorOf(post('x', { thread_ts: 'first' }))).toMatchObject({ error: 'invalid_thread_ts' });
});

test('a message with replies leaves a tombstone and keeps its thread', async () => {
  const ts = await post('parent');
  await post('reply', { thread_ts: ts });
  await web().chat.delete({ channel: incidents, ts });
  const { messages } = await web().conversations.replies({ channel: incidents, ts });
  expect(messages).toMatchObject([{ subtype: 'tombstone' }, { text: 'reply' }]);
});

test('pins, reactions and bookmarks', async () => {
  const timestamp = await post('mark me');
  const at = { channel: incidents, timestamp };
  await web().pins.add(at);
  await web().reactions.add({ ...at, name: 'eyes' });
  expect((await web().pins.list({ channel: incidents })).items).toHaveLength(1);
  expect(await web().reactions.get(at)).toMatchObject({ message: { reactions: [{ name: 'eyes' }] } });
  await web().reactions.remove({ ...at, name: 'eyes' });
  await web().pins.remove(at);
  const link = { title: 'Wiki', type: 'link', link: 'https://example.com' } as const;
  const { bookmark } = await web().bookmarks.add({ channel_id: incidents, ...link });
  const mark = { channel_id: incidents, bookmark_id: bookmark?.id ?? '' };
  await web().bookmarks.edit({ ...mark, title: 'Runbook' });
  expect((await web().bookmarks.list({ channel_id: incidents })).bookmarks).toHaveLength(1);
  await web().bookmarks.remove(mark);
});

test('a message for later is posted when its time has come, unless it was taken back', async () => {
  const inSeconds = (wait: number) => Math.floor(Date.now() / 1000) + wait;
  const plan = (wait: number) =>
    web().chat.scheduleMessage({ channel: incidents, text: `in ${wait}`, post_at: inSeconds(wait) });
  await plan(60);
  const far = await plan(100 * 24 * 3600);
  const id = far.scheduled_message_id ?? '';
  expect((await web().chat.scheduledMessages.list()).scheduled_messages).toHaveLength(2);
  await web().chat.deleteScheduledMessage({ channel: incidents, scheduled_message_id: id });
  expect(
    await errorOf(web().chat.deleteScheduledMessage({ channel: incidents, scheduled_message_id: id })),
  ).toMatchObject({ error: 'invalid_scheduled_message_id' });
  expect(await errorOf(plan(-5))).toMatchObject({ error: 'time_in_past' });
  expect(await errorOf(plan(121 * 24 * 3600))).toMatchObject({ error: 'time_too_far' });
  bench.slack.advanceClock(60_000);
  const { messages } = channelOf(await bench.state(), 'incidents');
  expect(messages.at(-1)).toMatchObject({ text: 'in 60' });
});

test('a canvas is the tab of its channel and is changed section by section', async () => {
  const markdown = '# Summary\nNothing known.\n\n# Next\nWait.';
  const document_content = { type: 'markdown' as const, markdown };
  const made = await web().conversations.canvases.create({ channel_id: incidents, document_content });
  const canvas_id = made.canvas_id ?? '';
  expect(await errorOf(web().conversations.canvases.create({ channel_id: incidents }))).toMatchObject({
    error: 'channel_canvas_already_exists',
  });
  const found = await web().canvases.sections.lookup({
    canvas_id,
    criteria: { contains_text: 'nothing known' },
  });
  const section_id = found.sections?.[0]?.id ?? '';
  const words = { type: 'markdown' as const, markdown: 'Orders are down.' };
  await web().canvases.edit({
    canvas_id,
    changes: [{ operation: 'replace', section_id, document_content: words }],
  });
  expect(channelOf(await bench.state(), 'incidents').canvas).toMatchObject({
    markdown: '# Summary\n\nOrders are down.\n\n# Next\n\nWait.',
  });
  expect(
    await errorOf(web().canvases.edit({ canvas_id, changes: [{ operation: 'delete', section_id: 'none' }] })),
  ).toMatchObject({ error: 'canvas_editing_failed' });
});

test('a file is uploaded in three steps and shown', async () => {
  const file = Buffer.from('select 1');
  await web().filesUploadV2({ channel_id: incidents, filename: 'fix.sql', file, initial_comment: 'the fix' });
  const [shared] = channelOf(await bench.state(), 'incidents').files;
  expect(await web().files.info({ file: String(shared?.['id']) })).toMatchObject({
    file: { name: 'fix.sql' },
  });
});

test('views are opened, pushed, updated and published', async () => {
  const plain = (text: string) => ({ type: 'plain_text' as const, text });
  const button = { type: 'button' as const, action_id: 'deeper', text: plain('Deeper') };
  const blocks = [{ type: 'actions' as const, elements: [button] }];
  const view = { type: 'modal' as const, title: plain('Form'), blocks };
  const home = { type: 'home' as const, blocks: [{ type: 'divider' as const }] };
  await bench.act('commands', { user: 'dba', channel: 'incidents', text: '/incident x' });
  const opened = await web().views.open({ trigger_id: trigger, view });
  await web().views.update({ view_id: opened.view?.id ?? '', view: { ...view, title: plain('Other') } });
  await web().views.publish({ user_id: dba, view: home });
  await bench.act('actions', { user: 'dba', view_id: opened.view?.id, action_id: 'deeper' });
  await web().views.push({ trigger_id: trigger, view });
  expect(await errorOf(web().views.push({ trigger_id: trigger, view }))).toMatchObject({
    error: 'exchanged_trigger_id',
  });
});

test.each([
  ['conversations.create', { name: 'inc-9', topik: 'x' }, '/topik]'],
  ['chat.postMessage', { channel: 'C0', text: 'x', thread: '1.1' }, '/thread]'],
  ['conversations.info', { channel: 'C0', include_members: true }, '/include_members]'],
])('%s with an argument that Slack does not know fails loudly', async (method, args, place) => {
  expect(await errorOf(call(method, args))).toMatchObject({
    error: 'invalid_arguments',
    response_metadata: { messages: [expect.stringContaining(place)] },
  });
});
