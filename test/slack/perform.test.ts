/** Effects against Slack: what each one does, and that a lost answer is not a second message. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { App } from '../../src/app/app.ts';
import { type Effect, laneOf } from '../../src/domain/effects.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { silentLogger } from '../../src/log.ts';
import { secondsToWait } from '../../src/slack/perform/verdict.ts';
import { createPerform } from '../../src/slack/perform.ts';
import { loadIncident, saveIncident } from '../../src/store/incidents.ts';
import { placeOf } from '../../src/store/live-messages.ts';
import { type Delivery, forgetDelivered, type OutboxRow } from '../../src/store/outbox.ts';
import { anEscalation, anIncident, aPage, appWith, aRecord, openWorld, type World } from './support.ts';

let world: World;
let perform: (row: OutboxRow, signal?: AbortSignal) => Promise<Delivery>;
let incident: Incident;
let id = 100;
/** What the test has waited without waiting. */
let passed = 0;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.control('POST', 'reset', {});
  await world.store.query('delete from outbox');
  id += 1;
  passed = 0;
  incident = anIncident({ id, declaredBy: world.slack.users['oncall'] ?? '' });
  await saveIncident(world.store, incident);
  perform = performer();
});

/** As another process would have it: it remembers nothing of earlier attempts. */
function performer(of: App = app()): typeof perform {
  const { client, identity, store } = world;
  const attempt = createPerform({ client, identity, store, app: of, log: silentLogger, now });
  return (row, signal = new AbortController().signal) => attempt(row, signal);
}

const now = (): Date => new Date(Date.now() + passed);

const known = async (number: number): Promise<Incident | undefined> => loadIncident(world.store, number);

const app = (): App =>
  appWith({
    incidentsChannel: world.slack.channels['incidents'] ?? '',
    incident: known,
    async record(number) {
      const found = await known(number);
      return found && aRecord(found);
    },
  });

const rowOf = (effect: Effect, more: Partial<OutboxRow> = {}): OutboxRow => ({
  id: 1,
  lane: 'lane',
  effectId: randomUUID(),
  effect,
  attempts: 0,
  createdAt: new Date(),
  ...more,
});

const SENT = { kind: 'sent' };
const send = (effect: Effect): Promise<Delivery> => perform(rowOf(effect));

/** Tries as the outbox does: the row remembers when it was tried, and a wait is waited for. */
async function sendUntilSent(effect: Effect, more: Partial<OutboxRow> = {}): Promise<readonly Delivery[]> {
  let row = rowOf(effect, more);
  const deliveries: Delivery[] = [];
  for (let attempts = 1; attempts < 6; attempts += 1) {
    const triedAt = now();
    const delivery = await perform(row);
    deliveries.push(delivery);
    if (delivery.kind === 'wait') passed += delivery.seconds * 1000;
    if (delivery.kind === 'sent' || delivery.kind === 'refused') break;
    row = { ...row, attempts, triedAt };
  }
  return deliveries;
}

const opened = async (): Promise<string> => {
  expect(await send({ kind: 'create-channel', incident: id, name: `inc-${id}-x` })).toEqual(SENT);
  return (await known(id))?.channelId ?? '';
};

const channelNames = async (): Promise<readonly string[]> =>
  (await world.control<{ channels: { name: string }[] }>('GET', 'state')).channels.map(({ name }) => name);

const stateOf = async (channel: string): Promise<Record<string, unknown>> => {
  const { channels } = await world.control<{ channels: { id: string }[] }>('GET', 'state');
  return channels.find((each) => each.id === channel) as unknown as Record<string, unknown>;
};

describe('create-channel', () => {
  const wish = (): Effect => ({ kind: 'create-channel', incident: id, name: `inc-${id}-x` });

  test('makes the channel and remembers it; a second time does nothing', async () => {
    const channel = await opened();
    expect(await stateOf(channel)).toMatchObject({ name: `inc-${id}-x` });
    expect(await send(wish())).toEqual(SENT);
  });

  test('has what was posted before it refreshed, so that it links there', async () => {
    const answer = { kind: 'declined', by: 'UDBA', at: new Date() } as const;
    const page = aPage({ user: 'UDBA' });
    const pages = [page, { ...page, number: 2, answer }];
    await saveIncident(world.store, { ...incident, escalations: [anEscalation()], pages });
    await opened();
    const { rows } = await world.store.query<{ effect: Effect }>('select effect from outbox order by id');
    expect(rows.map(({ effect }) => effect)).toEqual([
      {
        kind: 'live',
        to: { kind: 'incidents-channel' },
        subject: { kind: 'announcement', incident: id },
      },
      {
        kind: 'live',
        to: { kind: 'user', id: 'UDBA' },
        subject: { kind: 'page', incident: id, page: 1 },
      },
    ]);
  });

  test('adopts the channel that an attempt without an answer made', async () => {
    await world.fault({ method: 'conversations.create', kind: 'error', effect: 'after' });
    expect(await sendUntilSent(wish())).toMatchObject([{ kind: 'retry' }, SENT]);
    expect((await channelNames()).filter((name) => name.startsWith(`inc-${id}`))).toEqual([`inc-${id}-x`]);
    expect((await stateOf((await known(id))?.channelId ?? ''))['name']).toBe(`inc-${id}-x`);
  });

  test('takes another name when somebody has this one', async () => {
    await world.control('POST', 'channels', { user: 'viewer', name: `inc-${id}-x` });
    expect(await send(wish())).toEqual(SENT);
    expect((await stateOf((await known(id))?.channelId ?? ''))['name']).toBe(`inc-${id}-x-2`);
  });

  test('never adopts a channel of somebody else', async () => {
    await world.control('POST', 'channels', { user: 'viewer', name: `inc-${id}-x` });
    await world.fault({ method: 'conversations.create', kind: 'error', effect: 'before' });
    await sendUntilSent(wish());
    expect((await stateOf((await known(id))?.channelId ?? ''))['name']).toBe(`inc-${id}-x-2`);
  });
});

describe("an incident's channel", () => {
  test('gets its people; who cannot come does not keep out the others', async () => {
    const channel = await opened();
    await world.control('PATCH', 'users', { name: 'viewer', deactivated: true });
    const users = ['oncall', 'viewer', 'dba'].map((name) => world.slack.users[name] ?? '');
    const wish: Effect = { kind: 'invite', incident: id, users: [...users, 'UNOBODY00', 'terminal:root@db'] };
    expect(await send(wish)).toEqual(SENT);
    expect(await send(wish)).toEqual(SENT);
    expect((await stateOf(channel))['member_names']).toEqual(expect.arrayContaining(['oncall', 'dba']));
  });

  test('gets a topic with the state of now', async () => {
    const channel = await opened();
    expect(await send({ kind: 'topic', incident: id })).toEqual(SENT);
    expect((await stateOf(channel))['topic']).toBe(
      'SEV2 | investigating | no commander yet | Order status page is down',
    );
  });

  test('gets its card, kept current and pinned once', async () => {
    const channel = await opened();
    const card: Effect = {
      kind: 'live',
      to: { kind: 'incident', id },
      subject: { kind: 'card', incident: id },
    };
    expect(await send(card)).toEqual(SENT);
    expect(await send({ kind: 'pin', incident: id })).toEqual(SENT);
    expect(await send({ kind: 'pin', incident: id })).toEqual(SENT);
    await saveIncident(world.store, { ...incident, status: 'mitigated' });
    expect(await send(card)).toEqual(SENT);
    const { messages, pins } = (await stateOf(channel)) as {
      messages: { text: string; bot_id?: string }[];
      pins: unknown[];
    };
    const cards = messages.filter(({ text }) => text.startsWith(`Incident ${id}`));
    expect(cards).toHaveLength(1);
    expect(cards[0]?.text).toContain('mitigated');
    expect(pins).toHaveLength(1);
  });
});

describe('a live message', () => {
  const announcement = (): Effect => ({
    kind: 'live',
    to: { kind: 'incidents-channel' },
    subject: { kind: 'announcement', incident: id },
  });

  test('whose answer was lost is found again, and edited from then on', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'drop', effect: 'after' });
    expect(await sendUntilSent(announcement())).toMatchObject([{ kind: 'retry' }, { kind: 'wait' }, SENT]);
    expect(await send(announcement())).toEqual(SENT);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('that somebody deleted is posted anew', async () => {
    await send(announcement());
    const place = await placeOf(world.store, `announcement:${id}`);
    await world.client.chat.delete({ channel: place?.channel ?? '', ts: place?.ts ?? '' });
    expect(await send(announcement())).toEqual(SENT);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('to a person goes into their direct message, with buttons until it is answered', async () => {
    const user = world.slack.users['dba'] ?? '';
    const page = aPage({ user });
    const escalations = [anEscalation()];
    await saveIncident(world.store, { ...incident, escalations, pages: [page] });
    const effect: Effect = {
      kind: 'live',
      to: { kind: 'user', id: user },
      subject: { kind: 'page', incident: id, page: 1 },
    };
    expect(await send(effect)).toEqual(SENT);
    expect(JSON.stringify(await world.messages('dm-dba'))).toContain('page-answer:acknowledged');
    const answer = { kind: 'acknowledged', by: user, at: new Date() } as const;
    await saveIncident(world.store, { ...incident, escalations, pages: [{ ...page, answer }] });
    expect(await send(effect)).toEqual(SENT);
    const [shown, ...others] = await world.messages('dm-dba');
    expect(others).toEqual([]);
    expect(JSON.stringify(shown)).not.toContain('page-answer');
    expect(JSON.stringify(shown)).toContain('Acknowledged by');
  });

  test('about something unknown is refused, not tried for ever', async () => {
    const effect: Effect = {
      kind: 'live',
      to: { kind: 'incidents-channel' },
      subject: { kind: 'run', run: 999 },
    };
    expect(await send(effect)).toMatchObject({ kind: 'refused' });
  });
});

describe('say', () => {
  const hello = (): Effect => ({
    kind: 'say',
    to: { kind: 'incidents-channel' },
    text: `hello ${id} <!channel>`,
  });

  test('posts the text, and lets nobody be called by what a database said', async () => {
    expect(await send(hello())).toEqual(SENT);
    expect((await world.messages('incidents'))[0]?.text).toBe(`hello ${id} &lt;!channel&gt;`);
  });

  // A request that broke off may arrive until its deadline; before that a look would say nothing.
  const faults = [
    { fault: { kind: 'error' }, then: [{ kind: 'retry' }, SENT] },
    { fault: { kind: 'drop' }, then: [{ kind: 'retry' }, { kind: 'wait', seconds: 8 }, SENT] },
  ] as const;
  for (const { fault, then } of faults) {
    test(`is not said twice when the answer was lost (${fault.kind})`, async () => {
      await world.fault({ method: 'chat.postMessage', ...fault, effect: 'after' });
      expect(await sendUntilSent(hello())).toMatchObject(then);
      expect(await world.messages('incidents')).toHaveLength(1);
    });

    test(`is said when the attempt had no effect (${fault.kind})`, async () => {
      await world.fault({ method: 'chat.postMessage', ...fault, effect: 'before' });
      expect(await sendUntilSent(hello())).toMatchObject(then);
      expect(await world.messages('incidents')).toHaveLength(1);
    });
  }

  test('is not said twice when Slack did not answer within the deadline', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'timeout', effect: 'late', ms: 1000 });
    expect(await sendUntilSent(hello())).toMatchObject([{ kind: 'retry' }, SENT]);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('keeps its doubt while the look fails', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'drop', effect: 'after' });
    await world.fault({ method: 'conversations.history', kind: 'ratelimit', retry_after: 3 });
    expect(await sendUntilSent(hello())).toMatchObject([
      { kind: 'retry' },
      { kind: 'wait' },
      { kind: 'wait', seconds: 3 },
      SENT,
    ]);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('tried by a process that died waits for its deadline, then looks', async () => {
    const row = rowOf(hello());
    await perform(row);
    const tried = { ...row, attempts: 1, triedAt: new Date() };
    const other = performer();
    expect(await other(tried)).toMatchObject({ kind: 'wait', seconds: 8 });
    const late = performer();
    expect(await late({ ...tried, triedAt: new Date(Date.now() - 8000) })).toEqual(SENT);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('waits as long as Slack says', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'ratelimit', retry_after: 7 });
    expect(await send(hello())).toEqual({ kind: 'wait', seconds: 7 });
  });

  test('is refused for good where it can never be said', async () => {
    await opened();
    for (const error of ['channel_not_found', 'is_archived', 'not_in_channel', 'invalid_blocks']) {
      await world.fault({ method: 'chat.postMessage', kind: 'error', error });
      const refused = await send({ kind: 'say', to: { kind: 'incident', id }, text: 'x' });
      expect(refused).toEqual({ kind: 'refused', reason: error });
    }
    await world.store.query('update incidents set channel_id = null where id = $1', [id]);
    expect(await send({ kind: 'say', to: { kind: 'incident', id }, text: 'x' })).toMatchObject({
      kind: 'refused',
    });
  });

  test('waits in the incidents channel for the bot to be invited', async () => {
    for (const error of ['channel_not_found', 'not_in_channel']) {
      await world.fault({ method: 'chat.postMessage', kind: 'error', error });
      const fix: unknown = expect.stringContaining('invite the bot');
      expect(await send(hello())).toEqual({ kind: 'retry', error, fix });
    }
  });

  test('asks nothing of Slack once the lane is no longer ours', async () => {
    const row = rowOf(hello());
    expect(await perform(row, AbortSignal.abort())).toMatchObject({ kind: 'retry' });
    expect(await world.messages('incidents')).toEqual([]);
    // Nor is there anything to look for.
    expect(await perform({ ...row, attempts: 1, triedAt: now() })).toEqual(SENT);
  });

  test('says nothing when the lane is lost while it looks', async () => {
    const lost = new AbortController();
    const doubted = rowOf(hello(), { attempts: 1, triedAt: new Date(Date.now() - 9000) });
    await world.fault({ method: 'conversations.history', kind: 'latency', effect: 'after', ms: 300 });
    const late = perform(doubted, lost.signal);
    setTimeout(() => lost.abort(), 100);
    expect(await late).toMatchObject({ kind: 'retry' });
    expect(await world.messages('incidents')).toEqual([]);
  });

  test('is looked for when another process tried it between two attempts of this one', async () => {
    const row = rowOf(hello());
    await world.fault({ method: 'chat.postMessage', kind: 'ratelimit', retry_after: 1 });
    expect(await perform(row)).toMatchObject({ kind: 'wait' });
    const theirs = { ...row, attempts: 1, triedAt: now() };
    await world.fault({ method: 'chat.postMessage', kind: 'drop', effect: 'after' });
    passed += 10_000;
    expect(await performer()(theirs)).toMatchObject({ kind: 'retry' });
    const again = { ...row, attempts: 2, triedAt: now() };
    expect(await perform(again)).toMatchObject({ kind: 'wait', seconds: 8 });
    passed += 8000;
    expect(await perform({ ...again, attempts: 3 })).toEqual(SENT);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('waits for the token to be mended', async () => {
    await world.fault({ method: 'chat.postMessage', kind: 'error', error: 'token_revoked' });
    expect(await send(hello())).toEqual({ kind: 'retry', error: 'token_revoked' });
  });
});

describe('a file', () => {
  const file = (): Effect => ({
    kind: 'file',
    to: { kind: 'incidents-channel' },
    name: 'postmortem-inc-7.md',
    title: 'Postmortem',
    content: '# 1. Süß',
    comment: 'read it',
  });
  const files = async () =>
    ((await stateOf(world.slack.channels['incidents'] ?? '')) as { files: unknown[] }).files;

  test('is shared under its own name, with its bytes', async () => {
    expect(await send(file())).toEqual(SENT);
    expect(await files()).toMatchObject([
      { name: 'postmortem-inc-7.md', title: 'Postmortem', content: '# 1. Süß' },
    ]);
  });

  test('is not shared twice when the answer was lost', async () => {
    await world.fault({ method: 'files.completeUploadExternal', kind: 'drop', effect: 'after' });
    expect(await sendUntilSent(file())).toMatchObject([{ kind: 'retry' }, { kind: 'wait' }, SENT]);
    expect(await world.messages('incidents')).toHaveLength(1);
  });

  test('is not shared twice when the process died before it was noted as sent, and its place is forgotten with it', async () => {
    const row = rowOf(file());
    const triedAt = now();
    expect(await perform(row)).toEqual(SENT);
    passed += 60_000;
    expect(await perform({ ...row, attempts: 1, triedAt })).toEqual(SENT);
    expect(await files()).toHaveLength(1);
    const { store } = world;
    expect(await placeOf(store, `file:${row.effectId}`)).toBeDefined();
    await store.query(
      `insert into outbox (lane, effect_id, effect, state, created_at, settled_at)
       values ('incidents-channel', $1, '{}', 'sent', $2, $2)`,
      [row.effectId, triedAt],
    );
    await forgetDelivered(store, now());
    expect(await placeOf(store, `file:${row.effectId}`)).toBeUndefined();
  });

  test('is shared again when the attempt had no effect', async () => {
    await world.fault({ method: 'files.completeUploadExternal', kind: 'error' });
    expect(await sendUntilSent(file())).toMatchObject([{ kind: 'retry' }, SENT]);
    expect(await world.messages('incidents')).toHaveLength(1);
  });
});

test('a Retry-After may be a date, or say nothing', () => {
  const at = new Date('2026-11-22T14:00:00.500Z');
  expect(secondsToWait('7', at)).toBe(7);
  expect(secondsToWait('Sun, 22 Nov 2026 14:00:09 GMT', at)).toBe(9);
  expect(secondsToWait('Sun, 22 Nov 2026 13:00:00 GMT', at)).toBe(1);
  expect(secondsToWait('soon', at)).toBe(1);
  expect(secondsToWait(null, at)).toBe(1);
});

describe('bookmarks', () => {
  const links = { Runbook: 'https://wiki.example/order-status', Dashboard: 'https://graphs.example/d/1' };
  const titled = async (channel: string): Promise<readonly string[]> =>
    ((await stateOf(channel))['bookmarks'] as { title: string }[]).map(({ title }) => title);
  const carded = async (): Promise<string> => {
    const base = app();
    const services = { 'order-status': { links } };
    perform = performer({ ...base, settings: { ...base.settings, services } });
    await saveIncident(world.store, { ...incident, service: 'order-status' });
    const channel = await opened();
    await send({ kind: 'live', to: { kind: 'incident', id }, subject: { kind: 'card', incident: id } });
    return channel;
  };

  test('are the card and the links of the service; a repeated attempt adds none twice', async () => {
    const channel = await carded();
    expect(await send({ kind: 'bookmarks', incident: id })).toEqual(SENT);
    expect(await titled(channel)).toEqual(['Incident card', 'Runbook', 'Dashboard']);
    expect(await send({ kind: 'bookmarks', incident: id })).toEqual(SENT);
    expect(await titled(channel)).toHaveLength(3);
  });

  test('whose answer was lost are not added twice', async () => {
    const channel = await carded();
    await world.fault({ method: 'bookmarks.add', kind: 'error', effect: 'after' });
    expect(await sendUntilSent({ kind: 'bookmarks', incident: id })).toMatchObject([{ kind: 'retry' }, SENT]);
    expect(await titled(channel)).toEqual(['Incident card', 'Runbook', 'Dashboard']);
  });

  test('of an incident without a service are its card alone', async () => {
    const channel = await opened();
    await send({ kind: 'live', to: { kind: 'incident', id }, subject: { kind: 'card', incident: id } });
    expect(await send({ kind: 'bookmarks', incident: id })).toEqual(SENT);
    expect(await titled(channel)).toEqual(['Incident card']);
  });
});

describe('rename-channel', () => {
  const wish = (): Effect => ({ kind: 'rename-channel', incident: id, name: `inc-${id}-y` });
  const nameOf = async (channel: string): Promise<unknown> => (await stateOf(channel))['name'];

  test('gives the name, and the next number when others have it', async () => {
    const channel = await opened();
    expect(await send(wish())).toEqual(SENT);
    expect(await nameOf(channel)).toBe(`inc-${id}-y`);
    await world.control('POST', 'channels', { user: 'viewer', name: `inc-${id}-z` });
    await world.control('POST', 'channels', { user: 'viewer', name: `inc-${id}-z-2` });
    expect(await send({ kind: 'rename-channel', incident: id, name: `inc-${id}-z` })).toEqual(SENT);
    expect(await nameOf(channel)).toBe(`inc-${id}-z-3`);
  });

  test.each(['error', 'drop'])('whose answer was lost (%s) keeps the name that it got', async (kind) => {
    const channel = await opened();
    await world.fault({ method: 'conversations.rename', kind, effect: 'after' });
    const deliveries = await sendUntilSent(wish());
    expect(deliveries.at(-1)).toEqual(SENT);
    expect(await nameOf(channel)).toBe(`inc-${id}-y`);
  });
});

describe('archiving', () => {
  test('repeated is as good as once; only a person can bring the channel back, and then there is nothing to do', async () => {
    const channel = await opened();
    await world.client.conversations.invite({ channel, users: world.slack.users['oncall'] ?? '' });
    for (let count = 0; count < 2; count += 1) {
      expect(await send({ kind: 'archive', incident: id })).toEqual(SENT);
      expect((await stateOf(channel))['is_archived']).toBe(true);
    }
    expect(await send({ kind: 'unarchive', incident: id })).toMatchObject({ kind: 'refused' });
    await world.control('PATCH', 'channels', { user: 'oncall', channel, archived: false });
    expect(await send({ kind: 'unarchive', incident: id })).toEqual(SENT);
    await world.fault({ method: 'conversations.archive', kind: 'error', effect: 'after' });
    expect((await sendUntilSent({ kind: 'archive', incident: id })).at(-1)).toEqual(SENT);
    expect((await stateOf(channel))['is_archived']).toBe(true);
  });
});

describe('move-followers', () => {
  test('invites who is in the other channel, and who is there already stays', async () => {
    const source = await opened();
    await world.client.conversations.invite({
      channel: source,
      users: ['oncall', 'dba', 'viewer'].map((name) => world.slack.users[name]).join(','),
    });
    const from = id;
    id += 1;
    await saveIncident(world.store, { ...incident, id });
    const target = await opened();
    await world.client.conversations.invite({ channel: target, users: world.slack.users['dba'] ?? '' });
    await world.control('PATCH', 'users', { name: 'viewer', deactivated: true });
    const wish: Effect = { kind: 'move-followers', incident: id, from };
    expect(await send(wish)).toEqual(SENT);
    expect(await send(wish)).toEqual(SENT);
    const members = (await stateOf(target))['member_names'] as string[];
    expect(members).toEqual(expect.arrayContaining(['oncall', 'dba']));
    expect(members).not.toContain('viewer');
    await world.control('PATCH', 'users', { name: 'viewer', deactivated: false });
  });

  test('of a duplicate without a channel invites who is known to follow it', async () => {
    const from = id;
    const [oncall = '', dba = ''] = ['oncall', 'dba'].map((name) => world.slack.users[name]);
    await saveIncident(world.store, { ...incident, declaredBy: oncall, roles: { scribe: dba } });
    id += 1;
    await saveIncident(world.store, { ...incident, id });
    const target = await opened();
    expect(await send({ kind: 'move-followers', incident: id, from })).toEqual(SENT);
    expect((await stateOf(target))['member_names']).toEqual(expect.arrayContaining(['oncall', 'dba']));
  });
});

describe('a private incident', () => {
  const wish = (): Effect => ({ kind: 'create-channel', incident: id, name: `inc-${id}-x` });
  beforeEach(() => saveIncident(world.store, { ...incident, id: (id += 1), private: true }));

  test('has a private channel', async () => {
    expect((await stateOf(await opened()))['is_private']).toBe(true);
  });

  test.each(['error', 'drop'])('adopts its channel after a lost answer (%s)', async (kind) => {
    await world.fault({ method: 'conversations.create', kind, effect: 'after' });
    expect((await sendUntilSent(wish())).at(-1)).toEqual(SENT);
    expect((await channelNames()).filter((name) => name.startsWith(`inc-${id}`))).toEqual([`inc-${id}-x`]);
    expect((await stateOf((await known(id))?.channelId ?? ''))['is_private']).toBe(true);
  });

  test('is not announced when its channel is there', async () => {
    await opened();
    const { rows } = await world.store.query<{ effect: Effect }>('select effect from outbox');
    expect(rows).toEqual([]);
  });

  test('is not named by the proposal that it became', async () => {
    const at = new Date();
    const base = app();
    const proposal = {
      id: 3,
      monitor: 'shop',
      target: 'shop',
      error: 'x',
      relations: [],
      firstFailedAt: at,
      detectedAt: at,
      incidentId: id,
    };
    perform = performer({ ...base, proposal: () => Promise.resolve(proposal) });
    const effect: Effect = {
      kind: 'live',
      to: { kind: 'incidents-channel' },
      subject: { kind: 'proposal', proposal: 3 },
    };
    expect(await send(effect)).toEqual(SENT);
    const text = JSON.stringify(await world.messages('incidents'));
    expect(text).not.toContain(`incident ${id}`);
    expect(text).not.toContain('proposal:declare');
  });
});

describe('a whisper', () => {
  const wish = (): Effect => ({
    kind: 'whisper',
    incident: id,
    user: world.slack.users['dba'] ?? '',
    what: 'catchup-offer',
  });
  const heard = async (channel: string): Promise<readonly unknown[]> =>
    (await stateOf(channel))['ephemerals'] as unknown[];
  const joined = async (): Promise<string> => {
    const channel = await opened();
    await world.client.conversations.invite({ channel, users: world.slack.users['dba'] ?? '' });
    return channel;
  };

  test.each(['error', 'drop'])('whose answer was lost (%s) is not said again', async (kind) => {
    const channel = await joined();
    await world.fault({ method: 'chat.postEphemeral', kind, effect: 'after' });
    expect((await sendUntilSent(wish())).at(-1)).toEqual(SENT);
    expect(await heard(channel)).toHaveLength(1);
  });

  test('waits for the channel, and is in nobody else’s way', async () => {
    expect(laneOf(wish())).not.toBe(laneOf({ kind: 'topic', incident: id }));
    expect(await send(wish())).toMatchObject({ kind: 'retry' });
    const channel = await joined();
    expect(await send(wish())).toEqual(SENT);
    expect(await heard(channel)).toHaveLength(1);
  });

  test('that Slack holds back is said later, once', async () => {
    const channel = await joined();
    await world.fault({ method: 'chat.postEphemeral', kind: 'ratelimit', retry_after: 3 });
    expect(await sendUntilSent(wish())).toEqual([{ kind: 'wait', seconds: 3 }, SENT]);
    expect(await heard(channel)).toHaveLength(1);
  });
});

describe('what support is told', () => {
  const told: Effect = { kind: 'say', to: { kind: 'stakeholders' }, text: 'We are looking into it.' };

  test('goes to the channel that is named', async () => {
    perform = performer(withStakeholders(world.slack.channels['general'] ?? ''));
    expect(await send(told)).toEqual(SENT);
    expect(await world.messages('general')).toMatchObject([{ text: 'We are looking into it.' }]);
  });

  test('waits for the bot to be invited, and says what to mend', async () => {
    perform = performer(withStakeholders('C0NOWHERE0'));
    expect(await send(told)).toEqual({
      kind: 'retry',
      error: 'channel_not_found',
      fix: expect.stringMatching(/invite the bot.*slack\.stakeholder_channel/) as unknown,
    });
    const { channel } = await world.client.conversations.create({ name: `left-${id}` });
    await world.client.conversations.leave({ channel: channel?.id ?? '' }).catch(() => undefined);
    await world.fault({ method: 'chat.postMessage', kind: 'error', error: 'not_in_channel' });
    perform = performer(withStakeholders(channel?.id ?? ''));
    expect(await send(told)).toMatchObject({ kind: 'retry', error: 'not_in_channel' });
  });

  test('is refused when no channel is named any more', async () => {
    expect(await send(told)).toMatchObject({ kind: 'refused' });
  });
});

const withStakeholders = (stakeholderChannel: string): App => {
  const base = app();
  return { ...base, settings: { ...base.settings, stakeholderChannel } };
};
