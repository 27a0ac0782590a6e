/** A whole incident through the local Slack with a real Bolt app. */
import type { App } from '@slack/bolt';
import { type Bench, channelOf, startApp, startBench } from './support.ts';

let bench: Bench;
let app: App;

beforeAll(async () => {
  bench = await startBench();
  app = await startApp(bench.slack, (bolt) => {
    bolt.command('/incident', async ({ ack, command, client, respond }) => {
      await ack({ text: `declaring ${command.text}` });
      const made = await client.conversations.create({ name: 'inc-1-orders' });
      const channel = made.channel?.id ?? '';
      await client.conversations.setTopic({ channel, topic: 'orders are down' });
      await client.conversations.invite({
        channel,
        users: [command.user_id, bench.slack.users['dba']].join(),
      });
      const posted = await client.chat.postMessage({
        channel,
        text: 'Incident 1',
        blocks: [
          {
            type: 'actions',
            elements: [
              {
                type: 'button',
                action_id: 'take',
                text: { type: 'plain_text', text: 'Take command' },
                value: 'commander',
              },
            ],
          },
        ],
      });
      await client.pins.add({ channel, timestamp: posted.ts ?? '' });
      await client.bookmarks.add({
        channel_id: channel,
        title: 'Runbook',
        type: 'link',
        link: 'https://example.com',
      });
      await respond('declared');
    });
    bolt.action('take', async ({ ack, body, client, respond }) => {
      await ack();
      if (body.type !== 'block_actions' || !body.channel || !body.message) return;
      await client.chat.update({
        channel: body.channel.id,
        ts: body.message.ts,
        text: `led by <@${body.user.id}>`,
      });
      await respond({ text: 'you lead', response_type: 'ephemeral' });
    });
  });
});

afterAll(async () => {
  await app.stop();
  await bench.stop();
});

test('a command declares an incident and the person sees every answer', async () => {
  const seen = await bench.act('commands', {
    user: 'oncall',
    channel: 'incidents',
    text: '/incident declare orders',
  });
  expect(seen.ack_ms).toEqual(expect.any(Number));
  expect(seen.responses.map(({ kind, text }) => [kind, text])).toEqual([
    ['ack', 'declaring declare orders'],
    ['response_url', 'declared'],
  ]);
  const channel = channelOf(await bench.state(), 'inc-1-orders');
  expect(channel.topic).toBe('orders are down');
  expect(channel.members).toEqual(
    expect.arrayContaining([bench.slack.users['oncall'], bench.slack.users['dba']]),
  );
  expect(channel.pins).toHaveLength(1);
  expect(channel.bookmarks).toEqual([expect.objectContaining({ title: 'Runbook' })]);
});

test('a click reaches the app with the message, and the update is seen in the channel', async () => {
  const { ts } =
    channelOf(await bench.state(), 'inc-1-orders').messages.find((one) => one.text === 'Incident 1') ?? {};
  const seen = await bench.act('actions', { user: 'dba', channel: 'inc-1-orders', ts, action_id: 'take' });
  expect(seen.responses).toEqual([
    expect.objectContaining({ kind: 'message', text: `led by <@${bench.slack.users['dba']}>`, ts }),
    expect.objectContaining({ kind: 'response_url', text: 'you lead' }),
  ]);
});

test('nobody listening: the person is told that the command failed', async () => {
  const lonely = await startBench();
  const seen = await lonely.act('commands', { user: 'oncall', channel: 'general', text: '/incident help' });
  await lonely.stop();
  expect(seen).toEqual({
    ack_ms: null,
    responses: [
      expect.objectContaining({
        kind: 'ephemeral',
        text: '/incident failed with the error "dispatch_failed"',
      }),
    ],
  });
});
