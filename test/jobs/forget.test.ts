import { inboxWorker } from '../../src/jobs/assemble.ts';
import { advanceableClock } from '../../src/jobs/clock.ts';
import type { Lease } from '../../src/jobs/lease.ts';
import { listChanges, saveChange } from '../../src/store/changes.ts';
import { receive, settle } from '../../src/store/inbox.ts';
import { enqueue } from '../../src/store/outbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { say } from './support.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('what is settled', () => {
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

  const left = async () => {
    const { rows } = await store.query<{ inbox: number; outbox: number }>(
      'select (select count(*) from inbox) as inbox, (select count(*) from outbox) as outbox',
    );
    return rows[0];
  };

  it('is deleted after 7 days, looked for once an hour; what is not settled stays', async () => {
    const clock = advanceableClock();
    const at = clock.now();
    for (const key of ['done', 'open']) {
      await receive(store, { key, kind: 'event', payload: {}, receivedAt: at });
      await enqueue(store, [say(1, key)], at);
    }
    await settle(store, 'done', 'done', at);
    await store.query(`update outbox set state = 'sent', settled_at = $1 where effect->>'text' = 'done'`, [
      at,
    ]);
    let replays = 0;
    const replay = { isDue: () => false, work: () => Promise.resolve(replays++).then(nothing) };
    const worker = inboxWorker({ store, clock, replay });
    const work = () => worker.work('inbox', {} as Lease, new AbortController().signal);

    clock.advance(7 * DAY - HOUR / 2);
    await work();
    expect(await left()).toEqual({ inbox: 2, outbox: 2 });
    clock.advance(HOUR / 2 + 1000);
    await work();
    expect(await left()).toEqual({ inbox: 2, outbox: 2 });
    clock.advance(HOUR / 2);
    await work();
    expect(await left()).toEqual({ inbox: 1, outbox: 1 });
    expect(replays).toBe(3);
    const { rows } = await store.query('select key from inbox');
    expect(rows).toEqual([{ key: 'open' }]);
  });

  it('is replayed each 5 s, and at once when that is due', async () => {
    const clock = advanceableClock();
    let isDue = false;
    const worker = inboxWorker({
      store,
      clock,
      replay: { isDue: () => isDue, work: () => Promise.resolve() },
    });
    expect(await worker.due()).toEqual(['inbox']);
    expect(await worker.due()).toEqual([]);
    isDue = true;
    expect(await worker.due()).toEqual(['inbox']);
    isDue = false;
    clock.advance(4000);
    expect(await worker.due()).toEqual([]);
    clock.advance(1000);
    expect(await worker.due()).toEqual(['inbox']);
  });

  it('a reported change goes after 90 days, counted from when it came in', async () => {
    const clock = advanceableClock();
    const at = new Date(clock.now().getTime() - 365 * DAY);
    const change = { source: 'http', externalId: '1', kind: 'deploy', title: 'v1', at } as const;
    await saveChange(store, change, { services: [], targets: [] }, clock.now());
    const worker = inboxWorker({
      store,
      clock,
      replay: { isDue: () => false, work: () => Promise.resolve() },
    });
    const kept = async (): Promise<number> => {
      await worker.work('inbox', {} as Lease, new AbortController().signal);
      return (await listChanges(store, { since: new Date(0) }, 10)).length;
    };
    clock.advance(90 * DAY - HOUR / 2);
    expect(await kept()).toBe(1);
    clock.advance(HOUR);
    expect(await kept()).toBe(0);
  });
});

const nothing = (): void => undefined;
