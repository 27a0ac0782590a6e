/** Messages and marks through the app and the real store: late, repeated and at the same time. */
import fc from 'fast-check';
import type { Directory } from '../../src/app/app.ts';
import type { HeardMessage } from '../../src/app/capture.ts';
import { verifyChain } from '../../src/domain/chain.ts';
import { timeOf } from '../../src/domain/slack-ts.ts';
import { type Row, rowsOf } from '../../src/domain/timeline.ts';
import { receive } from '../../src/store/inbox.ts';
import { setChannel } from '../../src/store/incidents.ts';
import { eraseMessage } from '../../src/store/messages.ts';
import { loadChain, loadTimeline } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

let test_: TestApp;
let incident: number;
let standing: Awaited<ReturnType<Directory['standing']>> | Error = 'member';
const directory: Directory = {
  standing: () => (standing instanceof Error ? Promise.reject(standing) : Promise.resolve(standing)),
  groupMembers: () => Promise.resolve([]),
  channelMembers: () => Promise.resolve([]),
  userByEmail: () => Promise.resolve(undefined),
};
beforeAll(async () => {
  test_ = await createTestApp({ directory, settings: testSettings() });
  const done = await test_.app.declare({ by: PEOPLE.oncall, title: 'the page is empty', severity: 'sev2' });
  if (!done.ok) throw new Error(done.code);
  incident = done.incident.id;
  await setChannel(test_.store, incident, 'C1');
});
beforeEach(() => {
  standing = 'member';
});
afterAll(() => test_.close());

let count = 0;
/** The timestamp of another message; the seconds after it are free for its events. */
const nextTs = (): string => `${1780480000 + 100 * ((count += 1))}.000100`;
const after = (ts: string, seconds: number): string => `${Number(ts.split('.')[0]) + seconds}.000000`;

const said = (ts: string, text = 'first', edited = '', heardTs = edited || ts): HeardMessage => ({
  incident,
  channel: 'C1',
  ts,
  author: 'U0000AUTHOR',
  link: 'https://example.slack.com/x',
  versions: [{ edited, by: 'U0000AUTHOR', text, files: [], heardTs }],
});
const marked = (ts: string, eventTs: string, on = true, user = PEOPLE.oncall, by = user) =>
  test_.app.marked({ incident, channel: 'C1', ts, kind: 'reaction', name: 'pushpin', user, by, on, eventTs });

const rowOf = async (ts: string): Promise<Row | undefined> =>
  rowsOf(await loadTimeline(test_.store, incident)).find(
    ({ details }) => (details?.['message'] as { ts?: string } | undefined)?.ts === ts,
  );

type Told = { readonly at: number; readonly tell: (ts: string) => Promise<unknown> };
const history: fc.Arbitrary<readonly Told[]> = fc
  .array(
    fc.oneof(
      fc.constantFrom('second', 'third').map((text) => ({ kind: 'edit', text }) as const),
      fc
        .tuple(fc.boolean(), fc.constantFrom(PEOPLE.oncall, PEOPLE.dba))
        .map(([on, user]) => ({ kind: 'mark', on, user }) as const),
    ),
    { maxLength: 6 },
  )
  .chain((events) => fc.boolean().map((gone) => ({ events, gone })))
  .map(({ events, gone }) => [
    { at: 0, tell: (ts) => test_.app.heard(said(ts)) },
    ...events.map(
      (event, index): Told => ({
        at: index + 1,
        tell: (ts) =>
          event.kind === 'edit'
            ? // Two and two in one second, the first two in that of the message itself.
              test_.app.heard(said(ts, event.text, after(ts, index - (index % 2)), after(ts, index + 1)))
            : marked(ts, after(ts, index + 1), event.on, event.user),
      }),
    ),
    ...(gone
      ? [{ at: 90, tell: (ts: string) => test_.app.heard({ ...said(ts), deletedAt: timeOf(after(ts, 90)) }) }]
      : []),
  ]);

/** The times as seconds after the message, so that two messages can be compared. */
const plain = (row: Row | undefined, ts: string): unknown =>
  row &&
  JSON.parse(
    JSON.stringify(
      { ...row, seq: 0, recordedAt: 0, details: { ...row.details, message: 0, captured_by: 0 } },
      (_key, value: unknown) =>
        typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)
          ? (new Date(value).getTime() - timeOf(ts).getTime()) / 1000
          : value,
    ),
  );

test('whatever the order, the copies and the haste in which events come, the row is the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      history.chain((told) =>
        fc.tuple(
          fc.constant(told),
          fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 }),
          fc.boolean(),
        ),
      ),
      async ([told, shuffled, atOnce]) => {
        const [one, other] = [nextTs(), nextTs()];
        for (const { tell } of told) await tell(one);
        if (atOnce) await Promise.all(shuffled.map(({ tell }) => tell(other)));
        else for (const { tell } of shuffled) await tell(other);
        expect(plain(await rowOf(other), other)).toEqual(plain(await rowOf(one), one));
      },
    ),
    { numRuns: 60 },
  );
  const chain = await loadChain(test_.store, incident);
  expect(verifyChain(chain)).toMatchObject({ ok: true });
}, 60_000);

test('many messages marked at once never wait for each other', async () => {
  const all = Array.from({ length: 20 }, () => nextTs());
  await Promise.all(all.flatMap((ts) => [marked(ts, after(ts, 1)), test_.app.heard(said(ts))]));
  for (const ts of all) expect(await rowOf(ts)).toMatchObject({ text: 'first', at: timeOf(ts) });
});

describe('a mark', () => {
  test('of somebody without `respond` neither captures nor takes back', async () => {
    const ts = nextTs();
    await test_.app.heard(said(ts));
    expect(await marked(ts, after(ts, 1), true, PEOPLE.viewer)).toMatchObject({ code: 'NOT_PERMITTED' });
    expect(await rowOf(ts)).toBeUndefined();
    await marked(ts, after(ts, 2));
    expect(await marked(ts, after(ts, 3), false, PEOPLE.oncall, PEOPLE.viewer)).toMatchObject({ ok: false });
    expect((await rowOf(ts))?.struck).toBeUndefined();
  });

  test.each(['guest', 'bot', 'foreign', 'deactivated'] as const)('of a %s captures nothing', async (who) => {
    const ts = nextTs();
    await test_.app.heard(said(ts));
    standing = who;
    expect(await marked(ts, after(ts, 1))).toMatchObject({ code: 'NOT_A_MEMBER' });
    expect(await rowOf(ts)).toBeUndefined();
  });

  test('that was taken away by somebody who may not respond any more is taken away', async () => {
    const ts = nextTs();
    await test_.app.heard(said(ts));
    await marked(ts, after(ts, 1));
    standing = 'deactivated';
    await marked(ts, after(ts, 2), false);
    expect((await rowOf(ts))?.struck).toMatchObject({ at: timeOf(after(ts, 2)) });
  });

  test('is done with its inbox row, in one transaction', async () => {
    const ts = nextTs();
    const row = { key: `event:${ts}`, kind: 'event', payload: { text: 'secret' }, receivedAt: new Date() };
    await receive(test_.store, row);
    await test_.app.heard(said(ts), { inboxKey: row.key });
    const { rows } = await test_.store.query('select state, payload from inbox where key = $1', [row.key]);
    expect(rows).toEqual([{ state: 'done', payload: {} }]);
    await expect(test_.app.heard(said(ts, 'again'), { inboxKey: row.key })).rejects.toMatchObject({
      code: 'ALREADY_DONE',
    });
  });
});

test('of a message that was redacted nothing is stored or written any more', async () => {
  const ts = nextTs();
  await test_.app.heard(said(ts, 'the password is hunter2'));
  await marked(ts, after(ts, 1));
  await test_.store.transaction((tx) => eraseMessage(tx, { channel: 'C1', ts }, new Date()));
  const before = await loadTimeline(test_.store, incident);
  await test_.app.heard(said(ts, 'hunter2 is the password', after(ts, 2)));
  await test_.app.heard(said(ts, 'the password is hunter2'));
  await marked(ts, after(ts, 3), false);
  expect(await loadTimeline(test_.store, incident)).toEqual(before);
  const { rows } = await test_.store.query('select from message_revisions where ts = $1', [ts]);
  expect(rows).toEqual([]);
});

test('what two edits in one second say is what the later one said', async () => {
  const ts = nextTs();
  const edit = (text: string, heardTs: string): HeardMessage => {
    const [version] = said(ts, text, after(ts, 5)).versions;
    return { ...said(ts), versions: version ? [{ ...version, heardTs }] : [] };
  };
  await test_.app.heard(said(ts));
  await marked(ts, after(ts, 1));
  await test_.app.heard(edit('later', after(ts, 5).replace(/0$/, '2')));
  await test_.app.heard(edit('earlier', after(ts, 5).replace(/0$/, '1')));
  expect((await rowOf(ts))?.text).toBe('later');
});
