import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startDyingServer } from '../support/dying-server.ts';
import { eventually } from '../support/eventually.ts';
import { createSilentProxy, type SilentProxy } from '../support/silent-proxy.ts';

describe('the store', () => {
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
    ['between two statements', 'select 1'],
    ['in a statement', 'select pg_sleep(10)'],
  ])('survives a connection that breaks in a transaction, %s', async (_when, next) => {
    const broken = store.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      const going = next === 'select 1' ? undefined : tx.query(next);
      going?.catch(() => undefined);
      await end(rows[0]?.pid);
      await (going ?? tx.query(next));
    });
    await expect(broken).rejects.toThrow(/terminat|not queryable/);
    expect(await store.transaction(async (tx) => (await tx.query('select 7 as n')).rows)).toEqual([{ n: 7 }]);
  });

  it('survives connections that end in the breath in which they were made', async () => {
    const server = await startDyingServer();
    const other = openStore(server.url);
    try {
      const asked = other.transaction((tx) => tx.query('select 1'));
      await expect(asked).rejects.toThrow(/terminat|not queryable|connection error/i);
      await expect(other.inbox.query('select 1')).rejects.toThrow(/terminat|not queryable|connection error/i);
    } finally {
      await other.close();
      server.close();
    }
  });

  it('fails once, on each connection, for a table that a migration has changed under a statement it had planned', async () => {
    await store.query('create table changing (n integer)');
    const read = () =>
      store.transaction(async (tx) => (await tx.query('select n from changing', [], 'read-changing')).rows);
    expect(await read()).toEqual([]);
    await store.query('alter table changing alter column n type text');
    await expect(read()).rejects.toThrow('cached plan must not change result type');
    expect(await read()).toEqual([]);
  });

  it('fails a commit whose statement failed while nobody waited for it, and says why', async () => {
    await store.query('create table kept (n integer primary key)');
    const failing = store.transaction(async (tx) => {
      await tx.query('insert into kept values (1)');
      void tx.query('insert into kept values (1)');
      void tx.query('insert into kept values (2)');
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    const hidden = store.transaction(async (tx) => {
      void tx.query('insert into kept values (3)');
      void tx.query('insert into kept values (3)');
      await tx.query('select 1');
    });
    await expect(hidden).rejects.toMatchObject({ code: '23505' });
    await store.transaction((tx) => {
      void tx.query('insert into kept values (4)');
      return Promise.resolve();
    });
    expect((await store.query('select n from kept')).rows).toEqual([{ n: 4 }]);
  });

  it('has the server end a transaction in which a frozen process does nothing', async () => {
    const limit = async (db: Pick<Store, 'query'>): Promise<unknown> =>
      (await db.query('show idle_in_transaction_session_timeout')).rows[0];
    expect(await store.transaction(limit)).toEqual({ idle_in_transaction_session_timeout: '10s' });
    expect(await limit(store)).toEqual({ idle_in_transaction_session_timeout: '0' });
  });

  /** Ends a session, and waits until its client has noticed. */
  async function end(pid: number | undefined): Promise<void> {
    await store.query('select pg_terminate_backend($1)', [pid]);
    await eventually(async () => {
      const { rows } = await store.query('select from pg_stat_activity where pid = $1', [pid]);
      return rows.length === 0;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

describe('a store whose host falls silent', () => {
  let database: TestDatabase;
  let proxy: SilentProxy;
  let store: Store;
  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await createSilentProxy(database.url);
    store = openStore(proxy.through(database.url), undefined, 1000);
  });
  afterEach(async () => {
    proxy.close();
    await database.drop();
  });

  it('fails what was asked, and answers again once it is back', async () => {
    await Promise.all(Array.from({ length: 8 }, () => store.query('select pg_sleep(0.05)')));
    const cut = store.transaction(async (tx) => {
      await tx.query('select 1');
      proxy.fallSilent();
      await tx.query('select 1');
    });
    await expect(cut).rejects.toThrow('Query read timeout');
    await expect(store.query('select 1')).rejects.toThrow('Query read timeout');
    proxy.comeBack();
    await eventually(() => store.query('select 1').then(() => true));
    await store.close();
  });

  it('can be closed nevertheless', async () => {
    await store.query('select 1');
    const going = store.query('select pg_sleep(0.1)');
    going.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    proxy.fallSilent();
    await store.close();
    await expect(going).rejects.toThrow();
    await eventually(() => proxy.ended());
  });
});
