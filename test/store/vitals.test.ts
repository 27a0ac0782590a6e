import { receive, settle } from '../../src/store/inbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { isSomebodyUnheard, stuckSince } from '../../src/store/vitals.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-11-22T14:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openStore(database.url);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

describe('since when something could be sent', () => {
  const waits = (lane: string, seconds: number): Promise<unknown> =>
    store.query(`insert into outbox (lane, effect, created_at) values ($1, '{}', $2)`, [lane, ago(seconds)]);
  const holdBack = (lane: string, until: Date): Promise<unknown> =>
    store.query(
      `insert into lanes (lane, not_before) values ($1, $2) on conflict (lane) do update set not_before = $2`,
      [lane, until],
    );

  it('leaves out what Slack or a failure holds back, and counts from the end of that', async () => {
    expect(await stuckSince(store, NOW)).toBeUndefined();
    await waits('held', 500);
    await holdBack('held', ago(-30));
    expect(await stuckSince(store, NOW)).toBeUndefined();
    await holdBack('held', ago(20));
    expect(await stuckSince(store, NOW)).toEqual(ago(20));
    await waits('free', 100);
    expect(await stuckSince(store, NOW)).toEqual(ago(100));
    await store.query(`update outbox set state = 'sent' where lane = 'free'`);
    expect(await stuckSince(store, NOW)).toEqual(ago(20));
  });
});

describe('who waits to be heard', () => {
  it.each([
    ['a command', 'command', {}, true],
    ['a click', 'click', {}, true],
    ['a form', 'form', {}, true],
    ['a mention', 'event', { event: { type: 'app_mention' } }, true],
    ['a message', 'event', { event: { type: 'message' } }, false],
    ['a reaction', 'event', { event: { type: 'reaction_added' } }, false],
  ])('%s that is not done may be the answer to a page, or is none', async (key, kind, payload, unheard) => {
    await receive(store, { key, kind, payload, receivedAt: NOW });
    expect(await isSomebodyUnheard(store)).toBe(unheard);
    await settle(store, key, 'done', NOW);
    expect(await isSomebodyUnheard(store)).toBe(false);
  });
});
