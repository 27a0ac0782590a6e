/** What a look at the channel leaves out is said in the entry of the gap; Slack here has more than is read. */
import { catchUp } from '../../src/app/catch-up.ts';
import type { Page, Reader, SeenMessage } from '../../src/app/reader.ts';
import { tsOf } from '../../src/domain/slack-ts.ts';
import { setChannel } from '../../src/store/incidents.ts';
import type { CatchUp } from '../../src/store/presence.ts';
import { loadTimeline } from '../../src/store/timeline.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const NOW = new Date('2026-06-03T12:00:00Z');
const FROM = new Date('2026-06-03T10:00:00Z');
const CHANNEL = 'C1';
const tsAt = (number: number): string => tsOf(new Date(FROM.getTime() - 3_600_000 + number * 1000));
const threadOf = (number: number): SeenMessage => ({
  ts: tsAt(number),
  deleted: false,
  latestReply: tsOf(FROM),
});

let world: TestApp;
let incident: number;
let read: string[];
beforeEach(async () => {
  world = await createTestApp({ settings: testSettings() });
  const done = await world.app.declare({ by: PEOPLE.oncall, title: 'the page is empty', severity: 'sev2' });
  if (!done.ok) throw new Error(done.code);
  incident = done.incident.id;
  await setChannel(world.store, incident, CHANNEL);
  read = [];
});
afterEach(() => world.close());

async function gapAfter(messages: readonly SeenMessage[], replies: Page): Promise<string | undefined> {
  const reader: Reader = {
    message: () => Promise.resolve(undefined),
    history: () => Promise.resolve({ messages }),
    replies: (_place, thread) => {
      read.push(thread);
      return Promise.resolve(replies);
    },
    pins: () => Promise.resolve([]),
    file: () => Promise.reject(new Error('not asked for')),
    name: () => Promise.resolve(undefined),
  };
  const { rows } = await world.store.query<{ id: number }>(
    'insert into gaps (heard_until, heard_again) values ($1, $2) returning id',
    [FROM, NOW],
  );
  const gap = rows[0]?.id ?? 0;
  await world.store.query('insert into catch_ups (gap_id, incident_id) values ($1, $2)', [gap, incident]);
  const work = { gap, incident, channel: CHANNEL, from: FROM, until: NOW } as CatchUp;
  const { store } = world;
  const directory = { standing: () => Promise.resolve('member') } as never;
  const parts = { store, settings: testSettings(), directory, reader, now: () => NOW };
  await catchUp(parts, work, new AbortController().signal);
  return (await loadTimeline(store, incident)).find(({ kind }) => kind === 'gap')?.text;
}

test('when every thread was read to its end nothing is missing', async () => {
  expect(await gapAfter([threadOf(1), threadOf(2)], { messages: [] })).not.toContain('not all of it');
  expect(read).toHaveLength(2);
});

test('with more threads than are read it says so, and those with captured messages are read first', async () => {
  const captured = tsAt(0);
  const reply = tsAt(5);
  const said = { incident, channel: CHANNEL, ts: reply, thread: captured, author: 'UA' };
  await world.app.heard({
    ...said,
    versions: [{ edited: '', by: 'UA', text: 'it is the cache', files: [], heardTs: reply }],
  });
  await world.app.marked({
    ...{ incident, channel: CHANNEL, ts: reply, kind: 'reaction', name: 'pushpin', on: true },
    ...{ user: PEOPLE.oncall, by: PEOPLE.oncall, eventTs: reply },
  });
  const messages = Array.from({ length: 201 }, (_, index) => threadOf(index + 10));
  expect(await gapAfter(messages, { messages: [] })).toContain('not all of it could be read');
  expect(read).toHaveLength(200);
  expect(read[0]).toBe(captured);
});

test('with a thread longer than is read it says so', async () => {
  expect(await gapAfter([threadOf(1)], { messages: [], next: 'more' })).toContain(
    'not all of it could be read',
  );
});
