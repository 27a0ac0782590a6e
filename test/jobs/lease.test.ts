import { type Lease, openLeases } from '../../src/jobs/lease.ts';
import { silentLogger } from '../../src/log.ts';
import { openLeaseClient, stillHeld } from '../../src/store/leases.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { gate, terminate } from './support.ts';

describe('leases', () => {
  let database: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('are held once, in this process and beside another one', async () => {
    const [here, there] = [openLeases(store, silentLogger), openLeases(store, silentLogger)];
    const [began, end] = [gate(), gate()];
    const first = here.withLease('outbox', 'a', async () => {
      began.open();
      await end.opened;
    });
    await began.opened;
    expect(await here.withLease('outbox', 'a', never)).toBe(false);
    expect(await there.withLease('outbox', 'a', never)).toBe(false);
    expect(await there.withLease('outbox', 'b', () => Promise.resolve())).toBe(true);
    expect(await there.withLease('timers', 'a', () => Promise.resolve())).toBe(true);
    end.open();
    expect(await first).toBe(true);
    expect(await there.withLease('outbox', 'a', () => Promise.resolve())).toBe(true);
    await Promise.all([here.close(), there.close()]);
  });

  it('count an epoch for each holder', async () => {
    const leases = openLeases(store, silentLogger);
    const epochs: number[] = [];
    const note = ({ epoch }: Lease): Promise<void> => Promise.resolve(void epochs.push(epoch));
    await leases.withLease('runs', '7', note);
    await leases.withLease('runs', '7', note);
    expect(epochs).toEqual([1, 2]);
    expect(await stillHeld(store, { kind: 'runs', key: '7', epoch: 1 })).toBe(false);
    expect(await stillHeld(store, { kind: 'runs', key: '7', epoch: 2 })).toBe(true);
    await leases.close();
  });

  it('abort their work when the connection is lost, and can be taken again at once', async () => {
    const leases = openLeases(store, silentLogger);
    const began = gate();
    const lost = leases.withLease('runs', 'cut', async ({ signal }) => {
      const aborted = gate();
      signal.addEventListener('abort', () => aborted.open());
      began.open();
      await aborted.opened;
    });
    await began.opened;
    await terminate(store, 'firebreak-leases');
    expect(await lost).toBe(true);
    expect(await eventually(() => leases.withLease('runs', 'cut', () => Promise.resolve()))).toBe(true);
    await leases.close();
  });

  it('are freed by the server when their process is frozen', async () => {
    const client = await openLeaseClient(store);
    const { rows } = await client.query('show idle_session_timeout');
    expect(rows).toEqual([{ idle_session_timeout: '10s' }]);
    await client.end();
  });

  it('leave no connection open when it cannot be set up', async () => {
    const strange: Store = {
      ...store,
      dedicated(settings) {
        const client = store.dedicated({ ...settings, application_name: 'strange' });
        const query = client.query.bind(client) as (sql: string) => Promise<unknown>;
        return Object.assign(client, { query: (sql: string) => query(sql.replace(`'2s'`, `'never'`)) });
      },
    };
    const began = performance.now();
    await expect(openLeaseClient(strange)).rejects.toMatchObject({ code: '22023' });
    await eventually(async () => {
      const { rows } = await store.query(
        `select from pg_stat_activity where datname = current_database() and application_name = 'strange'`,
      );
      return rows.length === 0;
    });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('give the lease back when the work throws', async () => {
    const leases = openLeases(store, silentLogger);
    const broken = leases.withLease('runs', 'throws', () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    expect(await leases.withLease('runs', 'throws', () => Promise.resolve())).toBe(true);
    await leases.close();
  });

  it('are not taken from a holder that is still writing', async () => {
    const leases = openLeases(store, silentLogger);
    await leases.withLease('runs', 'writing', () => Promise.resolve());
    await store.transaction(async (tx) => {
      expect(await stillHeld(tx, { kind: 'runs', key: 'writing', epoch: 1 })).toBe(true);
      expect(await leases.withLease('runs', 'writing', never)).toBe(false);
    });
    expect(await leases.withLease('runs', 'writing', () => Promise.resolve())).toBe(true);
    await leases.close();
  });

  it('are aborted when they are closed', async () => {
    const leases = openLeases(store, silentLogger);
    const began = gate();
    const work = leases.withLease('runs', 'closed', async ({ signal }) => {
      began.open();
      await eventually(() => signal.aborted);
    });
    await began.opened;
    await leases.close();
    expect(await work).toBe(true);
  });
});

const never = (): Promise<void> => Promise.reject(new Error('ran without the lease'));
