import { createShop } from '../../../sandbox/story/shop.ts';
import { query, type TestShop, testShop } from './support.ts';

describe('the shop', () => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await testShop(1, 500);
  });
  afterAll(() => shop.close());

  it('was built by real migrations, and the diagnosing role can read but not write', async () => {
    const { rows } = await query(shop.urls.diag, 'select name from pgmigrations order by id');
    expect(rows).toHaveLength(5);
    for (const table of ['orders', 'order_events', 'order_status']) {
      await query(shop.urls.diag, `select from ${table} limit 1`);
      await expect(query(shop.urls.diag, `delete from ${table}`)).rejects.toMatchObject({ code: '42501' });
    }
    await expect(query(shop.urls.diag, 'create table t ()')).rejects.toMatchObject({ code: '42501' });
  });

  it('stays readable for the diagnosing role when tables are renamed or made anew', async () => {
    await query(shop.urls.owner, 'alter table order_status rename to other');
    await query(shop.urls.diag, 'select from other limit 1');
    await query(shop.urls.owner, 'alter table other rename to order_status; create table refunds ()');
    await query(shop.urls.diag, 'select from refunds');
  });

  it('lets its owner make a schema for snapshots, which the diagnosing role cannot read', async () => {
    await query(shop.urls.owner, 'create schema firebreak_1; create table firebreak_1.kept as select 1 as n');
    await expect(query(shop.urls.diag, 'select from firebreak_1.kept')).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('has the same rows for the same seed, and 1 to 3 events an order', async () => {
    const other = await testShop(1, 500);
    const sum = `select md5(string_agg(e::text, ',' order by id)) as sum, count(*)::int as n,
                        count(distinct order_id)::int as orders from order_events e`;
    const [here, there] = await Promise.all([query(shop.adminUrl, sum), query(other.adminUrl, sum)]);
    expect(there.rows).toEqual(here.rows);
    expect(here.rows).toMatchObject([{ orders: 500 }]);
    await other.close();
  });

  it('keeps its rows when it is opened again, with new passwords', async () => {
    await query(shop.adminUrl, `update orders set total_cents = 1 where id = 1`);
    const roleSuffix = shop.roles.app.replace('shop_app', '');
    const again = await createShop({
      adminUrl: shop.adminUrl,
      seed: 2,
      orders: 9,
      migrationsDir: shop.migrationsDir,
      roleSuffix,
    });
    const { rows } = await query(
      again.urls.app,
      'select count(*)::int as n, min(total_cents) as least from orders',
    );
    expect(rows).toEqual([{ n: 500, least: 1 }]);
  });
});
