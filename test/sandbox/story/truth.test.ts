import { setTimeout as pause } from 'node:timers/promises';
import { startTraffic } from '../../../sandbox/story/traffic.ts';
import { checkTruth } from '../../../sandbox/story/truth.ts';
import { query, type TestShop, testShop } from './support.ts';

describe('the truth about the shop', () => {
  let shop: TestShop;
  beforeEach(async () => {
    shop = await testShop(7, 500);
  });
  afterEach(() => shop.close());

  it('sees a lost write of a customer, a changed event, a changed order and an event nobody wrote', async () => {
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: 7, orders: 500, writesPerSecond: 60 });
    await pause(500);
    await traffic.stop();
    const written = traffic.ledger.acknowledged.at(-1)?.event;
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({ wrong: 0 });

    await query(shop.adminUrl, `delete from order_events where id = ${written?.id ?? 0}`);
    await query(shop.adminUrl, `update order_events set status = 'lost' where id = 3`);
    await query(shop.adminUrl, 'update orders set total_cents = total_cents + 1 where id = 9');
    await query(
      shop.adminUrl,
      `insert into order_events (order_id, at, status) values (11, now(), 'invented')`,
    );
    const verdict = await checkTruth({ adminUrl: shop.adminUrl, traffic });
    expect(verdict).toMatchObject({ wrong: 4, wrongEvents: 3, wrongOrders: 1, wrongStatus: 0 });
    expect(verdict.samples).toHaveLength(4);
  });

  it('sees a status row that was put back to what it was before a customer wrote', async () => {
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: 7, orders: 500, writesPerSecond: 60 });
    await pause(300);
    await traffic.stop();
    const written = traffic.ledger.acknowledged.find(({ order }) => order === undefined)?.event;
    await query(
      shop.adminUrl,
      `update order_status s set status = e.status || '?' from order_events e
        where e.order_id = s.order_id and s.order_id = ${written?.order_id ?? 0}`,
    );
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({
      wrong: 1,
      wrongStatus: 1,
    });
  });

  it('takes a write whose COMMIT was not answered as it finds it', async () => {
    const event = {
      id: 900_000,
      order_id: 5,
      at: '2024-06-03T10:00:00.000Z',
      status: 'delivered',
      carrier: 'DHL',
      tracking_code: 'LIVE0',
      eta: '2024-06-12',
    };
    const ledger = {
      seed: 7,
      orders: 500,
      acknowledged: [],
      unknown: [{ order: undefined, event }],
    };
    const judge = () => checkTruth({ adminUrl: shop.adminUrl, traffic: { ledger } });
    expect(await judge()).toMatchObject({ wrong: 0 });

    await query(
      shop.adminUrl,
      `insert into order_events (id, order_id, at, status, carrier, tracking_code, eta)
       values (900000, 5, '2024-06-03T10:00:00Z', 'delivered', 'DHL', 'LIVE0', '2024-06-12')`,
    );
    expect(await judge()).toMatchObject({ wrong: 1, wrongStatus: 1 });
    await query(
      shop.adminUrl,
      `update order_status set status = 'delivered', carrier = 'DHL', tracking_code = 'LIVE0', eta = '2024-06-12'
        where order_id = 5`,
    );
    expect(await judge()).toMatchObject({ wrong: 0 });
  });

  it('sees a column that did not come back as it was', async () => {
    await query(shop.urls.owner, 'alter table order_status alter column carrier type varchar(80)');
    const traffic = { ledger: { seed: 7, orders: 500, acknowledged: [], unknown: [] } };
    const verdict = await checkTruth({ adminUrl: shop.adminUrl, traffic });
    expect(verdict.schema).toEqual([
      'missing: order_status.carrier text',
      'unexpected: order_status.carrier character varying(80)',
    ]);
    expect(verdict.wrong).toBe(502);
  });
});
