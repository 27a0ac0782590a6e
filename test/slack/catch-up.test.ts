/** What happened while the bot was down, as it stands once it is back; marks and files that need Slack. */
import { createHash } from 'node:crypto';
import { timeOf } from '../../src/domain/slack-ts.ts';
import { eventually } from '../support/eventually.ts';
import { type CaptureWorld, openCaptureWorld } from './capture-support.ts';

let world: CaptureWorld;
let stopWork: () => Promise<void>;
beforeEach(async () => {
  world = await openCaptureWorld();
  await world.start();
  stopWork = world.work();
  await eventually(async () => (await world.store.query('select from presence')).rowCount);
});
afterEach(async () => {
  await stopWork();
  await world.close();
});

const user = (name: string): string => world.slack.users[name] ?? name;

/** The bot and its workers are gone for a while, in which this happens. */
async function whileAway(happens: () => Promise<void>): Promise<void> {
  await world.settled();
  await stopWork();
  await world.stop();
  await world.pass(60_000);
  await happens();
  await world.pass(60_000);
  await world.start();
  stopWork = world.work();
  await caughtUp();
}

const caughtUp = (): Promise<unknown> =>
  eventually(async () => {
    const { rows } = await world.store.query<{ open: number; all: number }>(
      'select count(*) filter (where done_at is null) as open, count(*) as all from catch_ups',
    );
    return rows[0] && rows[0].all > 0 && rows[0].open === 0;
  });

const gaps = async (): Promise<readonly unknown[]> =>
  (await world.timeline()).filter(({ kind }) => kind === 'gap');

describe('what happened while the bot was down', () => {
  test('messages and replies are stored at their own time, and those that were marked are captured', async () => {
    const old = await world.post('support', 'said before');
    const captured = await world.post('oncall', 'the first sign');
    await world.mark('reaction', 'oncall', captured);
    let reply = '';
    let loud = '';
    await whileAway(async () => {
      reply = await world.post('support', 'nobody heard this', { thread_ts: old });
      loud = await world.post('dba', 'nor this');
      await world.mark('reaction', 'commander', reply);
      await world.mark('pin', 'commander', loud);
      await world.mark('reaction', 'viewer', old);
    });
    expect(await world.rowOf(reply)).toMatchObject({
      at: timeOf(reply),
      actor: user('support'),
      text: 'nobody heard this',
      details: { captured_by: user('commander'), message: { thread: old } },
    });
    expect(await world.rowOf(loud)).toMatchObject({ text: 'nor this', actor: user('dba') });
    expect(await world.rowOf(old)).toBeUndefined();
    expect(await gaps()).toMatchObject([
      {
        actor: 'firebreak',
        text: expect.stringMatching(
          /^Nothing was heard .* \(2 min.*\); 2 messages of that time were/,
        ) as string,
        details: { messages: 2 },
      },
    ]);
  });

  test('edits, deletions, and marks that were taken away show on the entries', async () => {
    const edited = await world.post('support', 'twelve orders');
    const removed = await world.post('support', 'thirteen orders');
    const unmarked = await world.post('support', 'is it the cache?');
    const thread = await world.post('support', 'a thread');
    const reply = await world.post('support', 'a reply', { thread_ts: thread });
    const pinned = await world.post('support', 'pinned');
    for (const ts of [edited, removed, unmarked, reply]) await world.mark('reaction', 'oncall', ts);
    await world.mark('pin', 'oncall', pinned);
    await whileAway(async () => {
      await world.edit('support', edited, 'twelve thousand orders');
      await world.remove('support', removed);
      await world.unmark('reaction', 'oncall', unmarked);
      await world.remove('support', reply);
      await world.unmark('pin', 'oncall', pinned);
    });
    expect(await world.rowOf(edited)).toMatchObject({
      text: 'twelve thousand orders',
      earlier: [{ text: 'twelve orders' }],
    });
    expect(await world.rowOf(removed)).toMatchObject({ text: 'thirteen orders', deleted: {} });
    expect(await world.rowOf(reply)).toMatchObject({ text: 'a reply', deleted: {} });
    expect(await world.rowOf(unmarked)).toMatchObject({ struck: { by: user('oncall') } });
    expect(await world.rowOf(pinned)).toMatchObject({ struck: {} });
    expect((await world.rowOf(edited))?.struck).toBeUndefined();
  });

  test('a thread that was deleted as a whole shows as deleted, and the rest is read', async () => {
    const thread = await world.post('support', 'a thread');
    const reply = await world.post('support', 'a reply', { thread_ts: thread });
    await world.mark('reaction', 'oncall', reply);
    await whileAway(async () => {
      await world.remove('support', reply);
      await world.remove('support', thread);
    });
    expect(await world.rowOf(reply)).toMatchObject({ text: 'a reply', deleted: {} });
    expect(await gaps()).toHaveLength(1);
  });

  test('a short absence is no gap', async () => {
    await stopWork();
    await world.stop();
    await world.pass(20_000);
    await world.start();
    stopWork = world.work();
    await new Promise((done) => setTimeout(done, 300));
    expect((await world.store.query('select from gaps')).rowCount).toBe(0);
  });

  test('is noted once, though two instances come back and Slack says 429', async () => {
    const other = await world.anotherIncident();
    await world.fault({ method: 'conversations.history', kind: 'ratelimit', retry_after: 1, times: 1 });
    const stopOther = world.work();
    await whileAway(async () => {
      await world.post('support', 'meanwhile');
    });
    await stopOther();
    expect(await gaps()).toHaveLength(1);
    const { rows } = await world.store.query<{ count: number }>(
      "select count(*) as count from timeline where kind = 'gap' and incident_id = $1",
      [other.incident],
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('with more pages than one is read to its end', async () => {
    const last: string[] = [];
    await whileAway(async () => {
      for (let count = 0; count < 230; count += 1) last.push(await world.post('support', `line ${count}`));
    });
    const { rows } = await world.store.query<{ count: number }>(
      'select count(*) as count from messages where channel_id = $1',
      [world.channel],
    );
    expect(rows).toEqual([{ count: last.length }]);
    expect(await gaps()).toMatchObject([{ details: { messages: 230 } }]);
  });
});

describe('a mark on a message that was never heard', () => {
  const forgetIt = (ts: string): Promise<unknown> =>
    world.store.query('delete from messages where ts = $1', [ts]);

  test.each([
    ['a message', undefined],
    ['a reply', 'thread'],
  ])('captures exactly that: %s', async (_what, inThread) => {
    const parent = await world.post('oncall', 'a parent');
    await world.post('oncall', 'before', { thread_ts: parent });
    const ts = await world.post('support', 'this one', inThread ? { thread_ts: parent } : {});
    await world.post('oncall', 'after');
    await world.settled();
    await forgetIt(ts);
    await world.fault({ method: 'conversations.history', kind: 'error', error: 'internal_error' });
    await world.mark('reaction', 'oncall', ts);
    const row = await world.inTime(() => world.rowOf(ts));
    expect(row).toMatchObject({ text: 'this one', actor: user('support'), at: timeOf(ts) });
  });

  test.each(['not_in_channel', 'channel_not_found'])('waits while Slack says %s', async (error) => {
    const ts = await world.post('support', 'the replica lags');
    await world.settled();
    await forgetIt(ts);
    await world.fault({ method: 'conversations.history', kind: 'error', error, times: 1 });
    await world.mark('reaction', 'oncall', ts);
    const row = await world.inTime(() => world.rowOf(ts));
    expect(row).toMatchObject({ text: 'the replica lags' });
  });

  test('is not kept waiting by older ones that cannot be read', async () => {
    await world.store.query(
      `insert into marks (channel_id, ts, kind, name, user_id, incident_id, is_on, event_ts, changed_by, first_on, counts)
       select 'C0CLOSED', $2 || '.' || lpad(number::text, 6, '0'), 'reaction', 'pushpin', 'U0', $1, true,
              $2 || '.900000', 'U0', $2 || '.900000', true
         from generate_series(1, 60) as number`,
      [world.incident, String(Math.floor(Date.now() / 1000) - 3600)],
    );
    const ts = await world.post('support', 'the newest');
    await world.settled();
    await forgetIt(ts);
    await world.mark('reaction', 'oncall', ts);
    expect(await world.inTime(() => world.rowOf(ts))).toMatchObject({ text: 'the newest' });
    expect((await world.store.query('select from marks where void')).rowCount).toBe(0);
  });

  test('counts once Slack says who the person is', async () => {
    const ts = await world.post('support', 'the page is empty');
    await world.settled();
    const { standing } = world.directory;
    world.directory.standing = () => Promise.reject(new Error('Slack is away'));
    await world.mark('reaction', 'viewer', ts);
    await world.mark('pin', 'dba', ts);
    await world.settled();
    world.directory.standing = standing;
    await world.inTime(() => world.rowOf(ts));
    const judged = async (): Promise<Readonly<Record<string, boolean | null>>> => {
      const { rows } = await world.store.query<{ user_id: string; counts: boolean | null }>(
        'select user_id, counts from marks',
      );
      return Object.fromEntries(rows.map(({ user_id, counts }) => [user_id, counts]));
    };
    await world.inTime(async () => (await judged())[user('viewer')] === false);
    expect(await judged()).toMatchObject({ [user('dba')]: true });
  });

  test("that is the bot's own is left alone", async () => {
    const { ts = '' } = await world.client.chat.postMessage({ channel: world.channel, text: 'mine' });
    const { channel, incident } = world;
    const by = user('oncall');
    await world.app.marked({
      incident,
      channel,
      ts,
      kind: 'reaction',
      name: 'pushpin',
      user: by,
      by,
      on: true,
      eventTs: ts,
    });
    await world.inTime(async () => (await world.store.query('select from marks where void')).rowCount);
    expect(await world.rowOf(ts)).toBeUndefined();
  });
});

describe('files of captured messages', () => {
  const content = 'relation "orders" does not exist';
  const sha256 = createHash('sha256').update(content).digest('hex');
  const shared = async (name: string, text = content): Promise<string> => {
    const ts = await world.post('support', 'look', { files: [{ name, content: text }] });
    await world.settled();
    return ts;
  };
  const filesOf = async (ts: string): Promise<unknown> => (await world.rowOf(ts))?.details?.['files'];

  test('are hashed; an image is stored too, anything else is not', async () => {
    const ts = await shared('error.log');
    await world.mark('reaction', 'oncall', ts);
    await world.inTime(async () => JSON.stringify(await filesOf(ts)).includes(sha256));
    expect(await filesOf(ts)).toMatchObject([
      { name: 'error.log', type: 'text/plain', size: content.length, sha256 },
    ]);
    const image = await shared('screen.png');
    await world.mark('reaction', 'oncall', image);
    await world.inTime(async () => JSON.stringify(await filesOf(image)).includes(sha256));
    const { rows } = await world.store.query<{ name: string; bytes: Buffer | null }>(
      'select name, bytes from stored_files order by name',
    );
    expect(rows).toEqual([
      { name: 'error.log', bytes: null },
      { name: 'screen.png', bytes: Buffer.from(content) },
    ]);
    expect(await world.control('GET', 'calls?method=files.sharedPublicURL')).toEqual([]);
  });

  test('of messages that nobody marked are not read', async () => {
    await shared('screen.png');
    await world.mark('reaction', 'oncall', await shared('error.log'));
    await world.inTime(
      async () => (await world.store.query('select from stored_files where read_at is not null')).rowCount,
    );
    expect((await world.store.query('select from stored_files')).rowCount).toBe(1);
  });

  test('that Slack does not hand out at first are tried again, and the message is there at once', async () => {
    await world.fault({ method: 'files.info', kind: 'error', error: 'internal_error', times: 2 });
    const ts = await shared('error.log');
    await world.mark('reaction', 'oncall', ts);
    await world.settled();
    expect(await world.rowOf(ts)).toMatchObject({ text: 'look' });
    await world.inTime(async () => JSON.stringify(await filesOf(ts)).includes(sha256));
  });

  test('that are gone by then say so', async () => {
    await world.fault({ method: 'files.info', kind: 'error', error: 'file_deleted' });
    const ts = await shared('error.log');
    await world.mark('reaction', 'oncall', ts);
    await world.inTime(async () =>
      JSON.stringify(await filesOf(ts)).includes('deleted before it could be read'),
    );
  });
});

test('the author of a captured message gets a name, and what nobody marked is forgotten', async () => {
  const ts = await world.post('viewer', 'I saw it first');
  const passing = await world.post('viewer', 'thanks all');
  await world.mark('reaction', 'oncall', ts);
  await world.settled();
  await world.pass(25_000);
  await eventually(async () => {
    const { rows } = await world.store.query<{ name: string }>('select name from people where user_id = $1', [
      user('viewer'),
    ]);
    return rows[0]?.name === 'viewer';
  });
  const stored = async (): Promise<readonly string[]> =>
    (await world.store.query<{ ts: string }>('select ts from messages')).rows.map((row) => row.ts);
  expect(await stored()).toContain(passing);
  await world.pass(91 * 24 * 3_600_000);
  await eventually(async () => !(await stored()).includes(passing));
  expect(await stored()).toEqual([ts]);
});
