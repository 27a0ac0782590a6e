/** Messages get onto the timeline as people mark them, through a real Bolt, the local Slack and the real store. */
import { timeOf } from '../../src/domain/slack-ts.ts';
import { standing } from '../../src/domain/timeline.ts';
import { type CaptureWorld, type Mark, openCaptureWorld } from './capture-support.ts';
import { inboxRows } from './support.ts';

let world: CaptureWorld;
beforeAll(async () => {
  world = await openCaptureWorld();
  await world.start();
});
afterAll(() => world.close());

const user = (name: string): string => world.slack.users[name] ?? name;

const MARKS: readonly Mark[] = ['reaction', 'pin', 'shortcut', 'mention'];
const WHERE: Readonly<Record<string, () => Promise<string>>> = {
  'a message': () => world.post('support', 'the page is empty'),
  'a reply in a thread': async () => {
    const parent = await world.post('oncall', 'who sees it?');
    await world.post('oncall', 'the first reply', { thread_ts: parent });
    return world.post('support', 'the page is empty', { thread_ts: parent });
  },
};
const CASES = MARKS.flatMap((mark) => Object.keys(WHERE).map((what) => [mark, what] as const)).filter(
  // A mention in a thread means the message above it.
  ([mark, what]) => mark !== 'mention' || what === 'a message',
);

describe.each(CASES)('a %s on %s', (mark, what) => {
  test('captures that message, at its own time, by its author, with its link and thread', async () => {
    const ts = await (WHERE[what] ?? fail)();
    await world.mark(mark, 'oncall', ts);
    await world.settled();
    const { permalink } = await world.client.chat.getPermalink({ channel: world.channel, message_ts: ts });
    expect(await world.rowOf(ts)).toMatchObject({
      at: timeOf(ts),
      actor: user('support'),
      text: 'the page is empty',
      link: permalink,
      details: { captured_by: user('oncall'), message: { channel: world.channel, ts } },
    });
  });

  test('captures what it says now, with what it said before', async () => {
    const ts = await (WHERE[what] ?? fail)();
    await world.edit('support', ts, 'the page is half empty');
    await world.mark(mark, 'oncall', ts);
    await world.edit('support', ts, 'the page is full again');
    await world.settled();
    expect(await world.rowOf(ts)).toMatchObject({
      text: 'the page is full again',
      earlier: [{ text: 'the page is empty' }, { text: 'the page is half empty' }],
    });
  });

  test('keeps what was captured when the message is deleted', async () => {
    const ts = await (WHERE[what] ?? fail)();
    await world.mark(mark, 'oncall', ts);
    await world.settled();
    await world.remove('support', ts);
    await world.settled();
    const row = await world.rowOf(ts);
    expect(row).toMatchObject({ text: 'the page is empty', deleted: { text: 'Deleted in Slack' } });
    expect(row?.struck).toBeUndefined();
  });

  test('of somebody without the right captures nothing', async () => {
    const ts = await (WHERE[what] ?? fail)();
    await world.mark(mark, 'viewer', ts);
    await world.settled();
    expect(await world.rowOf(ts)).toBeUndefined();
  });
});

describe.each(['reaction', 'pin'] as const)('a %s that is taken away', (mark) => {
  test('takes the entry back, and set again it counts again', async () => {
    const ts = await world.post('support', 'is it the cache?');
    await world.mark(mark, 'oncall', ts);
    await world.unmark(mark, 'oncall', ts);
    await world.settled();
    expect(await world.rowOf(ts)).toMatchObject({ struck: { by: user('oncall') }, text: 'is it the cache?' });
    await world.mark(mark, 'oncall', ts);
    await world.settled();
    expect((await world.rowOf(ts))?.struck).toBeUndefined();
  });

  test('leaves the entry while another mark stands', async () => {
    const ts = await world.post('support', 'it is the cache');
    await world.mark(mark, 'oncall', ts);
    await world.mark('shortcut', 'dba', ts);
    await world.unmark(mark, 'oncall', ts);
    await world.settled();
    expect((await world.rowOf(ts))?.struck).toBeUndefined();
  });
});

test('another emoji captures nothing', async () => {
  const ts = await world.post('support', 'thanks');
  await world.control('POST', 'reactions', { user: 'oncall', channel: world.channel, ts, name: 'tada' });
  await world.settled();
  expect(await world.rowOf(ts)).toBeUndefined();
});

test('a message that is only a file is captured by its name, and its facts', async () => {
  const files = [{ name: 'error.log', content: 'relation does not exist' }];
  const ts = await world.post('support', '', { files });
  await world.mark('reaction', 'oncall', ts);
  await world.settled();
  expect(await world.rowOf(ts)).toMatchObject({
    text: 'Shared error.log',
    details: { files: [{ name: 'error.log', type: 'text/plain', size: 23 }] },
  });
});

test('what the bot says itself is neither stored nor captured, whoever marks it', async () => {
  const { ts = '' } = await world.client.chat.postMessage({ channel: world.channel, text: 'I said it' });
  await world.mark('reaction', 'oncall', ts);
  await world.mark('pin', 'oncall', ts);
  const { responses } = await world.control<{ responses: { text?: string }[] }>('POST', 'shortcuts', {
    user: 'oncall',
    callback_id: 'add_to_timeline',
    channel: world.channel,
    ts,
  });
  expect(responses[0]?.text).toContain('on the timeline already');
  await world.settled();
  expect(await world.rowOf(ts)).toBeUndefined();
  const { rows } = await world.store.query('select from messages where ts = $1', [ts]);
  expect(rows).toEqual([]);
});

test('a bare `note` below what the bot says itself answers that it is there already', async () => {
  const { ts = '' } = await world.client.chat.postMessage({ channel: world.channel, text: 'I said it' });
  const theirs = await world.post('support', 'the page is empty');
  await world.mark('mention', 'oncall', ts);
  await world.settled();
  await world.mark('mention', 'oncall', theirs);
  await world.settled();
  const { channels } = await world.control<{
    channels: { id: string; ephemerals: { text: string; thread_ts?: string }[] }[];
  }>('GET', 'state');
  const answers = channels.find(({ id }) => id === world.channel)?.ephemerals ?? [];
  expect(answers.slice(-2).map(({ thread_ts, text }) => [thread_ts, text])).toEqual([
    [ts, 'Firebreak wrote this itself: what it says is on the timeline already.'],
    [theirs, 'Added to the timeline, at its own time.'],
  ]);
  expect((await world.store.query('select from marks where ts = $1', [ts])).rowCount).toBe(0);
});

test('the shortcut tells the person, and refuses in a channel that is no incident', async () => {
  const clip = async (channel: string, by: string): Promise<string | undefined> => {
    const { ts } = await world.control<{ ts: string }>('POST', 'messages', {
      user: 'support',
      channel,
      text: 'the page is empty',
    });
    const { responses } = await world.control<{ responses: { text?: string }[] }>('POST', 'shortcuts', {
      user: by,
      callback_id: 'add_to_timeline',
      channel,
      ts,
    });
    return responses[0]?.text;
  };
  expect(await clip(world.channel, 'oncall')).toBe('Added to the timeline, at its own time.');
  expect(await clip(world.channel, 'viewer')).toContain('respond');
  expect(await clip('general', 'oncall')).toContain('not that of an incident');
});

test('a note in a thread has the link of the thread', async () => {
  const parent = await world.post('support', 'the page is empty');
  await world.post('oncall', '@firebreak note users call us', { thread_ts: parent });
  await world.settled();
  const { permalink } = await world.client.chat.getPermalink({ channel: world.channel, message_ts: parent });
  const note = (await world.timeline()).find(({ text }) => text === 'users call us');
  expect(note).toMatchObject({ kind: 'note', link: permalink });
  expect(await world.rowOf(parent)).toBeUndefined();
});

test('every message is stored once, and the inbox keeps no word of it', async () => {
  await world.control('POST', 'deliveries', { kind: 'duplicate', times: 1 });
  const ts = await world.post('viewer', 'nobody marks this one');
  await world.settled();
  const { rows } = await world.store.query<{ text: string }>(
    'select text from message_revisions where ts = $1',
    [ts],
  );
  expect(rows).toEqual([{ text: 'nobody marks this one' }]);
  expect(JSON.stringify(await inboxRows(world))).not.toContain('nobody marks');
});

describe.each(['duplicate', 'delay', 'reorder'] as const)('deliveries with %s', (kind) => {
  test('end in the same rows', async () => {
    await world.control('POST', 'deliveries', { kind, times: 6, ms: 150 });
    const ts = await world.post('support', 'first');
    await world.mark('reaction', 'oncall', ts);
    await world.edit('support', ts, 'second');
    await world.mark('pin', 'dba', ts);
    await world.unmark('reaction', 'oncall', ts);
    await world.edit('support', ts, 'third');
    await world.unmark('pin', 'dba', ts);
    await new Promise((done) => setTimeout(done, 200));
    await world.settled();
    const rows = (await world.rows()).filter(({ details }) => JSON.stringify(details).includes(ts));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      at: timeOf(ts),
      text: 'third',
      earlier: [{ text: 'first' }, { text: 'second' }],
      struck: { by: user('dba') },
    });
    expect(standing(rows)).toEqual([]);
  });
});

function fail(): never {
  throw new Error('no such case');
}
