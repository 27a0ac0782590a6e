import type pg from 'pg';
import { sweep } from '../../../src/databases/sweep.ts';
import { openTarget, type Target } from '../../../src/databases/target.ts';
import type { CheckResult } from '../../../src/domain/sweep.ts';
import { eventually } from '../../support/eventually.ts';
import { createShop, type Shop } from '../shop.ts';
import { lookBy } from './support.ts';

describe('what sessions do to each other', () => {
  let shop: Shop;
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`create function slow(n bigint) returns bigint language plpgsql immutable
      as $$ begin perform pg_sleep(0.5); return n; end $$`);
    await shop.query('create table queue (id bigint)');
    await shop.query('insert into queue select generate_series(1, 60)');
    await shop.query(`grant all on queue to ${shop.roles.app}`);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined);
    await shop.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name not in ('admin', 'firebreak')`);
    await eventually(async () => {
      const left = await shop.query(`select from pg_stat_activity
        where datname = current_database() and application_name not in ('admin', 'firebreak')`);
      return left.length === 0;
    });
  });
  afterAll(() => shop.close());

  async function session(application: string, role: 'app' | 'owner' = 'app'): Promise<pg.Client> {
    const client = await shop.connect(role, application);
    clients.push(client);
    return client;
  }
  /** A statement that is still running when the test goes on. */
  const left = (client: pg.Client, sql: string): void => void client.query(sql).catch(() => undefined);
  async function check(
    only: string,
    limits?: { warn: number; crit: number },
    target = shop.target,
  ): Promise<CheckResult> {
    const options = limits === undefined ? {} : { limits: { [only]: limits } };
    const { checks } = await sweep(target, { now: new Date(), only, ...options });
    if (checks[0] === undefined) throw new Error('no result');
    return checks[0];
  }
  const pidOf = async (application: string): Promise<number> =>
    (
      await shop.query<{ pid: number }>('select pid from pg_stat_activity where application_name = $1', [
        application,
      ])
    )[0]?.pid ?? 0;

  it('in a chain of three the root is told, not the one in between', async () => {
    const row = 'update order_status set carrier = carrier where order_id = ';
    const root = await session('billing');
    await root.query('begin');
    await root.query(`${row} 1`);
    const middle = await session('shipping');
    await middle.query('begin');
    await middle.query(`${row} 2`);
    left(middle, `${row} 1`);
    left(await session('site 1'), `${row} 2`);
    await shop.lockWaits(2);
    const found = await check('blocking', { warn: 0, crit: 60 });
    expect(found.verdict).toMatch(
      new RegExp(
        `^pid ${await pidOf('billing')} \\(app \`billing\`\\), idle in a transaction open for [\\d.]+ s, blocks 2 sessions; ` +
          `the oldest waits [\\d.]+ s\\. pid ${await pidOf('shipping')} \\(app \`shipping\`\\), .*, and 1 session queues behind it\\.$`,
      ),
    );
    expect(found.offers?.map(({ label }) => label)).toEqual([
      `End session ${await pidOf('billing')}`,
      `End session ${await pidOf('shipping')}`,
    ]);
    expect(found.next).toBe(found.offers?.[0]?.line);
    // Many that wait for a moment are what a hot row looks like.
    expect(await check('blocking', { warn: 30, crit: 60 })).toMatchObject({ status: 'ok' });
  });

  it('one who has been idle for long is critical, though each who waits for it soon gives up', async () => {
    const row = 'update order_status set carrier = carrier where order_id = 1';
    const root = await session('billing');
    await root.query('begin');
    await root.query(row);
    const site = await session('site');
    await site.query(`set lock_timeout = '300ms'`);
    const found = await eventually(async () => {
      const waits = site.query(row).catch(() => undefined);
      await shop.lockWaits(1);
      const result = await check('blocking', { warn: 0.5, crit: 0.8 });
      await waits;
      return result.status === 'crit' && result;
    });
    expect(found.facts['longest_s']).toBeLessThan(0.5);
    expect(found.next).toMatch(new RegExp(`${await pidOf('billing')}`));
  });

  it('five that stand still are critical, however short they have waited', async () => {
    const root = await session('billing');
    await root.query('begin');
    await root.query('lock table queue');
    for (let n = 0; n < 5; n += 1) left(await session('site'), 'select * from queue');
    await shop.lockWaits(5);
    expect(await check('blocking', { warn: 0, crit: 60 })).toMatchObject({
      status: 'crit',
      verdict: expect.stringContaining('blocks 5 sessions') as string,
    });
    // Sessions of the whole server count, so what other databases of it wait for may stand first.
    const waiting = await check('wait-events', { warn: 5, crit: 60 });
    expect(waiting).toMatchObject({
      status: 'warn',
      verdict: expect.stringMatching(/^\d+ of \d+ sessions that work wait for \w+:\w+\.$/) as string,
    });
    expect(waiting.facts['events']).toHaveProperty(['Lock:relation'], expect.any(Number));
  });

  it('a role that sees its own sessions only is told so, and takes nothing for healthy', async () => {
    const idle = await session('forgotten shell');
    await idle.query('begin');
    await idle.query('lock table queue');
    left(await session('the site'), 'select * from queue');
    await shop.lockWaits(1);
    await shop.query(`create role plain_${shop.database.name} login password 'secret'`);
    const plain = openTarget({
      ...shop.config,
      urls: { diag: shop.database.urlAs(`plain_${shop.database.name}`, 'secret') },
    });
    const { checks } = await sweep(plain, { now: new Date() });
    const blind = checks.filter(({ next }) => next === `GRANT pg_monitor TO plain_${shop.database.name}`);
    expect(blind.map(({ check: name, status }) => [name, status])).toEqual(
      [
        'connections',
        'blocking',
        'idle-in-transaction',
        'oldest-xmin',
        'long-queries',
        'wait-events',
        'progress',
        'replication',
        'wal',
        'settings',
      ].map((name) => [name, 'skipped']),
    );
    expect(blind[0]?.facts['used']).toBeGreaterThanOrEqual(3);
    await plain.close();
    await shop.query(`drop role plain_${shop.database.name}`);
  });

  it('who has most of the connections is named, with what they do', async () => {
    for (let n = 0; n < 4; n += 1) await (await session('report')).query('begin');
    await shop.query(`alter role ${shop.roles.app} connection limit 4`);
    expect(await check('connections')).toMatchObject({
      status: 'crit',
      verdict: `4 of 4 connections that the role ${shop.roles.app} may have are in use (100 %); most belong to user ${shop.roles.app}, app \`report\`: 4 sessions (4 idle in transaction).`,
      next: 'run connections-exhausted target=shop',
    });
    await shop.query(`alter role ${shop.roles.app} connection limit -1`);
    expect(await check('connections')).toMatchObject({ status: 'ok' });
  });

  it('what holds vacuum back is named by how many transactions it is old', async () => {
    const old = await session('nightly export');
    await old.query('begin isolation level repeatable read');
    await old.query('select 1');
    for (let n = 0; n < 5; n += 1) await shop.query('insert into queue values (0)');
    expect(await check('oldest-xmin', { warn: 5, crit: 1e9 })).toMatchObject({
      status: 'warn',
      verdict: expect.stringMatching(
        /^pid \d+ \(app `nightly export`\) holds vacuum back, by \d+ tr/,
      ) as string,
      next: expect.stringContaining(`pid=${await pidOf('nightly export')} `) as string,
    });
    expect(await check('oldest-xmin')).toMatchObject({ status: 'ok' });
  });

  it('a statement that runs for long can be ended from its finding', async () => {
    left(await session('report'), `select pg_sleep(30), 'card 4711'`);
    const pid = await eventually(() => pidOf('report'));
    const found = await eventually(async () => {
      const result = await check('long-queries', { warn: 0, crit: 300 });
      return result.status === 'warn' && result;
    });
    expect(found.verdict).toMatch(
      /^pid \d+ \(app `report`\) has been running one statement for [\d.]+ s \(it waits for Timeout:PgSleep\): select pg_sleep\(\?\), \?$/,
    );
    expect(found.next).toMatch(
      new RegExp(`^run blocked-queries target=shop pid=${pid} backend_start=\\S+Z$`),
    );
  });

  it('an index that is being built keeps writers out, and is not taken for a broken one', async () => {
    const owner = await session('deploy', 'owner');
    await shop.query(`alter table queue owner to ${shop.roles.owner}`);
    left(owner, 'create index on queue (slow(id))');
    const found = await eventually(async () => {
      const result = await check('progress', { warn: 0, crit: 300 });
      return result.status === 'warn' && result;
    });
    expect(found.verdict).toMatch(
      /^CREATE INDEX on queue by pid \d+ for [\d.]+ s \(building index.*\); it keeps writers out of the table until it ends\.$/,
    );
    const concurrent = await session('careful deploy', 'owner');
    const reader = await session('reader');
    await reader.query('begin isolation level repeatable read');
    await reader.query('select count(*) from orders');
    left(concurrent, 'create index concurrently slowly on orders (slow(id))');
    await eventually(() =>
      shop.query('select from pg_index where not indisvalid').then((it) => it.length > 0),
    );
    expect(await check('invalid-objects')).toMatchObject({ status: 'ok' });
    await shop.query('select pg_terminate_backend($1, 5000)', [await pidOf('careful deploy')]);
    expect(await check('invalid-objects')).toMatchObject({
      verdict: 'Found invalid index slowly on orders.',
      next: 'REINDEX INDEX CONCURRENTLY slowly, or drop it',
    });
    await reader.query('rollback');
    await shop.query('drop index slowly');
  });

  it('transactions that fail show within a second, and the sessions that were ended', async () => {
    const site = await session('the site');
    const ending = new AbortController();
    const failing = (async () => {
      while (!ending.signal.aborted)
        await site.query('insert into orders values (1, 1)').catch(() => undefined);
    })();
    const killing = (async () => {
      while (!ending.signal.aborted) {
        const victim = await shop.connect('app', 'victim');
        await shop.query(`select pg_terminate_backend(pid, 1000) from pg_stat_activity
          where application_name = 'victim' and datname = current_database()`);
        await victim.end().catch(() => undefined);
      }
    })();
    const found = await check('error-rate');
    ending.abort();
    await Promise.all([failing, killing]);
    expect(found.status).toBe('crit');
    expect(found.verdict).toMatch(
      /^Within a second \d+ of \d+ transactions were rolled back: \d\d.*; also \d+ sessions? ended by an operator\.$/,
    );
  });

  it("does not take what others of us read meanwhile for failures, but a client's rollbacks", async () => {
    const client = await session('the site');
    const checkWhile = (meanwhile: (times: number) => Promise<unknown>): Promise<CheckResult> => {
      let looks = 0;
      const read: Target['read'] = async (sql, ...more) => {
        const rows = await shop.target.read<never>(sql, ...more);
        if (sql.includes('xact_rollback') && ++looks === 1) await meanwhile(30);
        return rows;
      };
      return lookBy({ ...shop.target, read }, 'error-rate');
    };
    // What looks into no table is counted late.
    const flush = 'select pg_stat_force_next_flush() from pg_class limit 1';
    const byUs = await checkWhile(async (times) => {
      for (let n = 0; n < times; n += 1) await shop.target.read(flush);
    });
    expect(byUs).toMatchObject({ status: 'ok' });
    const byThem = await checkWhile(async (times) => {
      for (let n = 0; n < times; n += 1) await client.query(`begin; ${flush}; rollback`);
    });
    expect(byThem).toMatchObject({ status: 'crit' });
    expect(byThem.facts['rollbacks']).toBeGreaterThanOrEqual(29);
  });

  it('finds nothing wrong with a healthy database under traffic', async () => {
    const ending = new AbortController();
    const traffic = Array.from({ length: 4 }, async (_, n) => {
      const client = await session('the site');
      for (let id = n; !ending.signal.aborted; id = (id + 1) % 900) {
        await client.query('begin');
        await client.query('select * from order_status where order_id = $1', [id + 1]);
        // All of them write to the same row, now and then.
        await client.query('update order_status set carrier = carrier where order_id = $1', [1 + (id % 3)]);
        await client.query('commit');
        // One of many fails, as customers' requests do.
        if (id % 50 === 0) await client.query('insert into orders values (1, 1)').catch(() => undefined);
      }
    });
    const report = await sweep(shop.target, { now: new Date() });
    ending.abort();
    await Promise.all(traffic);
    expect(report.top).toEqual([]);
    const unseen = report.checks.filter(({ status }) => status !== 'ok').map((it) => it.check);
    expect(unseen).toEqual(['recent-ddl', 'config-files', 'log-tail']);
    expect(report.checks.find((it) => it.check === 'error-rate')?.facts['commits']).toBeGreaterThan(50);
  });
});
