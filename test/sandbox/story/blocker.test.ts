import { setTimeout as pause } from 'node:timers/promises';
import { openBlocker } from '../../../sandbox/story/blocker.ts';
import type { Blocker } from '../../../sandbox/story/seed.ts';
import { startTraffic } from '../../../sandbox/story/traffic.ts';
import { checkTruth } from '../../../sandbox/story/truth.ts';
import { breakShop, query, repair, type TestShop, testShop, undo } from './support.ts';

const BLOCKERS: readonly Blocker[] = [
  { application: 'psql', role: 'app', lock: 'access-share' },
  { application: 'dbeaver', role: 'owner', lock: 'row' },
];

describe.each(BLOCKERS)('the forgotten connection $application of the $role', (blocker) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await testShop(4); // Seed 4 drops a column; the same holds for each form.
  });
  afterAll(() => shop.close());

  it('makes the down wait until the session is terminated by the act role', async () => {
    const release = await breakShop(shop);
    const open = await openBlocker({ urls: shop.urls, blocker, table: shop.story.tableAfter });
    await expect(undo(shop, release)).rejects.toMatchObject({ code: '55P03' });
    const { rows } = await query(
      shop.urls.diag,
      `select pid, application_name, state from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`,
    );
    expect(rows).toEqual([
      { pid: open.pid, application_name: blocker.application, state: 'idle in transaction' },
    ]);

    await query(shop.urls.act, `select pg_terminate_backend(${open.pid})`);
    await open.ended;
    expect(open.isOpen()).toBe(false);
    await open.release();
    await undo(shop, release);
  });
});

describe('a released blocker', () => {
  it('is gone, and a write that ran into its row is not acknowledged and leaves nothing behind', async () => {
    const shop = await testShop(8, 3);
    const traffic = startTraffic({
      appUrl: shop.urls.app,
      seed: 8,
      orders: 3,
      writesPerSecond: 40,
      statementTimeoutMs: 200,
    });
    const blocker = { application: 'psql', role: 'app', lock: 'row' } as const;
    const open = await openBlocker({ urls: shop.urls, blocker, table: 'order_status' });
    await pause(1500);
    expect(traffic.report().writes.failed).toHaveProperty('57014');
    await open.release();
    expect(open.isOpen()).toBe(false);
    await traffic.stop();
    await repair(shop);
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({ wrong: 0 });
    await shop.close();
  });
});
