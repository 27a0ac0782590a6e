import { isSomebodyUnheard, receive, settle } from '../../src/store/inbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-11-22T14:00:00Z');

describe('who waits to be heard', () => {
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
