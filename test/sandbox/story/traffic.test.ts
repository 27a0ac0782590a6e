import { setTimeout as pause } from 'node:timers/promises';
import { startTraffic } from '../../../sandbox/story/traffic.ts';
import { checkTruth } from '../../../sandbox/story/truth.ts';
import { breakShop, query, type TestShop, testShop } from './support.ts';

describe('the traffic of the site', () => {
  let shop: TestShop;
  beforeEach(async () => {
    shop = await testShop(3, 500);
  });
  afterEach(() => shop.close());

  it('survives that its connections are cut, and still knows what it promised', async () => {
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: 3, orders: 500, writesPerSecond: 200 });
    for (let cut = 0; cut < 20; cut += 1) {
      await pause(50);
      await query(
        shop.urls.act,
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'shop-web'`,
      );
    }
    await pause(300);
    expect(await traffic.stop()).toBe(0);
    const { reads, writes } = traffic.report();
    expect({ ...reads.failed, ...writes.failed }).not.toEqual({});
    expect(writes.acknowledged).toBeGreaterThan(20);
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({ wrong: 0, samples: [] });
  });

  it('stops in time while the schema is broken, and says how many orders wait for their status', async () => {
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: 3, orders: 500, writesPerSecond: 60 });
    await breakShop(shop);
    await pause(500);
    const waiting = await traffic.stop(300);
    expect(waiting).toBeGreaterThan(0);
    expect(traffic.report().backlog).toBe(waiting);
    expect((await checkTruth({ adminUrl: shop.adminUrl, traffic })).wrong).toBeGreaterThan(500);
  });

  it('counts a status that is missing as a failure', async () => {
    await query(shop.adminUrl, 'truncate order_status');
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: 3, orders: 500, writesPerSecond: 0 });
    await pause(200);
    await traffic.stop();
    expect(traffic.report().reads.failed).toHaveProperty('no row');
    expect(traffic.errorsSince(0)).toBeGreaterThan(0);
  });
});
