import type pg from 'pg';
import { suspectRows } from '../../src/databases/source.ts';
import { sweep } from '../../src/databases/sweep.ts';
import { openTarget, type Target, type TargetConfig } from '../../src/databases/target.ts';
import type { CheckResult } from '../../src/domain/sweep.ts';
import { eventually } from '../support/eventually.ts';
import { createSilentProxy } from '../support/silent-proxy.ts';
import { createShop, type Shop } from './shop.ts';

const MEGABYTE = 1024 * 1024;

describe('a hostile database', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  async function withTarget<T>(
    change: Partial<TargetConfig>,
    work: (target: Target) => Promise<T>,
  ): Promise<T> {
    const target = openTarget({ ...shop.config, ...change });
    try {
      return await work(target);
    } finally {
      await target.close();
    }
  }
  const probe = (sql: string) => ({ probes: [{ name: 'hostile', sql }] });
  async function check(target: Target, only: string): Promise<CheckResult> {
    const [found] = (await sweep(target, { now: new Date(), only })).checks;
    if (found === undefined) throw new Error('no result');
    return found;
  }
  const activeOfOurs = async () =>
    (
      await shop.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity
          where application_name = 'firebreak' and datname = current_database() and state <> 'idle'`,
      )
    )[0]?.n;

  it('that answers with 100 MB is cut off, with its words and without the memory', async () => {
    const rows = `select repeat('x', ${5 * MEGABYTE}) as wide from generate_series(1, 20)`;
    const row = `select repeat('x', ${100 * MEGABYTE}) as wide`;
    await withTarget(probe(rows), async (target) => {
      expect(await check(target, 'probes')).toMatchObject({
        status: 'crit',
        verdict: 'The probe hostile fails: The database answered with more than 16 MB; the rest was cut off.',
      });
      let most = 0;
      const before = process.memoryUsage().rss;
      const measuring = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 5);
      const read = target.read(row, [], { timeoutMs: 20_000 });
      await expect(read).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
      clearInterval(measuring);
      expect(most / MEGABYTE).toBeLessThan(80);
      expect(await target.read('select 1 as n')).toEqual([{ n: 1 }]);
      await eventually(async () => (await activeOfOurs()) === 0);
    });
  }, 30_000);

  it('whose query never ends, or has endless rows, is given up, and the server ends it', async () => {
    const endless = `select repeat('y', 1000) as y from generate_series(1, 2000000000) order by 1`;
    const found = await Promise.all(
      ['select pg_sleep(3600)', endless].map((sql) =>
        withTarget(probe(sql), (target) => check(target, 'probes')),
      ),
    );
    for (const each of found)
      expect(each).toMatchObject({
        status: 'timeout',
        verdict: expect.stringContaining('no answer') as string,
      });
    await eventually(async () => (await activeOfOurs()) === 0);
  });

  it('that uses up the time of the sweep leaves the rest not run, and says so', async () => {
    await withTarget(probe('select pg_sleep(3600)'), async (target) => {
      const report = await sweep(target, { now: new Date(), budgetMs: 1000 });
      expect(report.checks.slice(-2)).toMatchObject([
        { check: 'probes', status: 'timeout' },
        { check: 'migrations', status: 'timeout', verdict: 'Not run: the time was over.' },
      ]);
      expect(report.took_ms).toBeLessThan(2000);
      await eventually(async () => (await activeOfOurs()) === 0);
    });
  });

  it('that drops the connection in the middle is said to, and asked again on a new one', async () => {
    const proxy = await createSilentProxy(shop.database.url);
    const diag = proxy.through(shop.config.urls.diag);
    await withTarget({ ...probe('select pg_sleep(3600)'), urls: { diag } }, async (target) => {
      const cut = check(target, 'probes');
      // The probe itself, and not what is read before it.
      await eventually(
        async () =>
          (
            await shop.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'firebreak' and datname = current_database() and state = 'active'
                  and query like '%pg_sleep(3600)%'`,
            )
          ).length,
      );
      expect(await cut).toMatchObject({
        status: 'crit',
        verdict: expect.stringContaining('57P01') as string,
      });
      expect(await check(target, 'connection')).toMatchObject({ status: 'ok' });
      proxy.close();
      const gone = await sweep(target, { now: new Date() });
      expect(gone.checks[0]).toMatchObject({ check: 'connection', status: 'crit' });
      expect(new Set(gone.checks.slice(1).map(({ status }) => status))).toEqual(new Set(['skipped']));
      expect(gone.took_ms).toBeLessThan(5000);
    });
  });

  it('that falls silent keeps nobody for longer than 15 s', async () => {
    const proxy = await createSilentProxy(shop.database.url);
    await withTarget({ urls: { diag: proxy.through(shop.config.urls.diag) } }, async (target) => {
      await target.read('select 1');
      proxy.fallSilent();
      const report = await sweep(target, { now: new Date() });
      expect(report.took_ms).toBeLessThan(15_000);
      expect(report.checks[0]).toMatchObject({ check: 'connection', status: 'crit' });
      expect(report.checks.some(({ status }) => status === 'ok')).toBe(false);
    });
    proxy.close();
  }, 30_000);

  it('with names and values that look like SQL is read like any other', async () => {
    const name = `we"ird'; drop table orders; --`;
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const roles = shop.roles;
    await shop.query(`create table ${quoted} (id int); grant select, insert on ${quoted} to ${roles.app}`);
    const holder: pg.Client = await shop.connect('app', name);
    await holder.query(`begin; insert into ${quoted} values (1)`);
    const waiting = shop.query(`alter table ${quoted} add column x int`).catch(() => undefined);
    await eventually(async () => (await check(shop.target, 'blocking')).facts['waiting']);
    const blocking = await check(shop.target, 'blocking');
    expect(blocking).toMatchObject({
      verdict: expect.stringContaining(name) as string,
      facts: { roots: [{ relations: [name], application: name }] },
    });
    await holder.query('rollback');
    await holder.end();
    await waiting;
    await shop.query(`insert into ${quoted} values (1); grant select on ${quoted} to ${roles.diag}`);
    const source = { key: 'id', columns: ['id', 'x'], from: `select id, 2 as x from ${quoted}` };
    await withTarget(
      { ...probe(`select id from ${quoted}`), sources: { [name]: source } },
      async (target) => {
        expect(await check(target, 'probes')).toMatchObject({ status: 'ok' });
        expect(await suspectRows(target, name)).toEqual({ ok: true, rows: 1 });
      },
    );
    await shop.query(`alter table ${quoted} rename column id to gone`);
    await withTarget(probe(`select id from ${quoted}`), async (target) => {
      expect(await check(target, 'probes')).toMatchObject({
        status: 'crit',
        verdict: expect.stringContaining('42703') as string,
      });
    });
    expect(await shop.target.read('select $1::text as value', [name])).toEqual([{ value: name }]);
    await expect(sweep(shop.target, { now: new Date(), only: name })).rejects.toMatchObject({
      code: 'NO_SUCH_CHECK',
    });
    expect(await shop.query('select count(*)::int as n from orders')).toEqual([{ n: 1000 }]);
  });
});
