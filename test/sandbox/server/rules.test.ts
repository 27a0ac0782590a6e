/** The rules of the Web API, seen through Slack's own client. */
import { manifestWith, removeManifests } from './manifest.ts';
import { type Bench, channelOf, client, errorOf, startBench } from './support.ts';

let bench: Bench;
let incidents: string;

beforeEach(async () => {
  bench = await startBench(manifestWith({ scopes: ['reactions:write'] }));
  incidents = bench.slack.channels['incidents'] ?? '';
});
afterEach(() => bench.stop());
afterAll(removeManifests);

test('auth.test names the team and the bot; a wrong token is refused', async () => {
  expect(await bench.web.auth.test()).toMatchObject({ ok: true, team_id: 'T000SANDBOX', user: 'firebreak' });
  expect(await errorOf(client(bench.slack, 'xoxb-wrong').auth.test())).toMatchObject({
    error: 'invalid_auth',
  });
  expect(await errorOf(bench.web.apiCall('apps.connections.open'))).toMatchObject({
    error: 'not_allowed_token_type',
  });
});

test('JSON bodies are read like forms', async () => {
  const response = await fetch(`${bench.slack.url}/api/chat.postMessage`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bench.slack.botToken}`,
      'content-type': 'application/json; charset=utf-8',
    },
    body: JSON.stringify({ channel: incidents, text: 'hello', blocks: [{ type: 'divider' }] }),
  });
  expect(await response.json()).toMatchObject({
    ok: true,
    message: { text: 'hello', blocks: [{ type: 'divider' }] },
  });
});

test('an unknown method fails loudly', async () => {
  expect(await errorOf(bench.web.apiCall('chat.levitate'))).toMatchObject({ error: 'unknown_method' });
});

test('a method whose scope the manifest lacks is refused with what is needed', async () => {
  const answer = await errorOf(bench.web.conversations.join({ channel: incidents }));
  expect(answer).toMatchObject({
    error: 'missing_scope',
    needed: 'channels:join',
    provided: expect.stringContaining('chat:write') as string,
  });
});

test.each([
  ['', 'invalid_name_required'],
  ['Orders', 'invalid_name_specials'],
  ['a b', 'invalid_name_specials'],
  ['---', 'invalid_name_punctuation'],
  ['x'.repeat(81), 'invalid_name_maxlength'],
  ['incidents', 'name_taken'],
])('a channel cannot be called %p: %s', async (name, error) => {
  expect(await errorOf(bench.web.conversations.create({ name }))).toMatchObject({ error });
});

test('an archived channel keeps its name and takes no messages until a person opens it again', async () => {
  const { channel } = await bench.web.conversations.create({ name: 'inc-7' });
  const id = channel?.id ?? '';
  await bench.web.conversations.archive({ channel: id });
  expect(await errorOf(bench.web.conversations.archive({ channel: id }))).toMatchObject({
    error: 'already_archived',
  });
  expect(await errorOf(bench.web.chat.postMessage({ channel: id, text: 'x' }))).toMatchObject({
    error: 'is_archived',
  });
  expect(await errorOf(bench.web.conversations.create({ name: 'inc-7' }))).toMatchObject({
    error: 'name_taken',
  });
  // Slack lets no bot do it.
  expect(await errorOf(bench.web.conversations.unarchive({ channel: id }))).toMatchObject({
    error: 'not_in_channel',
  });
  const back = { user: 'dba', channel: 'inc-7', archived: false };
  expect(await bench.control('PATCH', 'channels', back)).toMatchObject({ status: 200 });
  expect(await bench.control('PATCH', 'channels', back)).toMatchObject({ status: 409 });
  await bench.web.chat.postMessage({ channel: id, text: 'back' });
});

test('a channel the bot is not in can be seen but not written to; a private one cannot be seen', async () => {
  const open = await bench.control('POST', 'channels', { user: 'dba', name: 'db-team' });
  const closed = await bench.control('POST', 'channels', { user: 'dba', name: 'secrets', is_private: true });
  const post = (channel: unknown) =>
    errorOf(bench.web.chat.postMessage({ channel: String(channel), text: 'x' }));
  expect(await bench.web.conversations.info({ channel: String(open.body['id']) })).toMatchObject({
    channel: { is_member: false },
  });
  expect(await post(open.body['id'])).toMatchObject({ error: 'not_in_channel' });
  expect(await post(closed.body['id'])).toMatchObject({ error: 'channel_not_found' });
  expect(await errorOf(bench.web.conversations.history({ channel: String(open.body['id']) }))).toMatchObject({
    error: 'not_in_channel',
  });
});

test('an invitation with one wrong user stops, with force the others come in', async () => {
  const { channel } = await bench.web.conversations.create({ name: 'inc-8' });
  const call = { channel: channel?.id ?? '', users: `${bench.slack.users['dba']},U0NOBODY` };
  expect(await errorOf(bench.web.conversations.invite(call))).toMatchObject({
    error: 'user_not_found',
    errors: [{ user: 'U0NOBODY', ok: false, error: 'user_not_found' }],
  });
  expect(channelOf(await bench.state(), 'inc-8').members).not.toContain(bench.slack.users['dba']);
  expect(await bench.web.conversations.invite({ ...call, force: true })).toMatchObject({
    ok: true,
    errors: [{ user: 'U0NOBODY' }],
  });
  expect(channelOf(await bench.state(), 'inc-8').members).toContain(bench.slack.users['dba']);
  const again = bench.web.conversations.invite({
    channel: call.channel,
    users: bench.slack.users['dba'] ?? '',
  });
  expect(await errorOf(again)).toMatchObject({ error: 'already_in_channel' });
});

test('a deactivated user cannot be invited or written to, the others of the invitation come in', async () => {
  await bench.control('PATCH', 'users', { name: 'viewer', deactivated: true });
  const { channel } = await bench.web.conversations.create({ name: 'inc-9' });
  const users = [bench.slack.users['viewer'], bench.slack.users['dba']].join();
  expect(await errorOf(bench.web.conversations.invite({ channel: channel?.id ?? '', users }))).toMatchObject({
    ok: false,
  });
  expect(channelOf(await bench.state(), 'inc-9').members).toContain(bench.slack.users['dba']);
  expect(
    await errorOf(bench.web.conversations.open({ users: bench.slack.users['viewer'] ?? '' })),
  ).toMatchObject({ error: 'user_disabled' });
  expect(await bench.web.users.info({ user: bench.slack.users['viewer'] ?? '' })).toMatchObject({
    user: { deleted: true },
  });
  expect(
    (await bench.control('POST', 'messages', { user: 'viewer', channel: 'general', text: 'x' })).status,
  ).toBe(403);
});

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
test.each([
  ['too many blocks', Array.from({ length: 51 }, () => ({ type: 'divider' })), '/blocks]'],
  ['a long section', [section('x'.repeat(3001))], '/blocks/0/text/text]'],
  [
    'a long header',
    [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }],
    '/blocks/0/text/text]',
  ],
  ['an unknown type', [{ type: 'hologram' }], '/blocks/0/type]'],
  ['an empty text', [section('')], '/blocks/0/text/text]'],
  [
    'too many buttons',
    [
      {
        type: 'actions',
        elements: Array.from({ length: 26 }, () => ({
          type: 'button',
          action_id: 'a',
          text: { type: 'plain_text', text: 'b' },
        })),
      },
    ],
    '/blocks/0/elements]',
  ],
  ['a field that a block does not have', [{ ...section('x'), colour: 'red' }], '/blocks/0/colour]'],
  [
    'a text input among buttons',
    [{ type: 'actions', elements: [{ type: 'plain_text_input', action_id: 'a' }] }],
    '/blocks/0/elements/0/type]',
  ],
  [
    'a second table',
    Array.from({ length: 2 }, () => ({ type: 'table', rows: [[{ type: 'raw_text', text: 'x' }]] })),
    '/blocks]',
  ],
  [
    'too much markdown in all',
    Array.from({ length: 2 }, () => ({ type: 'markdown', text: 'x'.repeat(6001) })),
    '/blocks]',
  ],
  [
    'two blocks of one id',
    [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ],
    '/blocks/1/block_id]',
  ],
])('%s is refused with the place of the fault', async (_what, blocks, place) => {
  const answer = await errorOf(
    bench.web.apiCall('chat.postMessage', { channel: incidents, text: 'x', blocks }),
  );
  expect(answer).toMatchObject({
    error: 'invalid_blocks',
    response_metadata: { messages: [expect.stringContaining(place)] },
  });
});

test('a message needs text and not too much of it', async () => {
  expect(await errorOf(bench.web.chat.postMessage({ channel: incidents, text: '' }))).toMatchObject({
    error: 'no_text',
  });
  const long = bench.web.chat.postMessage({ channel: incidents, text: 'x'.repeat(40_001) });
  expect(await errorOf(long)).toMatchObject({ error: 'msg_too_long' });
});

test('history has top-level messages, newest first, in pages, with metadata on request', async () => {
  const metadata = { event_type: 'effect', event_payload: { id: 'e1' } };
  const first = await bench.web.chat.postMessage({ channel: incidents, text: 'one', metadata });
  await bench.web.chat.postMessage({ channel: incidents, text: 'in thread', thread_ts: first.ts ?? '' });
  await bench.web.chat.postMessage({ channel: incidents, text: 'two' });
  const page = await bench.web.conversations.history({ channel: incidents, limit: 1 });
  expect(page).toMatchObject({ has_more: true, messages: [{ text: 'two' }] });
  const rest = await bench.web.conversations.history({
    channel: incidents,
    cursor: page.response_metadata?.next_cursor ?? '',
    include_all_metadata: true,
  });
  expect(rest).toMatchObject({ has_more: false, messages: [{ text: 'one', reply_count: 1, metadata }] });
  expect((await bench.web.conversations.history({ channel: incidents })).messages?.[1]).not.toHaveProperty(
    'metadata',
  );
  const thread = await bench.web.conversations.replies({ channel: incidents, ts: first.ts ?? '' });
  expect(thread.messages?.map(({ text }) => text)).toEqual(['one', 'in thread']);
  const since = { channel: incidents, oldest: first.ts ?? '' };
  expect((await bench.web.conversations.history(since)).messages).toHaveLength(1);
  expect((await bench.web.conversations.history({ ...since, inclusive: true })).messages).toHaveLength(2);
});

test('a pin, a reaction and a bookmark are set once and taken away', async () => {
  const { ts = '' } = await bench.web.chat.postMessage({ channel: incidents, text: 'x' });
  const at = { channel: incidents, timestamp: ts };
  await bench.web.pins.add(at);
  expect(await errorOf(bench.web.pins.add(at))).toMatchObject({ error: 'already_pinned' });
  expect((await bench.web.pins.list({ channel: incidents })).items).toHaveLength(1);
  await bench.web.pins.remove(at);
  expect(await errorOf(bench.web.pins.remove(at))).toMatchObject({ error: 'no_pin' });
  await bench.web.reactions.add({ ...at, name: 'eyes' });
  expect(await errorOf(bench.web.reactions.add({ ...at, name: 'eyes' }))).toMatchObject({
    error: 'already_reacted',
  });
  expect(await bench.web.reactions.get(at)).toMatchObject({
    message: { reactions: [{ name: 'eyes', count: 1 }] },
  });
  const made = await bench.web.bookmarks.add({
    channel_id: incidents,
    title: 'Wiki',
    type: 'link',
    link: 'https://example.com',
  });
  const mark = { channel_id: incidents, bookmark_id: made.bookmark?.id ?? '' };
  await bench.web.bookmarks.edit({ ...mark, title: 'Runbook' });
  expect(await bench.web.bookmarks.list({ channel_id: incidents })).toMatchObject({
    bookmarks: [{ title: 'Runbook' }],
  });
  await bench.web.bookmarks.remove(mark);
  expect((await bench.web.bookmarks.list({ channel_id: incidents })).bookmarks).toEqual([]);
});

test('only its own messages can be changed by the bot', async () => {
  const { body } = await bench.control('POST', 'messages', {
    user: 'dba',
    channel: 'incidents',
    text: 'mine',
  });
  const ts = String(body['ts']);
  expect(await errorOf(bench.web.chat.update({ channel: incidents, ts, text: 'x' }))).toMatchObject({
    error: 'cant_update_message',
  });
  expect(await errorOf(bench.web.chat.delete({ channel: incidents, ts }))).toMatchObject({
    error: 'cant_delete_message',
  });
});

test('an ephemeral is seen by one person and is in no history', async () => {
  const user = bench.slack.users['dba'] ?? '';
  await bench.web.chat.postEphemeral({ channel: incidents, user, text: 'psst' });
  expect(channelOf(await bench.state('dba'), 'incidents').ephemerals).toEqual([
    expect.objectContaining({ text: 'psst' }),
  ]);
  expect(channelOf(await bench.state('oncall'), 'incidents').ephemerals).toEqual([]);
  expect((await bench.web.conversations.history({ channel: incidents })).messages).toEqual([]);
});

test('a post to a person opens the direct message with them', async () => {
  const user = bench.slack.users['dba'] ?? '';
  const posted = await bench.web.chat.postMessage({ channel: user, text: 'wake up' });
  const opened = await bench.web.conversations.open({ users: user });
  expect(posted.channel).toBe(opened.channel?.id);
  expect(channelOf(await bench.state(), 'dm-dba').messages).toEqual([
    expect.objectContaining({ text: 'wake up' }),
  ]);
});

test('a file is uploaded, shared and read back', async () => {
  await bench.web.filesUploadV2({
    channel_id: incidents,
    filename: 'postmortem.md',
    title: 'Postmortem',
    file: Buffer.from('# What happened'),
  });
  const [file] = channelOf(await bench.state(), 'incidents').files;
  expect(file).toMatchObject({
    name: 'postmortem.md',
    title: 'Postmortem',
    size: 15,
    content: '# What happened',
  });
  const { file: info } = await bench.web.files.info({ file: String(file?.['id']) });
  const read = (token: string) =>
    fetch(info?.url_private ?? '', { headers: { authorization: `Bearer ${token}` } });
  expect(await (await read(bench.slack.botToken)).text()).toBe('# What happened');
  expect((await read('nobody')).status).toBe(403);
});
