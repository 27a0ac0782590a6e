import { loadMonitor, saveMonitor } from '../../src/store/monitors.ts';
import {
  enqueue,
  nextOf,
  pendingLanes,
  settleLater,
  settleRefused,
  settleSent,
} from '../../src/store/outbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { schedule } from '../../src/store/timers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const now = new Date('2026-03-01T10:00:00Z');
const say = (incident: number, text: string) =>
  ({ kind: 'say', to: { kind: 'incident', id: incident }, text }) as const;

describe('the outbox, timers and monitors in the store', () => {
  let database: TestDatabase;
  let store: Store;
  beforeEach(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it('keeps effects in the order in which they were decided, lane by lane', async () => {
    const texts = Array.from({ length: 50 }, (_, position) => `${position}`);
    await enqueue(
      store,
      texts.map((text, position) => say(position % 2, text)),
      now,
    );
    const { rows } = await store.query<{ text: string }>(
      `select effect->>'text' as text from outbox order by id`,
    );
    expect(rows.map(({ text }) => text)).toEqual(texts);
    expect([...(await pendingLanes(store, now))].sort()).toEqual(['incident:0', 'incident:1']);
    expect(await nextOf(store, 'incident:1', now)).toEqual({
      id: 2,
      lane: 'incident:1',
      effectId: expect.any(String) as string,
      effect: say(1, '1'),
      attempts: 0,
      createdAt: now,
    });
  });

  it('announces work when it is committed, and only then', async () => {
    const client = store.dedicated();
    const heard: string[] = [];
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await client.connect();
    await client.query('listen firebreak_work');
    await store.transaction(async (tx) => {
      await enqueue(tx, [say(1, 'a'), say(1, 'b')], now);
      await schedule(tx, [
        {
          key: 'escalation-due:2:1:1:wait',
          kind: 'escalation-due',
          dueAt: now,
          payload: { incident: 2, escalation: 1, level: 1 },
        },
      ]);
      await client.query('select 1');
      expect(heard).toEqual([]);
    });
    await eventually(() => heard.length === 2);
    expect(heard.sort()).toEqual(['incident:1', 'incident:2']);
    await client.end();
  });

  it('refuses the outcomes of an old epoch', async () => {
    await enqueue(store, [say(1, 'a')], now);
    await store.query(`insert into leases (kind, key, epoch) values ('outbox', 'incident:1', 5)`);
    const row = await eventually(() => nextOf(store, 'incident:1', now));
    const lease = (epoch: number) => ({ kind: 'outbox', key: 'incident:1', epoch });
    expect(await settleSent(store, lease(4), row, now)).toBe(false);
    expect(await settleRefused(store, lease(4), row, now, 'no')).toBe(false);
    expect(await nextOf(store, 'incident:1', now)).toEqual(row);
    expect(await settleSent(store, lease(5), row, now)).toBe(true);
    expect(await nextOf(store, 'incident:1', now)).toBeUndefined();
  });

  it('holds back a lane that has to wait, whoever found that out', async () => {
    await enqueue(store, [say(1, 'a')], now);
    await store.query(`insert into leases (kind, key, epoch) values ('outbox', 'incident:1', 5)`);
    const row = await eventually(() => nextOf(store, 'incident:1', now));
    const later = new Date(now.getTime() + 5000);
    await settleLater(store, { kind: 'outbox', key: 'incident:1', epoch: 5 }, row, later, null);
    expect(await nextOf(store, 'incident:1', now)).toBeUndefined();
    expect(await nextOf(store, 'incident:1', later)).toEqual(row);
  });

  it('keeps what a monitor remembers, and refuses what a late look writes', async () => {
    const first = { name: 'orders', target: 'shop', revision: 0, checkedAt: now, failures: 0, greens: 0 };
    expect(await saveMonitor(store, first)).toBe(true);
    expect(await saveMonitor(store, first)).toBe(false);
    const memory = { commits: 3, lately: [{ at: 1 }] };
    const seen = { redSince: now, greens: 2, greenSince: now, proposal: 3, told: 4, greenAt: now, memory };
    const red = { ...first, revision: 1, failures: 1, ...seen };
    expect(await saveMonitor(store, red)).toBe(true);
    expect(await loadMonitor(store, 'orders')).toEqual({ ...red, revision: 2 });
    expect(await saveMonitor(store, { ...first, revision: 2 })).toBe(true);
    expect(await loadMonitor(store, 'orders')).toEqual({ ...first, revision: 3 });
  });
});
