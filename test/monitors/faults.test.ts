import { loadFaults } from '../../bench/fault.ts';
import { watchHealthy } from '../../bench/healthy.ts';
import { tryFault } from '../../bench/trial.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** A short form of `npm run bench -- --only faults`: the faults that show soon, and time put forward between the looks. */
describe('the default monitors', () => {
  const databases: TestDatabase[] = [];
  const stores: Store[] = [];
  const openOne = async (): Promise<Store> => {
    const database = await createTestDatabase();
    const store = openStore(database.url);
    databases.push(database);
    stores.push(store);
    return store;
  };
  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const database of databases) await database.drop();
  });

  it('see real faults under traffic, say what they are about, and nothing else', async () => {
    const names = ['dropped-column', 'bad-data', 'connection-leak', 'server-restart'];
    const faults = (await loadFaults()).filter(({ name }) => names.includes(name));
    const trials = faults.map(async (fault) =>
      tryFault(fault, { seed: 1, store: await openOne(), secondMs: 25 }),
    );
    const outcomes = await Promise.all(trials);
    expect(outcomes).toMatchObject(
      [...names].sort().map((fault) => ({
        fault,
        seconds: expect.any(Number) as number,
        missed: [],
        strangers: [],
      })),
    );
  }, 60_000);

  it('are quiet for five minutes of healthy traffic with spikes', async () => {
    const { looks, strangers } = await watchHealthy(await openOne(), 5);
    expect(strangers).toEqual([]);
    expect(looks).toBeGreaterThanOrEqual(70);
  }, 60_000);
});
