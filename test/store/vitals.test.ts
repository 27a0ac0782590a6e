import { openStore, type Store } from '../../src/store/store.ts';
import { stuckSince } from '../../src/store/vitals.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-11-22T14:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

describe('since when something could be sent', () => {
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
