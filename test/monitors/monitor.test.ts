import type { Sighting } from '../../src/domain/record.ts';
import type { AppliedMigration } from '../../src/domain/sweep.ts';
import { advanceableClock, systemClock } from '../../src/jobs/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { MonitorPorts } from '../../src/monitors/contract.ts';
import type { Look, Looked, Symptom } from '../../src/monitors/look.ts';
import { createMonitor } from '../../src/monitors/monitor.ts';
import { suspect } from '../../src/monitors/suspicion.ts';
import { loadMonitor, saveMonitor } from '../../src/store/monitors.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const broken: Symptom = {
  key: 'probe:status',
  error: 'column s.state does not exist',
  sqlstate: '42703',
  relations: ['orders', 'order_status'],
};
const locked: Symptom = { ...broken, sqlstate: '55P03', error: 'lock timeout' };
const full: Symptom = { key: 'check:connections', error: '98 of 100 connections are in use', relations: [] };
const GREEN: Looked = { symptoms: [] };
const UNEASY: Looked = { symptoms: [], uneasy: true };
const red = (...symptoms: readonly Symptom[]): Looked => ({ symptoms });

describe('a monitor', () => {
  let database: TestDatabase;
  let store: Store;
  let sees: Look;
  let migrations: () => Promise<readonly AppliedMigration[]>;
  let proposed: Sighting[];
  let told: string[];
  const start = new Date('2026-03-01T10:00:00Z');
  const clock = advanceableClock({ now: () => start });

  beforeAll(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });
  beforeEach(async () => {
    await store.query('delete from monitors');
    [proposed, told, begun] = [[], [], clock.now()];
    sees = () => Promise.resolve(GREEN);
    migrations = () => Promise.resolve([]);
  });

  interface Options {
    readonly timeoutMs?: number;
    readonly clear?: number;
    readonly ports?: Partial<MonitorPorts>;
  }
  const make = ({ ports, clear = 1, ...options }: Options = {}) =>
    createMonitor(
      {
        name: 'orders',
        target: 'shop',
        service: 'order-status',
        schedule: { everySeconds: 10 },
        look: { kind: 'probes' },
        for: 3,
        clear,
        ...options,
      },
      (memory, signal) => sees(memory, signal),
      {
        now: () => clock.now(),
        memory: { load: (name) => loadMonitor(store, name), save: (state) => saveMonitor(store, state) },
        recentMigrations: () => migrations(),
        propose: (sighting) => Promise.resolve(proposed.push(sighting)),
        revise: (proposal, { sqlstate, error }) =>
          Promise.resolve(void told.push(`revised ${proposal}: ${sqlstate} ${error}`)),
        onGreen: (proposal, at) => Promise.resolve(void told.push(`green ${proposal} ${after(at)}`)),
        onRedAgain: (proposal) => Promise.resolve(void told.push(`red again ${proposal}`)),
        ...ports,
      },
      silentLogger,
    );
  let begun = start;
  const after = (at: Date): string => `after ${(at.getTime() - begun.getTime()) / 1000} s`;
  /** What each look sees, one after the other. */
  const through = async (monitor: ReturnType<typeof make>, looks: readonly Looked[]): Promise<string[]> => {
    const kinds: string[] = [];
    for (const each of looks) {
      sees = () => Promise.resolve(each);
      kinds.push(...(await look(monitor)));
    }
    return kinds;
  };
  const look = async (monitor: ReturnType<typeof make>, times = 1): Promise<string[]> => {
    const kinds: string[] = [];
    for (let time = 0; time < times; time++) {
      clock.advance(10_000);
      kinds.push((await monitor.tick()).kind);
    }
    return kinds;
  };

  it('proposes once after three failures in a row, naming what was applied before, and tells green', async () => {
    const monitor = make();
    expect(await look(monitor, 2)).toEqual(['same', 'same']);
    const applied = clock.now();
    migrations = () =>
      Promise.resolve([
        { name: '1_older', appliedAt: new Date(applied.getTime() - 1000), xid: '7' },
        { name: '2_guilty', appliedAt: applied, xid: '8' },
        { name: '3_unknown', xid: '9' },
      ]);
    sees = () => Promise.resolve(red(locked));
    expect(await look(monitor, 5)).toEqual(['red', 'same', 'proposed', 'same', 'same']);
    expect(proposed).toEqual([
      {
        monitor: 'orders',
        target: 'shop',
        service: 'order-status',
        sqlstate: '55P03',
        error: 'lock timeout',
        relations: ['orders', 'order_status'],
        migration: { name: '2_guilty', appliedAt: applied },
        firstFailedAt: new Date(applied.getTime() + 10_000),
        next: 'db blocking shop',
      },
    ]);
    sees = () => Promise.resolve(GREEN);
    expect(await look(monitor, 2)).toEqual(['green', 'same']);
    expect(told).toEqual(['green 1 after 80 s']);
  });

  it('a table that was only locked at first is told once more when its schema proves to be broken', async () => {
    const monitor = make();
    sees = () => Promise.resolve(red(locked));
    expect(await look(monitor, 3)).toEqual(['red', 'same', 'proposed']);
    sees = () =>
      Promise.resolve(red(locked, { ...broken, sqlstate: '42883', error: 'operator does not exist' }));
    await look(monitor, 3);
    expect(told).toEqual(['revised 1: 42883 operator does not exist']);
  });

  it('waits for no second look where a schema does not fit, or data are broken', async () => {
    for (const sqlstate of ['42703', 'XX001']) {
      sees = () => Promise.resolve(red({ ...broken, sqlstate }));
      expect(await look(make())).toEqual(['proposed']);
      sees = () => Promise.resolve(GREEN);
      expect(await look(make())).toEqual(['green']);
    }
    expect(told).toEqual(['green 1 after 20 s', 'red again 1', 'green 2 after 40 s']);
  });

  it('tells the earlier proposal when it is red again, and proposes anew', async () => {
    const monitor = make();
    sees = () => Promise.resolve(red(locked));
    await look(monitor, 3);
    sees = () => Promise.resolve(GREEN);
    await look(monitor);
    sees = () => Promise.resolve(red(locked));
    expect(await look(monitor, 3)).toEqual(['red', 'same', 'proposed']);
    expect(told).toEqual(['green 1 after 40 s', 'red again 1']);
    expect(proposed).toHaveLength(2);
  });

  it('leaves a new red period to the earlier proposal whose incident is still open', async () => {
    const monitor = make({ ports: { onRedAgain: () => Promise.resolve(true) } });
    const period = [red(locked), red(locked), red(locked), GREEN];
    await through(monitor, [...period, ...period]);
    expect(proposed).toHaveLength(1);
    expect(told).toEqual(['green 1 after 40 s', 'green 1 after 80 s']);
  });

  it('keeps quiet about what passes by itself', async () => {
    const monitor = make();
    sees = () => Promise.resolve(red(locked));
    await look(monitor, 2);
    sees = () => Promise.resolve(GREEN);
    expect(await look(monitor)).toEqual(['green']);
    sees = () => Promise.resolve(red(locked));
    await look(monitor, 2);
    expect([proposed, told]).toEqual([[], []]);
  });

  it('goes on counting after a restart', async () => {
    sees = () => Promise.resolve(red(locked));
    await look(make(), 2);
    expect(await look(make(), 2)).toEqual(['proposed', 'same']);
  });

  it('names the relation of the error, and no migration of the day before or of unknown time', async () => {
    const old = new Date(clock.now().getTime() - 61 * 60_000);
    migrations = () =>
      Promise.resolve([
        { name: '1_old', appliedAt: old, xid: '7' },
        { name: '2_unknown', xid: '8' },
      ]);
    const missing = { ...broken, sqlstate: '42P01', error: 'relation "order_status" does not exist' };
    sees = () => Promise.resolve(red({ ...locked, relations: [] }, missing));
    await look(make(), 3);
    expect(proposed).toMatchObject([{ sqlstate: '42P01', relations: ['order_status'] }]);
    expect(proposed[0]).not.toHaveProperty('migration');
  });

  it('suspects a migration whose tool noted its time after the lock that was seen first', async () => {
    sees = () => Promise.resolve(red(locked));
    await look(make());
    const late = { name: '2_guilty', appliedAt: new Date(clock.now().getTime() + 8000), xid: '8' };
    migrations = () => Promise.resolve([late]);
    sees = () => Promise.resolve(red(broken));
    expect(await look(make())).toEqual(['proposed']);
    expect(proposed).toMatchObject([{ migration: { name: '2_guilty' }, next: 'rollback 2_guilty shop' }]);
  });

  it('when it sees something more telling, suspects what was applied before that', async () => {
    const revised: Sighting[] = [];
    const monitor = make({
      ports: { revise: (_proposal, sighting) => Promise.resolve(revised.push(sighting)) },
    });
    sees = () => Promise.resolve(red(full));
    await look(monitor, 3);
    clock.advance(3 * 3_600_000);
    const applied = clock.now();
    migrations = () => Promise.resolve([{ name: '2_guilty', appliedAt: applied, xid: '8' }]);
    sees = () => Promise.resolve(red(full, broken));
    await look(monitor);
    expect(revised).toMatchObject([{ migration: { name: '2_guilty' }, next: 'rollback 2_guilty shop' }]);
  });

  it('blames no migration for bad data of several tables, whatever the example of them names', async () => {
    const bad: Symptom = {
      key: 'errors:23514',
      error: 'Bad data; 40 errors within a minute, such as: new row for relation "orders" violates a check',
      sqlstate: '23514',
      relations: ['orders', 'order_status'],
    };
    const applied = clock.now();
    migrations = () => Promise.resolve([{ name: '1_innocent', appliedAt: applied, xid: '7' }]);
    sees = () => Promise.resolve(red(bad));
    await look(make(), 3);
    expect(proposed).toMatchObject([{ relations: ['orders', 'order_status'], next: 'db recent-ddl shop' }]);
  });

  it('of a page names no target: there is none to be swept', () => {
    const page = {
      name: 'checkout',
      schedule: { everySeconds: 10 },
      look: { kind: 'http', url: 'https://shop.example.com/health', status: 200 },
      for: 3,
      clear: 3,
    } as const;
    const symptom = { key: 'http:x', error: 'https://shop.example.com/health answers 503', relations: [] };
    const times = { firstFailedAt: start, seenAt: start };
    expect(suspect(page, [symptom], [], times)).toEqual({
      monitor: 'checkout',
      error: symptom.error,
      relations: [],
      firstFailedAt: start,
    });
  });

  it('proposes when the target cannot be asked, even when its history cannot be read', async () => {
    sees = () => Promise.reject(new Error('connect ECONNREFUSED'));
    migrations = () => Promise.reject(new Error('locked'));
    await look(make(), 3);
    expect(proposed).toMatchObject([{ error: 'cannot be asked: connect ECONNREFUSED', relations: [] }]);
  });

  it('counts a look without answer as failed, and begins no second one beside it', async () => {
    let asked = 0;
    sees = () => {
      asked++;
      return new Promise(() => undefined);
    };
    await look(make({ timeoutMs: 20 }), 3);
    expect(asked).toBe(1);
    expect(proposed).toHaveLength(1);
  });

  it('neither writes nor proposes over what another process has seen since', async () => {
    sees = () => Promise.resolve(red(locked));
    await look(make(), 2);
    sees = async () => {
      sees = () => Promise.resolve(GREEN);
      await look(make());
      return red(locked);
    };
    await expect(look(make())).rejects.toThrow('Another process');
    expect(proposed).toEqual([]);
  });

  it('leaves everything as it was when its lease is lost meanwhile', async () => {
    sees = () => Promise.resolve(red(broken));
    expect(await make().tick(AbortSignal.abort())).toEqual({ kind: 'same', color: 'green' });
    expect(await loadMonitor(store, 'orders')).toBeUndefined();
  });

  it('is proposed again rather than forgotten when proposing fails', async () => {
    sees = () => Promise.resolve(red(locked));
    await look(make(), 2);
    const failing = make({ ports: { propose: () => Promise.reject(new Error('store away')) } });
    await expect(look(failing)).rejects.toThrow('store away');
    expect(await look(make())).toEqual(['proposed']);
  });

  it('is green again after so many green looks in a row, since the first of them, over restarts', async () => {
    const one = [red(locked), red(locked), red(locked), GREEN, GREEN, red(locked), GREEN];
    expect(await through(make({ clear: 3 }), one)).toEqual([
      'red',
      'same',
      'proposed',
      ...Array.from({ length: 4 }, () => 'same'),
    ]);
    expect(told).toEqual([]);
    expect(await through(make({ clear: 3 }), [GREEN, GREEN, GREEN])).toEqual(['same', 'green', 'same']);
    expect(told).toEqual(['green 1 after 70 s']);
  });

  it('takes what is only uneasy for neither', async () => {
    const monitor = make({ clear: 2 });
    expect(await through(monitor, [UNEASY, red(full), UNEASY, red(full), UNEASY, red(full)])).toEqual([
      'same',
      'red',
      'same',
      'same',
      'same',
      'proposed',
    ]);
    expect(await through(monitor, [GREEN, UNEASY, GREEN, UNEASY, GREEN, GREEN])).toEqual([
      ...Array.from({ length: 5 }, () => 'same'),
      'green',
    ]);
    expect(told).toEqual(['green 1 after 110 s']);
  });

  it('tells once of each symptom that is more telling than what was told, also after a restart', async () => {
    const corrupt = { ...broken, sqlstate: 'XX001', error: 'invalid page' };
    sees = () => Promise.resolve(red(full));
    await look(make(), 4);
    for (const symptom of [locked, corrupt, broken, locked]) {
      sees = () => Promise.resolve(red(full, symptom));
      await look(make(), 2);
    }
    expect(proposed).toMatchObject([{ error: full.error }]);
    expect(told).toEqual([
      'revised 1: 55P03 lock timeout',
      'revised 1: XX001 invalid page',
      'revised 1: 42703 column s.state does not exist',
    ]);
  });

  it('proposes anew what is more telling when the incident of what was told is closed', async () => {
    const closed = make({ ports: { revise: () => Promise.resolve(false) } });
    sees = () => Promise.resolve(red(full));
    await look(closed, 3);
    sees = () => Promise.resolve(red(full, broken));
    expect(await look(closed, 2)).toEqual(['proposed', 'same']);
    expect(proposed).toMatchObject([{ error: full.error }, { error: broken.error }]);
    expect(proposed[1]?.firstFailedAt).toEqual(new Date(begun.getTime() + 40_000));
    sees = () => Promise.resolve(GREEN);
    await look(closed);
    expect(told).toEqual(['green 2 after 60 s']);
  });

  it('that is held back asks again with each red look, and says nothing of the end', async () => {
    let asked = 0;
    const monitor = make({
      ports: {
        propose: () => {
          asked++;
          return Promise.resolve(undefined);
        },
      },
    });
    expect(await through(monitor, [red(full), red(full), red(full), red(full), GREEN])).toEqual([
      'red',
      'same',
      'same',
      'same',
      'green',
    ]);
    expect(asked).toBe(2);
    expect(told).toEqual([]);
    expect(await look(make())).toEqual(['same']);
  });

  it('gives each look what the last one left, in whichever process; one that fails leaves it', async () => {
    const given: unknown[] = [];
    sees = (memory) => {
      given.push(memory);
      return given.length === 2
        ? Promise.reject(new Error('gone'))
        : Promise.resolve({ symptoms: [], memory: { looks: given.length } });
    };
    for (let time = 0; time < 4; time++) await look(make());
    expect(given).toEqual([undefined, { looks: 1 }, { looks: 1 }, { looks: 3 }]);
  });

  it('says what helps with the symptom that it tells of', async () => {
    sees = () => Promise.resolve(red({ ...full, next: 'run connections-exhausted target=shop' }));
    await look(make(), 3);
    expect(proposed).toMatchObject([{ next: 'run connections-exhausted target=shop' }]);
  });

  it('says what a SQLSTATE leads to: the rollback of the migration that is suspected, before all else', async () => {
    sees = () => Promise.resolve(red(locked));
    await look(make(), 3);
    const applied = clock.now();
    migrations = () => Promise.resolve([{ name: '2_guilty', appliedAt: applied, xid: '8' }]);
    sees = () => Promise.resolve(red({ ...broken, next: 'db migrations shop' }));
    await store.query('delete from monitors');
    await look(make(), 3);
    expect(proposed).toMatchObject([{ next: 'db blocking shop' }, { next: 'rollback 2_guilty shop' }]);
  });

  it('has a clock that goes by itself unless told', () => {
    expect(Math.abs(systemClock.now().getTime() - advanceableClock().now().getTime())).toBeLessThan(1000);
  });
});
