import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { createReader } from '../../src/databases/reader.ts';
import { openTarget } from '../../src/databases/target.ts';
import { eventually } from '../support/eventually.ts';
import { createSilentProxy } from '../support/silent-proxy.ts';
import { createShop, type Shop } from './shop.ts';

describe('a target', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  it('reads only: neither a write nor a second statement gets through', async () => {
    await expect(shop.target.read('delete from order_status')).rejects.toMatchObject({ code: '25006' });
    await expect(shop.target.read('select 1; select 2')).rejects.toMatchObject({ code: '42601' });
    await expect(shop.target.read('rollback; delete from order_status')).rejects.toMatchObject({
      code: '42601',
    });
  });

  it('ends a statement that takes too long, and one that waits for a lock', async () => {
    await expect(shop.target.read('select pg_sleep(5)', [], { timeoutMs: 100 })).rejects.toMatchObject({
      code: '57014',
    });
    await shop.admin.query('begin; lock table orders in access exclusive mode');
    const started = performance.now();
    await expect(shop.target.read('select * from orders')).rejects.toMatchObject({ code: '55P03' });
    expect(performance.now() - started).toBeLessThan(1000);
    await shop.admin.query('rollback');
    expect(await shop.target.read('select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('survives a connection that breaks in a statement', async () => {
    const broken = shop.target.read('select pg_terminate_backend(pg_backend_pid()), pg_sleep(1)');
    await expect(broken).rejects.toMatchObject({ code: '57P01' });
    const cut = shop.target.read('select pg_sleep(5) as cut', [], { timeoutMs: 10_000 });
    cut.catch(() => undefined);
    await eventually(async () => {
      const ended = await shop.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query like '%as cut' and pid <> pg_backend_pid()`,
      );
      return ended.length;
    });
    await expect(cut).rejects.toMatchObject({ code: '57P01' });
    expect(await shop.target.read('select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('gives up a host that falls silent, reads again when it is back, and can be closed', async () => {
    const proxy = await createSilentProxy(shop.database.url);
    const target = openTarget({ ...shop.config, urls: { diag: proxy.through(shop.config.urls.diag) } });
    const silenced = target.read('select pg_sleep(0.2)', [], { timeoutMs: 500 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.fallSilent();
    const started = performance.now();
    await expect(silenced).rejects.toThrow('Query read timeout');
    expect(performance.now() - started).toBeLessThan(4000);
    proxy.comeBack();
    expect(await target.read('select 1 as n')).toEqual([{ n: 1 }]);
    proxy.fallSilent();
    await target.close();
    proxy.close();
  }, 20_000);

  it('never opens more than two connections for reading', async () => {
    await Promise.all(Array.from({ length: 8 }, () => shop.target.read('select pg_sleep(0.05)')));
    const [row] = await shop.query(`
      select count(*)::int as n from pg_stat_activity
       where application_name = 'firebreak' and datname = current_database()`);
    expect(row?.['n']).toBeLessThanOrEqual(2);
  });

  it('keeps one connection however long it is idle, and only one', async () => {
    const reader = createReader(shop.database.urlAs(shop.roles.app, 'secret'), 20);
    const pidOf = async () => (await reader.read<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
    const left = async () =>
      (
        await shop.query<{ pid: number }>(
          `select pid from pg_stat_activity where application_name = 'firebreak' and usename = $1`,
          [shop.roles.app],
        )
      ).map(({ pid }) => pid);
    await Promise.all([reader.read('select pg_sleep(0.05)'), reader.read('select pg_sleep(0.05)')]);
    const [kept] = await eventually(async () => {
      const pids = await left();
      return pids.length === 1 && pids;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await left()).toEqual([kept]);
    expect(await pidOf()).toBe(kept);
    await reader.close();
  });

  it('is the same to all its roles', async () => {
    const identity = await shop.target.identity();
    expect(identity).toMatchObject({ database: shop.database.name, timeline: 1 });
    for (const role of ['act', 'ddl'] as const) await (await shop.target.session(role)).end();
  });

  it('refuses a session that a pooler stands in front of', async () => {
    const pooler = await pretendPooler(Number(new URL(shop.database.url).port));
    const url = new URL(shop.config.urls.ddl ?? '');
    url.port = String(pooler.port);
    const target = openTarget({ ...shop.config, urls: { ...shop.config.urls, ddl: url.href } });
    await expect(target.session('ddl')).rejects.toMatchObject({ code: 'TARGET_POOLED' });
    await target.close();
    pooler.close();
  });
});

/** Passes everything on but the cancel key, which it replaces by one of its own, as every pooler does. */
async function pretendPooler(port: number): Promise<{ port: number; close(): void }> {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    sockets.push(client, upstream);
    client.pipe(upstream);
    upstream.on('data', (data: Buffer) => {
      const key = data.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (key >= 0) data.writeInt32BE(1_000_001, key + 5);
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
