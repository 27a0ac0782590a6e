/** What the app is told: events by subscription and membership, through one connection, again when not acked. */
import type { App } from '@slack/bolt';
import { type Answer, type Bench, eventually, startApp, startBench } from './support.ts';

let bench: Bench;
let app: App;
let events: Answer[];

beforeEach(async () => {
  events = [];
  bench = await startBench();
  app = await startApp(bench.slack, (bolt) => {
    bolt.use(async ({ body, next }) => {
      const { event, event_id } = body as { event?: Answer; event_id?: string };
      if (event) events.push({ ...event, event_id });
      await next();
    });
  });
});
afterEach(async () => {
  await app.stop();
  await bench.stop();
});

const say = async (text: string, more: Answer = {}) => {
  const { body } = await bench.control('POST', 'messages', {
    user: 'dba',
    channel: 'incidents',
    text,
    ...more,
  });
  return String(body['ts']);
};
const arrived = (type: string, subtype?: string) =>
  events.find((event) => event['type'] === type && event['subtype'] === subtype);
const arrives = (type: string, subtype?: string) =>
  eventually(() => arrived(type, subtype) !== undefined, `${type} ${subtype ?? ''}`);

test('a message is told, edited and deleted as Slack tells it', async () => {
  const ts = await say('hello @oncall');
  await arrives('message');
  expect(arrived('message')).toMatchObject({
    user: bench.slack.users['dba'],
    text: `hello <@${bench.slack.users['oncall']}>`,
    ts,
    channel_type: 'channel',
  });
  await bench.control('PATCH', `messages/incidents/${ts}`, { user: 'dba', text: 'hello all' });
  await arrives('message', 'message_changed');
  expect(arrived('message', 'message_changed')).toMatchObject({
    message: { text: 'hello all', ts, edited: { user: bench.slack.users['dba'] } },
    previous_message: { ts },
  });
  await bench.control('DELETE', `messages/incidents/${ts}`, { user: 'dba' });
  await arrives('message', 'message_deleted');
  expect(arrived('message', 'message_deleted')).toMatchObject({
    deleted_ts: ts,
    previous_message: { text: 'hello all' },
  });
});

test('reactions, pins and mentions are told', async () => {
  const ts = await say('@firebreak note this');
  await arrives('app_mention');
  const at = { user: 'oncall', channel: 'incidents', ts };
  await bench.control('POST', 'reactions', { ...at, name: 'eyes' });
  await bench.control('DELETE', 'reactions', { ...at, name: 'eyes' });
  await bench.control('POST', 'pins', at);
  await bench.control('DELETE', 'pins', at);
  await arrives('pin_removed');
  expect(arrived('reaction_added')).toMatchObject({
    reaction: 'eyes',
    item: { type: 'message', ts },
    item_user: bench.slack.users['dba'],
  });
  expect(arrived('reaction_removed')).toMatchObject({ reaction: 'eyes' });
  expect(arrived('pin_added')).toMatchObject({
    channel_id: bench.slack.channels['incidents'],
    item: { message: { ts } },
  });
});

test('acting in a public channel joins it first; a private one stays closed', async () => {
  await bench.web.conversations.create({ name: 'inc-1' });
  await say('let me see', { channel: 'inc-1' });
  await eventually(
    () =>
      events.some(
        (event) => event['type'] === 'member_joined_channel' && event['user'] === bench.slack.users['dba'],
      ),
    'joined',
  );
  await bench.web.conversations.create({ name: 'inc-2', is_private: true });
  const answer = await bench.control('POST', 'messages', { user: 'dba', channel: 'inc-2', text: 'x' });
  expect(answer).toMatchObject({ status: 403, body: { error: 'not_in_channel' } });
});

test('archive, unarchive and rename of a channel are told', async () => {
  const { channel } = await bench.web.conversations.create({ name: 'inc-3' });
  const id = channel?.id ?? '';
  await bench.web.conversations.rename({ channel: id, name: 'inc-3-orders' });
  await bench.web.conversations.archive({ channel: id });
  await bench.control('PATCH', 'channels', { user: 'dba', channel: id, archived: false });
  await arrives('channel_unarchive');
  expect(arrived('channel_rename')).toMatchObject({ channel: { id, name: 'inc-3-orders' } });
  expect(arrived('channel_archive')).toMatchObject({
    channel: id,
    user: bench.slack.users['firebreak'],
  });
  expect(arrived('channel_unarchive')).toMatchObject({ channel: id, user: bench.slack.users['dba'] });
});

test('what happens where the bot is not is not told', async () => {
  await bench.control('POST', 'channels', { user: 'dba', name: 'elsewhere' });
  await say('not for the bot', { channel: 'elsewhere' });
  await say('for the bot');
  await arrives('message');
  expect(events.map((event) => event['text'])).not.toContain('not for the bot');
});

test('a duplicated delivery brings the same event twice, a reordered one after its successor', async () => {
  await bench.control('POST', 'deliveries', { kind: 'duplicate', times: 1 });
  await say('twice');
  await eventually(() => events.length === 2, 'two deliveries');
  expect(events[0]?.['event_id']).toBe(events[1]?.['event_id']);
  await bench.control('POST', 'deliveries', { kind: 'reorder', times: 1, ms: 60_000 });
  await say('first');
  await say('second');
  await eventually(() => events.length === 4, 'both');
  expect(events.slice(2).map((event) => event['text'])).toEqual(['second', 'first']);
});

test('a delayed delivery comes when the clock gets there', async () => {
  await bench.control('POST', 'deliveries', { kind: 'delay', times: 1, ms: 60_000 });
  await say('late');
  await say('now');
  await eventually(() => events.length === 1, 'the second message');
  bench.slack.advanceClock(60_000);
  await eventually(() => events.length === 2, 'the first message');
  expect(events.map((event) => event['text'])).toEqual(['now', 'late']);
});

test('after a refresh the app is connected again and misses nothing', async () => {
  await bench.control('POST', 'deliveries', { kind: 'disconnect', times: 1 });
  await say('in between');
  await arrives('message');
  expect(arrived('message')).toMatchObject({ text: 'in between' });
});
