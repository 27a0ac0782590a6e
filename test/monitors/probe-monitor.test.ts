import type { Sighting } from '../../src/domain/record.ts';
import type { AppliedMigration, ProbeResult } from '../../src/domain/sweep.ts';
import { advanceableClock, systemClock } from '../../src/jobs/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { MonitorPorts } from '../../src/monitors/contract.ts';
import { createProbeMonitor } from '../../src/monitors/probe-monitor.ts';
import { loadMonitor, saveMonitor } from '../../src/store/monitors.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ok: ProbeResult = { name: 'status', ok: true, took_ms: 2, relations: ['orders', 'order_status'] };
const broken: ProbeResult = {
  ...ok,
  ok: false,
  sqlstate: '42703',
  error: 'column s.state does not exist',
};

describe('the probe monitor', () => {
  let database: TestDatabase;
  let store: Store;
  let probes: () => Promise<readonly ProbeResult[]>;
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
    [proposed, told] = [[], []];
    probes = () => Promise.resolve([ok]);
    migrations = () => Promise.resolve([]);
  });

  const make = (options: { timeoutMs?: number; ports?: Partial<MonitorPorts> } = {}) =>
    createProbeMonitor(
      {
        name: 'orders',
        target: 'shop',
        service: 'order-status',
        schedule: { everySeconds: 10 },
        ...(options.timeoutMs ? { timeoutMs: options.timeoutMs } : {}),
      },
      {
        now: () => clock.now(),
        memory: { load: (name) => loadMonitor(store, name), save: (state) => saveMonitor(store, state) },
        runProbes: () => probes(),
        recentMigrations: () => migrations(),
        propose: (suspicion) => Promise.resolve(proposed.push(suspicion)),
        revise: (proposal, { sqlstate, migration }) =>
          Promise.resolve(void told.push(`revised ${proposal}: ${sqlstate} ${migration?.name}`)),
        onGreen: (proposal) => Promise.resolve(void told.push(`green ${proposal}`)),
        onRedAgain: (proposal) => Promise.resolve(void told.push(`red again ${proposal}`)),
        ...options.ports,
      },
      silentLogger,
    );
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
    probes = () => Promise.resolve([ok, broken]);
    expect(await look(monitor, 5)).toEqual(['red', 'same', 'proposed', 'same', 'same']);
    expect(proposed).toEqual([
      {
        monitor: 'orders',
        target: 'shop',
        service: 'order-status',
        sqlstate: '42703',
        error: 'column s.state does not exist',
        relations: ['orders', 'order_status'],
        migration: { name: '2_guilty', appliedAt: applied },
        firstFailedAt: new Date(applied.getTime() + 10_000),
      },
    ]);
    probes = () => Promise.resolve([ok]);
    expect(await look(monitor, 2)).toEqual(['green', 'same']);
    expect(told).toEqual(['green 1']);
  });

  it('a table that was only locked at first is told once more when its schema proves to be broken', async () => {
    const monitor = make();
    probes = () => Promise.resolve([{ ...ok, ok: false, sqlstate: '55P03', error: 'lock timeout' }]);
    expect(await look(monitor, 3)).toEqual(['red', 'same', 'proposed']);
    probes = () =>
      Promise.resolve([{ ...ok, ok: false, sqlstate: '42883', error: 'operator does not exist' }]);
    await look(monitor, 3);
    expect(told).toEqual([expect.stringMatching(/^revised 1: 42883 /)]);
  });

  it('tells the earlier proposal when it is red again, and proposes anew', async () => {
    const monitor = make();
    probes = () => Promise.resolve([broken]);
    await look(monitor, 3);
    probes = () => Promise.resolve([ok]);
    await look(monitor);
    probes = () => Promise.resolve([broken]);
    expect(await look(monitor, 3)).toEqual(['red', 'same', 'proposed']);
    expect(told).toEqual(['green 1', 'red again 1']);
    expect(proposed).toHaveLength(2);
  });

  it('leaves a new red period to the earlier proposal whose incident is still open', async () => {
    const monitor = make({ ports: { onRedAgain: () => Promise.resolve(true) } });
    for (const [state, times] of [
      [broken, 3],
      [ok, 1],
      [broken, 4],
      [ok, 1],
    ] as const) {
      probes = () => Promise.resolve([state]);
      await look(monitor, times);
    }
    expect(proposed).toHaveLength(1);
    expect(told).toEqual(['green 1', 'green 1']);
  });

  it('keeps quiet about what passes by itself', async () => {
    const monitor = make();
    probes = () => Promise.resolve([broken]);
    await look(monitor, 2);
    probes = () => Promise.resolve([ok]);
    expect(await look(monitor)).toEqual(['green']);
    probes = () => Promise.resolve([broken]);
    await look(monitor, 2);
    expect([proposed, told]).toEqual([[], []]);
  });

  it('goes on counting after a restart', async () => {
    probes = () => Promise.resolve([broken]);
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
    probes = () =>
      Promise.resolve([
        {
          ...broken,
          sqlstate: '57014',
          error: 'canceling statement due to statement timeout',
          relations: [],
        },
        { ...broken, sqlstate: '42P01', error: 'relation "order_status" does not exist' },
      ]);
    await look(make(), 3);
    expect(proposed).toMatchObject([{ sqlstate: '42P01', relations: ['order_status'] }]);
    expect(proposed[0]).not.toHaveProperty('migration');
  });

  it('proposes when the target cannot be asked, even when its history cannot be read', async () => {
    probes = () => Promise.reject(new Error('connect ECONNREFUSED'));
    migrations = () => Promise.reject(new Error('locked'));
    await look(make(), 3);
    expect(proposed).toMatchObject([{ error: 'connect ECONNREFUSED', relations: [] }]);
  });

  it('counts a look without answer as failed, and begins no second one beside it', async () => {
    let asked = 0;
    probes = () => {
      asked++;
      return new Promise(() => undefined);
    };
    await look(make({ timeoutMs: 20 }), 3);
    expect(asked).toBe(1);
    expect(proposed).toHaveLength(1);
  });

  it('neither writes nor proposes over what another process has seen since', async () => {
    probes = () => Promise.resolve([broken]);
    await look(make(), 2);
    probes = async () => {
      probes = () => Promise.resolve([ok]);
      await look(make());
      return [broken];
    };
    await expect(look(make())).rejects.toThrow('Another process');
    expect(proposed).toEqual([]);
  });

  it('leaves everything as it was when its lease is lost meanwhile', async () => {
    probes = () => Promise.resolve([broken]);
    expect(await make().tick(AbortSignal.abort())).toEqual({ kind: 'same', color: 'green' });
    expect(await loadMonitor(store, 'orders')).toBeUndefined();
  });

  it('is proposed again rather than forgotten when proposing fails', async () => {
    probes = () => Promise.resolve([broken]);
    await look(make(), 2);
    const failing = make({ ports: { propose: () => Promise.reject(new Error('store away')) } });
    await expect(look(failing)).rejects.toThrow('store away');
    expect(await look(make())).toEqual(['proposed']);
  });

  it('has a clock that goes by itself unless told', () => {
    expect(Math.abs(systemClock.now().getTime() - advanceableClock().now().getTime())).toBeLessThan(1000);
  });
});
