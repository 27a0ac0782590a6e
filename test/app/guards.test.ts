/** What the bot makes of the journals of guarded deploys, on the real store and a real target. */
import { readGuards } from '../../src/databases/guard/journal.ts';
import { type GuardWish, guard } from '../../src/guard/guard.ts';
import { findHold } from '../../src/store/holds.ts';
import { captured, createShop, type Shop } from '../databases/shop.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall, dba } = PEOPLE;
const BAD = captured(
  '2_bad',
  "update order_status set status = 'LOST' where order_id <= 5; alter table order_status rename column carrier to shipper",
  'alter table order_status rename column shipper to carrier',
);
const BY = 'terminal:ci@build-7';

describe('a guarded deploy, as the bot picks it up', () => {
  let shop: Shop;
  let bot: TestApp;
  beforeEach(async () => {
    shop = await createShop();
    bot = await createTestApp({
      settings: testSettings({
        targets: { shop: shop.config },
        services: { 'order-status': { team: 'database', links: {} } },
      }),
    });
    bot.at(new Date());
  });
  afterEach(async () => {
    await bot.close();
    await shop.close();
  });

  const wish = (more: Partial<GuardWish> & { policy?: 'auto' | 'propose' } = {}): GuardWish => ({
    target: shop.target,
    captured: [BAD],
    pending: [BAD],
    start: {
      id: 'ab12cd34',
      target: 'shop',
      by: BY,
      command: 'migrate',
      policy: more.policy ?? 'auto',
      windowSeconds: 5,
    },
    large: false,
    run: async () => {
      await shop.apply(BAD);
      return 0;
    },
    say: () => undefined,
    ...more,
  });
  const pickUp = async (): Promise<void> => {
    for (const seen of await readGuards(shop.target)) await bot.app.guardSeen('shop', seen);
  };
  const incidents = () => bot.app.incidents({ state: 'all' }, oncall);
  const texts = async (id = 1): Promise<readonly (string | undefined)[]> =>
    ((await bot.app.record(id))?.timeline ?? []).map(({ text }) => text);

  it('that was undone by policy: one incident with the whole story, the hold, nobody woken, nothing to approve', async () => {
    await guard(wish());
    await pickUp();
    await pickUp();
    const all = await incidents();
    expect(all).toMatchObject([
      { id: 1, title: 'Migration 2_bad broke shop', service: 'order-status', pages: [] },
    ]);
    const told = (await texts()).join('\n');
    expect(told).toMatch(/Guard: Probes of shop are red: order-status: .*42703/);
    expect(told).toContain('Decided by policy: targets.shop.guard.undo is auto.');
    expect(told).toMatch(/Guard: Restored 5 rows of order_status/);
    expect(told).toMatch(/Guard: From the first red probe to green in [\d.]+ s/);
    expect((await texts()).filter((text) => text?.startsWith('Guard: Rolled back'))).toHaveLength(1);
    expect(await findHold(bot.store, 'shop', '2_bad')).toMatchObject({ incidentId: 1 });
    expect((await bot.app.record(1))?.runs).toEqual([]);
    const red = (await readGuards(shop.target))[0]?.events.find(({ kind }) => kind === 'red');
    expect(all[0]?.milestones.detected?.at).toEqual(red?.at);
  });

  it('that is left in place: an incident, the team woken, a run that waits for an approver', async () => {
    await guard(wish({ policy: 'propose' }));
    await pickUp();
    await pickUp();
    expect(await incidents()).toMatchObject([{ id: 1, pages: [{ user: dba }] }]);
    expect((await bot.app.record(1))?.runs).toMatchObject([
      { runbook: 'migration-rollback', params: { migration: '2_bad' }, requestedBy: BY },
    ]);
    expect((await bot.app.captured('shop')).map(({ name }) => name)).toContain('2_bad');
  });

  it('that died in its window is proposed, and left alone', async () => {
    const running = guard(
      wish({
        say: (line) => {
          // As by kill -9: its connections are gone from one moment to the next.
          if (line.startsWith('Applied')) void end();
        },
      }),
    ).catch(() => undefined);
    const end = (): Promise<unknown> =>
      shop.query(`select pg_terminate_backend(backend_pid) from firebreak.guards`);
    await running;
    await pickUp();
    await pickUp();
    expect(await incidents()).toMatchObject([{ title: 'Nobody watches migration 2_bad on shop any more' }]);
    expect((await bot.app.record(1))?.runs).toMatchObject([{ runbook: 'migration-rollback' }]);
    expect(await shop.query('select name from pgmigrations order by id desc limit 1')).toEqual([
      { name: '2_bad' },
    ]);
  });

  it('that went well is a change in the incidents of its services that are open', async () => {
    const good = captured(
      '2_good',
      'alter table orders add column due date',
      'alter table orders drop column due',
    );
    await bot.app.declare({ by: oncall, title: 'slow', severity: 'sev2', service: 'order-status' });
    const deploy = wish({
      captured: [good],
      pending: [good],
      run: async () => Number((await shop.apply(good)) === ''),
    });
    await guard({ ...deploy, start: { ...deploy.start, windowSeconds: 0 } });
    await pickUp();
    await pickUp();
    expect(await incidents()).toHaveLength(1);
    expect((await texts()).filter((text) => text?.includes('Applied: 2_good'))).toHaveLength(1);
  });
});
