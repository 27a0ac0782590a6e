import { loadCaptured, saveCaptured } from '../../src/store/captured-migrations.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 22, 13, minute));
const file = (fileHash: string) => ({ name: '1_a', fileHash, up: `select '${fileHash}'`, down: 'select 1' });

describe('captured migrations', () => {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = await createTestDatabase();
    store = openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  const save = (minute: number, hash: string) => saveCaptured(store, 'shop', [file(hash)], at(minute));

  it('are all kept, with the times at which each became the current one', async () => {
    await save(1, 'old');
    await save(2, 'old');
    await save(3, 'edited');
    await save(4, 'edited');
    expect(await loadCaptured(store, 'shop')).toEqual([
      { ...file('edited'), capturedAt: [at(3)] },
      { ...file('old'), capturedAt: [at(1)] },
    ]);
    await save(5, 'old');
    await save(6, 'old');
    expect(await loadCaptured(store, 'shop')).toEqual([
      { ...file('old'), capturedAt: [at(1), at(5)] },
      { ...file('edited'), capturedAt: [at(3)] },
    ]);
    expect(await loadCaptured(store, 'other')).toEqual([]);
  });
});
