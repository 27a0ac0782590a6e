import type { Worker } from '../../src/jobs/crew.ts';
import { createDrain } from '../../src/jobs/drain.ts';
import { openLeases } from '../../src/jobs/lease.ts';
import { createLogger, silentLogger } from '../../src/log.ts';
import { openStore } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createSilentProxy } from '../support/silent-proxy.ts';
import { gate, type Instance, startInstance, terminate } from './support.ts';

describe('the drain loop', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase('store');
  });
  afterAll(() => database.drop());

  it('reaches every key although only a few are worked on at a time', async () => {
    const left = new Set(Array.from({ length: 20 }, (_, key) => `k${key}`));
    let [now, most] = [0, 0];
    const instance = start({
      name: 'bounded',
      concurrency: 3,
      due: () => Promise.resolve([...left]),
      async work(key) {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
        left.delete(key);
      },
    });
    await eventually(() => left.size === 0);
    expect(most).toBeLessThanOrEqual(3);
    await instance.stop();
  });

  it('looks at once at what a key has left', async () => {
    let left = 20;
    const began = performance.now();
    const instance = start({
      name: 'left',
      due: () => Promise.resolve(left > 0 ? ['key'] : []),
      work: () => Promise.resolve(left--).then(nothing),
    });
    await eventually(() => left === 0);
    // By the poll alone these 20 rounds would take 2 s.
    expect(performance.now() - began).toBeLessThan(1500);
    await instance.stop();
  });

  it('serves the others when one cannot look or fails, and logs it once', async () => {
    const lines: string[] = [];
    const log = createLogger({ destination: { write: (line) => void lines.push(line) } });
    let served = 0;
    const instance = startInstance(
      database.url,
      () => [
        { name: 'blind', due: () => Promise.reject(new Error('no view')), work: () => Promise.resolve() },
        {
          name: 'broken',
          due: () => Promise.resolve(['x']),
          work: () => Promise.reject(new Error('no luck')),
        },
        {
          name: 'sound',
          due: () => Promise.resolve(['y']),
          work: () => Promise.resolve(served++).then(nothing),
        },
      ],
      { log },
    );
    await eventually(() => served > 20);
    expect(lines.filter((line) => line.includes('no view'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('no luck'))).toHaveLength(1);
    await instance.stop();
  });

  it('listens again after its connection was lost', async () => {
    let due: string[] = [];
    const worked: string[] = [];
    const instance = start({
      name: 'announced',
      due: () => Promise.resolve(due.splice(0)),
      work: (key) => Promise.resolve(void worked.push(key)),
    });
    const listeners = async (): Promise<number> =>
      (
        await instance.store.query(
          `select pid from pg_stat_activity
           where datname = current_database() and application_name = 'firebreak-listen'`,
        )
      ).rows.length;
    await eventually(async () => (await listeners()) === 1);
    await terminate(instance.store, 'firebreak-listen');
    await eventually(async () => (await listeners()) === 1);
    due = ['heard'];
    await instance.store.query(`select pg_notify('firebreak_work', '')`);
    await eventually(() => worked.includes('heard'));
    await instance.stop();
  });

  it('waits for what is running when it is stopped, and says so to it', async () => {
    const began = gate();
    let ended = false;
    const instance = start({
      name: 'long',
      due: () => Promise.resolve(['key']),
      async work(_key, _lease, stopping) {
        began.open();
        await eventually(() => stopping.aborted);
        ended = true;
      },
    });
    await began.opened;
    await instance.stop();
    expect(ended).toBe(true);
  });

  it('tells each work by a signal of its own, so that nothing is kept of those that have ended', async () => {
    const told = new Set<AbortSignal>();
    let left = 3;
    const instance = start({
      name: 'told',
      due: () => Promise.resolve(left > 0 ? ['key'] : []),
      work(_key, _lease, stopping) {
        left -= 1;
        told.add(stopping);
        return Promise.resolve();
      },
    });
    await eventually(() => left === 0);
    await instance.stop();
    expect(told.size).toBe(3);
  });

  it('goes on after the host of the store was silent for a while', async () => {
    const proxy = await createSilentProxy(database.url);
    const store = openStore(proxy.through(database.url), undefined, 300);
    const leases = openLeases(store, silentLogger);
    let worked = 0;
    const worker: Worker = {
      name: 'silenced',
      due: async () => (await store.query<{ key: string }>(`select 'key' as key`)).rows.map(({ key }) => key),
      work: async () => {
        await store.query('select 1');
        worked++;
      },
    };
    const drain = createDrain({ store, leases, log: silentLogger, workers: [worker], pollMs: 50 });
    drain.start();
    await eventually(() => worked > 2);
    proxy.fallSilent();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = worked;
    proxy.comeBack();
    // The lease connection notices by its own limit of 5 s.
    await eventually(() => worked > before + 2, { within: 15_000 });
    await drain.stop();
    await leases.close();
    await store.close();
    proxy.close();
  }, 30_000);

  const start = (worker: Worker): Instance => startInstance(database.url, () => [worker]);
});

const nothing = (): void => undefined;
