import { setTimeout as pause } from 'node:timers/promises';
import { PROBE_ROWS, PROBE_SQL, SITE_QUERY } from '../../../sandbox/story/queries.ts';
import type { Release } from '../../../sandbox/story/releases.ts';
import { emptyLedger, startTraffic } from '../../../sandbox/story/traffic.ts';
import { checkTruth } from '../../../sandbox/story/truth.ts';
import { breakShop, query, repair, type TestShop, testShop, undo } from './support.ts';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const LIVE_SEEDS = [1, 2, 3, 4];

describe.each(SEEDS)('the release of seed %i', (seed) => {
  let shop: TestShop;
  let release: Release;
  beforeAll(async () => {
    shop = await testShop(seed);
  });
  afterAll(() => shop.close());
  const judge = () =>
    checkTruth({ adminUrl: shop.adminUrl, traffic: { ledger: emptyLedger(seed, shop.orders) } });

  it('finds a shop in which all is right', async () => {
    expect(await judge()).toMatchObject({ rows: shop.orders, wrong: 0 });
    expect((await query(shop.urls.diag, PROBE_SQL)).rowCount).toBe(PROBE_ROWS);
  });

  it('breaks the site with class 42, in one transaction with its history row', async () => {
    release = await breakShop(shop);
    await expect(query(shop.urls.app, SITE_QUERY, [1])).rejects.toMatchObject({
      code: expect.stringMatching(/^42/) as string,
    });
    const { rows } = await query(
      shop.adminUrl,
      `select (select m.xmin from pgmigrations m where name = '${release.name}')
              = any (select s.xmin from ${shop.story.tableAfter} s) as same`,
    );
    expect(rows).toEqual([{ same: true }]);
    expect((await judge()).wrong).toBeGreaterThan(0);
  });

  it('is not undone by its down alone, but by down and repair', async () => {
    await undo(shop, release);
    const afterDown = await judge();
    expect(afterDown.schema).toEqual([]);
    expect(afterDown.wrongStatus).toBeGreaterThan(shop.orders * 0.1);
    expect(afterDown.wrong).toBe(afterDown.wrongStatus);

    await repair(shop);
    expect(await judge()).toMatchObject({ wrong: 0, samples: [] });
    expect((await query(shop.urls.app, PROBE_SQL)).rowCount).toBe(PROBE_ROWS);
  });
});

describe.each(LIVE_SEEDS)('the outage of seed %i under traffic', (seed) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await testShop(seed);
  });
  afterAll(() => shop.close());

  it('loses no acknowledged write, and is green again after down and repair', async () => {
    const traffic = startTraffic({
      appUrl: shop.urls.app,
      seed,
      orders: shop.orders,
      readsPerSecond: 100,
      writesPerSecond: 60,
    });
    await pause(500);
    expect(traffic.report()).toMatchObject({ firstFailureAt: undefined, backlog: 0 });

    const release = await breakShop(shop);
    await pause(700);
    const broken = traffic.report();
    expect(Object.keys(broken.reads.failed).join()).toMatch(/^42/);
    expect(broken.greenSince).toBeUndefined();
    const acknowledged = broken.writes.acknowledged;
    // A retyped column still takes the projection's dates; the other forms leave it waiting.
    if (shop.story.form !== 'retype-column') expect(broken.backlog).toBeGreaterThan(0);

    await undo(shop, release);
    const undone = Date.now();
    await pause(200);
    await repair(shop);
    await pause(500);
    const green = traffic.report();
    expect(green.writes.acknowledged).toBeGreaterThan(acknowledged);
    expect(green.writes.failed).toEqual({});
    expect(green.greenSince).toBeGreaterThan(green.lastFailureAt ?? Infinity);
    expect(traffic.errorsSince(undone + 100)).toBe(0);

    expect(await traffic.stop()).toBe(0);
    const verdict = await checkTruth({ adminUrl: shop.adminUrl, traffic });
    expect(verdict).toMatchObject({ wrong: 0, samples: [] });
    expect(verdict.rows).toBeGreaterThan(shop.orders);
  });
});
