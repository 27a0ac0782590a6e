import { createLevers, type Levers } from '../../../sandbox/story/levers.ts';
import { SITE_QUERY } from '../../../sandbox/story/queries.ts';
import { startTraffic, type Traffic } from '../../../sandbox/story/traffic.ts';
import { checkTruth } from '../../../sandbox/story/truth.ts';
import { eventually } from '../../support/eventually.ts';
import { query, type TestShop, testShop } from './support.ts';

const SEEDS = [1, 2, 3, 4];

describe.each(SEEDS)('the levers, from seed %i on', (seed) => {
  let shop: TestShop;
  let traffic: Traffic;
  let levers: Levers;
  const captured: string[] = [];
  beforeAll(async () => {
    shop = await testShop(seed);
    traffic = startTraffic({ appUrl: shop.urls.app, seed, orders: shop.orders });
    levers = await createLevers({
      shop,
      adminUrl: shop.adminUrl,
      traffic,
      capture: (dir) => {
        captured.push(dir);
        return Promise.resolve();
      },
    });
  });
  afterAll(async () => {
    await levers.close();
    await shop.close();
  });
  const can = async (): Promise<readonly string[]> =>
    ((await levers.show()).steps as readonly { id: string; can: boolean }[])
      .filter((step) => step.can)
      .map(({ id }) => id);

  it('says what can be done now, and refuses the rest in words', async () => {
    expect(await can()).toEqual(['outage', 'reset']);
    await expect(levers.pull('blocker')).rejects.toThrow(/Cause the outage first/);
    await expect(levers.pull('toothache')).rejects.toThrow(/one of outage, blocker, reset/);
  });

  it('causes the outage after the capture, and leaves a session in the way', async () => {
    expect(await levers.pull('outage')).toMatch(/^Released: \d+_order-status/);
    expect(captured).toEqual([shop.migrationsDir]);
    await eventually(async () => ((await levers.show()).shop as { state: string }).state === 'down');
    expect(await levers.pull('blocker')).toMatch(/^Session \d+ .* sits in a transaction/);
    expect(await can()).toEqual(['reset']);
    await expect(levers.pull('outage')).rejects.toThrow(/out already/);
  });

  it('puts schema and data right under traffic, for another outage', async () => {
    await levers.pull('reset');
    expect((await query(shop.urls.app, SITE_QUERY, [1])).rowCount).toBe(1);
    expect(await can()).toEqual(['outage', 'reset']);
    expect(await traffic.stop()).toBe(0);
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({ wrong: 0 });
    await levers.pull('outage');
    await levers.pull('reset');
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({ wrong: 0 });
  });
});
