import { advanceableClock, systemClock } from '../../src/jobs/clock.ts';
import { createTicks, insertSlot, isCron, slotOf } from '../../src/jobs/ticks.ts';
import { escalationDue, monitorTick, type TimerHandler, timersWorker } from '../../src/jobs/timers.ts';
import { silentLogger } from '../../src/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { schedule } from '../../src/store/timers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startInstance } from './support.ts';

describe('timers', () => {
  let database: TestDatabase;
  let store: Store;
  let instances: Instance[];
  beforeEach(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
    instances = [];
  });
  afterEach(async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
    await store.close();
    await database.drop();
  });

  const start = (handlers: Readonly<Record<string, TimerHandler>>): Instance => {
    const instance = startInstance(database.url, ({ store, clock }) => [
      timersWorker({ store, clock, log: silentLogger, handlers }),
    ]);
    instances.push(instance);
    return instance;
  };
  const waitOf = (incident: number, escalation: number, dueAt: Date) =>
    ({
      key: `escalation-due:${incident}:${escalation}:1:wait`,
      kind: 'escalation-due',
      dueAt,
      payload: { incident, escalation, level: 1 },
    }) as const;
  const open = async (): Promise<number> =>
    (await store.query('select key from timers where done_at is null')).rows.length;

  it('happen when they are due, once over two instances', async () => {
    const told: string[] = [];
    const app = {
      escalationDue: (incident: number, escalation: number, level: number) => {
        told.push(`${incident}/${escalation}/${level}`);
        return Promise.resolve();
      },
    };
    const handlers = {
      'escalation-due': escalationDue(app, {
        waits: () => Promise.resolve(false),
        now: () => systemClock.now(),
      }),
    };
    const all = [start(handlers), start(handlers)];
    const due = new Date(systemClock.now().getTime() + 300_000);
    const timers = [1, 2, 3].flatMap((incident) => [1, 2].map((number) => waitOf(incident, number, due)));
    await schedule(store, timers);
    await schedule(store, timers);
    expect(told).toEqual([]);
    for (const instance of all) instance.clock.advance(300_000);
    await eventually(async () => (await open()) === 0);
    expect(told.sort()).toEqual(timers.map(({ payload }) => `${payload.incident}/${payload.escalation}/1`));
  });

  it('page no next level while something waits that may be the answer, for 30 s at most', async () => {
    let [waits, paged] = [true, 0];
    const app = { escalationDue: () => Promise.resolve(paged++).then(() => undefined) };
    const unheard = { waits: () => Promise.resolve(waits), now: () => instance.clock.now() };
    const instance: Instance = start({ 'escalation-due': (...it) => escalationDueOf(...it) });
    const escalationDueOf = escalationDue(app, unheard);
    const held = async (key: string): Promise<boolean> =>
      (await store.query('select from timers where key = $1 and not_before > due_at and attempts = 0', [key]))
        .rowCount === 1;
    const [one, other] = [1, 2].map((number) => waitOf(number, 1, instance.clock.now()));
    if (!one || !other) throw new Error('there are two');
    await schedule(store, [one]);
    await eventually(() => held(one.key));
    expect(paged).toBe(0);
    waits = false;
    instance.clock.advance(1000);
    await eventually(async () => (await open()) === 0);
    expect(paged).toBe(1);
    waits = true;
    await schedule(store, [other]);
    await eventually(() => held(other.key));
    instance.clock.advance(29_000);
    expect(paged).toBe(1);
    instance.clock.advance(2000);
    await eventually(async () => (await open()) === 0);
    expect(paged).toBe(2);
  });

  it('stay due when their handler throws, and keep no other waiting', async () => {
    let [failures, done] = [2, 0];
    const instance = start({
      'escalation-due': ({ payload }) => {
        if (payload['escalation'] === 1 && failures-- > 0) return Promise.reject(new Error('no luck'));
        done++;
        return Promise.resolve();
      },
    });
    await schedule(store, [waitOf(1, 1, systemClock.now()), waitOf(1, 2, systemClock.now())]);
    await eventually(async () => (await open()) === 1);
    expect(done).toBe(1);
    const { rows } = await store.query('select key, error from timers where done_at is null');
    expect(rows).toEqual([{ key: 'escalation-due:1:1:1:wait', error: 'no luck' }]);
    await eventually(async () => {
      instance.clock.advance(30_000);
      return (await open()) === 0;
    });
    expect(done).toBe(2);
  });

  it('of a kind that is not known are kept', async () => {
    await store.query(
      `insert into timers (key, kind, lane, payload, due_at) values ('k', 'newer', 'l', '{}', $1)`,
      [systemClock.now()],
    );
    start({});
    await eventually(
      async () =>
        (await store.query('select attempts from timers where attempts > 0 and done_at is null')).rows.length,
    );
  });

  it('of missed slots are skipped but for the newest', async () => {
    const clock = advanceableClock();
    for (const slot of ['a', 'b', 'c']) {
      await insertSlot('orders', slot, { db: store, clock });
      clock.advance(10_000);
    }
    const ticks: number[] = [];
    const monitors = new Map([['orders', { tick: () => Promise.resolve(ticks.push(1)) }]]);
    start({ monitor: monitorTick(monitors) }).clock.advance(60_000);
    await eventually(async () => (await open()) === 0);
    expect(ticks).toHaveLength(1);
    const { rows } = await store.query(`select key from timers where error is null`);
    expect(rows).toEqual([{ key: 'monitor:orders:c' }]);
  });
});

describe('a monitor that is slower than its interval', () => {
  it('skips the slots that it missed meanwhile, and goes on with the newest', async () => {
    const database = await createTestDatabase('store');
    const store = openStore(database.url);
    const [first, ...later] = ['a', 'b', 'c', 'd'].map((slot, index) => [slot, index * 1000] as const);
    const start = systemClock.now().getTime();
    const at = (ms: number) => ({ db: store, clock: { now: () => new Date(start + ms - 10_000) } });
    await insertSlot('orders', first?.[0] ?? '', at(0));
    let looks = 0;
    const tick = async () => {
      looks += 1;
      if (looks === 1) for (const [slot, ms] of later) await insertSlot('orders', slot, at(ms));
    };
    const instance = startInstance(database.url, ({ store, clock }) => [
      timersWorker({
        store,
        clock,
        log: silentLogger,
        handlers: { monitor: monitorTick(new Map([['orders', { tick }]])) },
      }),
    ]);
    const sql = 'select key, error from timers where done_at is not null order by key';
    const done = await eventually(async () => {
      const { rows } = await store.query<{ key: string; error: string | null }>(sql);
      return rows.length === 4 && rows;
    });
    expect(done.map(({ key, error }) => `${key} ${error ?? 'looked'}`)).toEqual([
      'monitor:orders:a looked',
      'monitor:orders:b missed',
      'monitor:orders:c missed',
      'monitor:orders:d looked',
    ]);
    expect(looks).toBe(2);
    await instance.stop();
    await store.close();
    await database.drop();
  });
});

describe('ticks', () => {
  it('know the expressions that they can tick by', () => {
    const sound = ['* * * * *', '*/15 * * * * *', '0 9 * * mon'];
    const wrong = ['', '* * * *', '* * * * * * *', '61 * * * *', 'every minute', '@daily'];
    expect([...sound, ...wrong].filter(isCron)).toEqual(sound);
  });

  it('name the same slot in every instance', () => {
    const now = new Date('2026-03-01T10:00:17.900Z');
    expect(slotOf({ everySeconds: 10 }, now, now)).toBe('2026-03-01T10:00:10Z');
    expect(slotOf({ everySeconds: 90 }, now, now)).toBe('2026-03-01T10:00:00Z');
    expect(slotOf({ cron: '*/5 * * * * *' }, new Date('2026-03-01T10:00:15.004Z'), now)).toBe(
      '2026-03-01T10:00:15Z',
    );
  });

  it('insert each slot once, however many instances tick', async () => {
    const database = await createTestDatabase('store');
    const store = openStore(database.url);
    const options = {
      db: store,
      clock: systemClock,
      log: silentLogger,
      monitors: [
        { name: 'orders', schedule: { everySeconds: 1 } },
        { name: 'cron', schedule: { cron: '* * * * * *' } },
      ],
    };
    const [one, two] = [createTicks(options), createTicks(options)];
    one.start();
    two.start();
    const keys = await eventually(async () => {
      const { rows } = await store.query<{ key: string }>('select key from timers');
      return rows.length >= 5 ? rows.map(({ key }) => key) : undefined;
    });
    expect(keys.every((key) => /^monitor:(orders|cron):\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(key))).toBe(
      true,
    );
    const seconds = new Set(keys.map((key) => key.slice(-20)));
    expect(keys.length).toBeLessThanOrEqual(2 * seconds.size);
    await Promise.all([one.stop(), two.stop()]);
    await store.close();
    await database.drop();
  });
});
