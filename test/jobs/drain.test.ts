import type { Worker } from '../../src/jobs/crew.ts';
import { createLogger } from '../../src/log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
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

  const start = (worker: Worker): Instance => startInstance(database.url, () => [worker]);
});

const nothing = (): void => undefined;
