/** What Slack carries out after it was given up and sent again: found, and deleted. */
import { randomUUID } from 'node:crypto';
import type { Effect } from '../../src/domain/effects.ts';
import { silentLogger } from '../../src/log.ts';
import { createTwinSweep } from '../../src/slack/perform/twins.ts';
import { createPerform } from '../../src/slack/perform.ts';
import { loadIncident, saveIncident } from '../../src/store/incidents.ts';
import { placeOf } from '../../src/store/live-messages.ts';
import type { Delivery, OutboxRow } from '../../src/store/outbox.ts';
import { dueChannels } from '../../src/store/repeats.ts';
import { eventually } from '../support/eventually.ts';
import { type Firebreak, startFirebreak } from './firebreak.ts';
import { anEscalation, anIncident, aPage, appWith, aRecord, openWorld, type World } from './support.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Real time, in which the test sends again what it has given up. */
const LATE_MS = 150;

let world: World;
let id = 500;
/** What the test has waited without waiting. */
let passed: number;
let perform: (row: OutboxRow, signal: AbortSignal) => Promise<Delivery>;
let sweep: (channel: string, signal: AbortSignal) => Promise<void>;
const now = (): Date => new Date(Date.now() + passed);
const signal = new AbortController().signal;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.control('POST', 'reset', {});
  await world.store.query('truncate outbox, repeats');
  passed = 0;
  id += 1;
  await saveIncident(world.store, anIncident({ id }));
  const { client, identity, store } = world;
  const known = (number: number) => loadIncident(store, number);
  const app = appWith({
    incidentsChannel: world.slack.channels['incidents'] ?? '',
    incident: known,
    record: async (number) => {
      const found = await known(number);
      return found && aRecord(found);
    },
  });
  const talk = { client, identity, store, app, log: silentLogger, now };
  perform = createPerform(talk);
  sweep = createTwinSweep(talk);
});

const incidents = (): string => world.slack.channels['incidents'] ?? '';
const hello = (): Effect => ({ kind: 'say', to: { kind: 'incidents-channel' }, text: `hello ${id}` });
const announcement = (): Effect => ({
  kind: 'live',
  to: { kind: 'incidents-channel' },
  subject: { kind: 'announcement', incident: id },
});

/** Its first request is carried out after it was given up, looked for and sent again. */
async function sendTwice(effect: Effect, method = 'chat.postMessage'): Promise<OutboxRow> {
  await world.fault({ method, kind: 'drop', effect: 'late', ms: LATE_MS });
  const first: OutboxRow = {
    id: 1,
    lane: 'lane',
    effectId: randomUUID(),
    effect,
    attempts: 0,
    createdAt: now(),
  };
  expect(await perform(first, signal)).toMatchObject({ kind: 'retry' });
  passed += 9 * SECOND;
  const again = { ...first, attempts: 1, triedAt: now() };
  expect(await perform(again, signal)).toEqual({ kind: 'sent' });
  return again;
}

const shown = async (channel = 'incidents'): Promise<readonly string[]> =>
  (await world.messages(channel)).map(({ ts }) => ts);
const twice = (channel?: string): Promise<readonly string[]> =>
  eventually(async () => {
    const all = await shown(channel);
    return all.length === 2 && all;
  });

/** Looks wherever it is due. */
async function sweepDue(): Promise<readonly string[]> {
  const due = await dueChannels(world.store, now());
  for (const channel of due) await sweep(channel, signal);
  return due;
}

describe('what was sent again, and lands late', () => {
  it('is deleted where it was said first and second: the first stays', async () => {
    await sendTwice(hello());
    const [first] = await twice();
    expect(await sweepDue()).toEqual([]);
    passed += 11 * SECOND;
    expect(await sweepDue()).toEqual([incidents()]);
    expect(await shown()).toEqual([first]);
  });

  it('is looked for after 1, 5 and 15 minutes too, and then no more', async () => {
    const row = await sendTwice(hello());
    const [first] = await twice();
    for (const wait of [11 * SECOND, 50 * SECOND, 4 * MINUTE, 10 * MINUTE]) {
      passed += wait;
      expect(await sweepDue()).toEqual([incidents()]);
      expect(await shown()).toEqual([first]);
      const metadata = { event_type: 'firebreak_effect', event_payload: { effect_id: row.effectId } };
      await world.client.chat.postMessage({ channel: incidents(), text: 'later still', metadata });
    }
    passed += 60 * MINUTE;
    expect(await sweepDue()).toEqual([]);
    expect((await world.store.query('select from repeats')).rowCount).toBe(0);
  });

  it('never costs the message that is kept current, however it has changed since', async () => {
    await sendTwice(announcement());
    await twice();
    const place = await placeOf(world.store, `announcement:${id}`);
    await perform(
      { id: 2, lane: 'lane', effectId: randomUUID(), effect: announcement(), attempts: 0, createdAt: now() },
      signal,
    );
    passed += 11 * SECOND;
    await sweepDue();
    expect(await shown()).toEqual([place?.ts]);
  });

  it('is deleted in a direct message', async () => {
    const user = world.slack.users['dba'] ?? '';
    await saveIncident(
      world.store,
      anIncident({ id, escalations: [anEscalation()], pages: [aPage({ user })] }),
    );
    const subject = { kind: 'page', incident: id, page: 1 } as const;
    await sendTwice({ kind: 'live', to: { kind: 'user', id: user }, subject });
    await twice('dm-dba');
    passed += 11 * SECOND;
    await sweepDue();
    expect(await shown('dm-dba')).toHaveLength(1);
  });

  it('and is a file is deleted, whichever of its uploads that was', async () => {
    const to = { kind: 'incidents-channel' } as const;
    await sendTwice(
      { kind: 'file', to, name: 'report.md', title: 'Report', content: '# x' },
      'files.completeUploadExternal',
    );
    const [first] = await twice();
    passed += 11 * SECOND;
    await sweepDue();
    expect(await shown()).toEqual([first]);
  });

  it('and is a bookmark is removed', async () => {
    const name = `inc-${id}-x`;
    const send = (effect: Effect) =>
      perform({ id: 3, lane: 'lane', effectId: randomUUID(), effect, attempts: 0, createdAt: now() }, signal);
    await send({ kind: 'create-channel', incident: id, name });
    await send({ kind: 'live', to: { kind: 'incident', id }, subject: { kind: 'card', incident: id } });
    await sendTwice({ kind: 'bookmarks', incident: id }, 'bookmarks.add');
    const inChannel = async () => {
      const { channels } = await world.control<{
        channels: { id: string; name: string; bookmarks: { title: string; link: string }[] }[];
      }>('GET', 'state');
      return channels.find((each) => each.name === name);
    };
    const bookmarks = async (): Promise<readonly string[]> =>
      ((await inChannel())?.bookmarks ?? []).map(({ title }) => title);
    await eventually(async () => (await bookmarks()).length === 2);
    const { id: channel_id = '', bookmarks: [ours] = [] } = (await inChannel()) ?? {};
    await world.client.bookmarks.add({ channel_id, title: 'Mine', type: 'link', link: ours?.link ?? '' });
    passed += 11 * SECOND;
    await sweepDue();
    expect(await bookmarks()).toEqual(['Incident card', 'Mine']);
  });

  it('and was an edit is drawn anew, with the state of then', async () => {
    const drawn = async (): Promise<readonly Effect[]> =>
      (await world.store.query<{ effect: Effect }>('select effect from outbox')).rows.map(
        ({ effect }) => effect,
      );
    await perform(
      { id: 2, lane: 'lane', effectId: randomUUID(), effect: announcement(), attempts: 0, createdAt: now() },
      signal,
    );
    await sendTwice(announcement(), 'chat.update');
    passed += 11 * SECOND;
    await sweepDue();
    expect(await drawn()).toEqual([announcement()]);
    expect(await shown()).toHaveLength(1);
  });

  it('is not looked for while its row may be sent once more', async () => {
    const { effectId } = await sendTwice(hello());
    await twice();
    await world.store.query(
      `insert into outbox (lane, effect_id, effect, created_at) values ('x', $1, '{"kind":"say"}', $2)`,
      [effectId, now()],
    );
    passed += 11 * SECOND;
    expect(await sweepDue()).toEqual([]);
    await world.store.query(`update outbox set state = 'sent'`);
    expect(await sweepDue()).toEqual([incidents()]);
  });

  it('that somebody has deleted is deleted', async () => {
    await sendTwice(hello());
    const [first] = await twice();
    await world.fault({ method: 'chat.delete', kind: 'error', error: 'message_not_found', effect: 'after' });
    passed += 11 * SECOND;
    await sweepDue();
    expect(await shown()).toEqual([first]);
    expect((await world.store.query('select from repeats where looks = 1')).rowCount).toBe(1);
  });

  it('is looked for when Slack lets us', async () => {
    await sendTwice(hello());
    await twice();
    await world.fault({ method: 'conversations.history', kind: 'ratelimit', retry_after: 40 });
    passed += 11 * SECOND;
    await sweepDue();
    passed += 30 * SECOND;
    expect(await sweepDue()).toEqual([]);
    passed += 11 * SECOND;
    expect(await sweepDue()).toEqual([incidents()]);
    expect(await shown()).toHaveLength(1);
  });

  it('in a channel that we may not read any more is given up', async () => {
    await sendTwice(hello());
    await twice();
    await world.fault({ method: 'conversations.history', kind: 'error', error: 'not_in_channel', times: 4 });
    for (const wait of [11 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE]) {
      passed += wait;
      await sweepDue();
    }
    expect((await world.store.query('select from repeats')).rowCount).toBe(0);
  });

  it('loses its redacted words too', async () => {
    const { effectId: said, createdAt } = await sendTwice(hello());
    await twice();
    const effect = {
      kind: 'amend',
      to: { kind: 'incidents-channel' },
      said,
      since: createdAt.toISOString(),
      text: 'redacted',
    } as const;
    await perform(
      { id: 4, lane: 'lane', effectId: randomUUID(), effect, attempts: 0, createdAt: now() },
      signal,
    );
    expect((await world.messages('incidents')).map(({ text }) => text)).toEqual(['redacted', 'redacted']);
  });
});

describe('the whole bot', () => {
  let bot: Firebreak;
  afterEach(() => bot.stop());

  it('deletes its twin, and takes that for nothing that a person did', async () => {
    bot = await startFirebreak(world);
    const { id: incident, channel } = await bot.declared('checkout fails for everybody');
    const texts = async (): Promise<number> =>
      (await world.messages(channel)).filter(({ text }) => text.includes('we are on it')).length;
    await world.fault({ method: 'chat.postMessage', kind: 'drop', effect: 'late', ms: 1500 });
    await bot.type('oncall', 'update we are on it', channel);
    await eventually(async () => {
      bot.clock.advance(5 * SECOND);
      return (await texts()) === 1;
    });
    await bot.settled();
    await eventually(async () => (await texts()) === 2);
    bot.clock.advance(5 * MINUTE);
    await eventually(async () => (await texts()) === 1);
    await bot.settled();
    const { rows } = await world.store.query<{ text: string }>(
      `select content ->> 'text' as text from timeline_contents where incident_id = $1`,
      [incident],
    );
    expect(rows.filter(({ text }) => /eleted/.test(text))).toEqual([]);
    expect(rows.filter(({ text }) => text.includes('we are on it'))).toHaveLength(1);
  });
});
