import type { Hold } from '../../src/domain/record.ts';
import { silentLogger } from '../../src/log.ts';
import { createHoldMonitor, historyOf } from '../../src/monitors/holds.ts';
import { findHold, listHolds, markReturned, saveHold } from '../../src/store/holds.ts';
import { BAD, createShop, type Shop } from '../databases/shop.ts';
import { createTestApp, PEOPLE, type TestApp, testSettings } from '../support/app.ts';

const { oncall, dba } = PEOPLE;

describe('a migration that was rolled back and is held', () => {
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
    await bot.app.declare({ by: oncall, title: 'orders', severity: 'sev2', service: 'order-status' });
    await saveHold(bot.store, await aHold());
  });
  afterEach(async () => {
    await bot.close();
    await shop.close();
  });

  async function aHold(): Promise<Hold> {
    const { rows } = await bot.store.query<{ id: number }>(
      `insert into runs (incident_id, runbook, title, target, params, requested_by, requested_at, dangerous, state, ended_at)
       values (1, 'migration-rollback', 'rollback', 'shop', '{}', $1, now(), true, 'done', now())
       returning id`,
      [oncall],
    );
    const since = new Date('2026-06-03T09:30:00Z');
    return { target: 'shop', migration: BAD.name, incidentId: 1, runId: Number(rows[0]?.id), since };
  }

  const look = (): Promise<void> =>
    createHoldMonitor(
      {
        holds: () => listHolds(bot.store),
        history: historyOf(new Map([['shop', shop.target]])),
        onBack: (hold, appliedAt) => bot.app.heldIsBack(hold, appliedAt),
        onGone: async (hold) => {
          await markReturned(bot.store, hold, undefined);
        },
      },
      silentLogger,
    ).tick();

  const incident = async () => {
    const record = await bot.app.record(1);
    return {
      status: record?.incident.status,
      paged: record?.incident.pages.map(({ user }) => user),
      changes: record?.timeline.filter(({ kind }) => kind === 'change').map(({ text }) => text),
      back: record?.holds[0]?.returnedAt !== undefined,
    };
  };
  const QUIET = { status: 'investigating', paged: [], changes: [], back: false };
  const text = (run = 0): string =>
    `Migration ${BAD.name} is applied to shop again, though it is held since run ${run} rolled it back`;

  it('is no matter while it is not applied', async () => {
    await look();
    expect(await incident()).toEqual(QUIET);
  });

  it('pages the team of its service when it comes back, once, and once more when it comes back again', async () => {
    await shop.apply(BAD);
    await look();
    await look();
    const { runId } = (await findHold(bot.store, 'shop', BAD.name)) ?? { runId: 0 };
    const told = { status: 'investigating', paged: [dba], changes: [text(runId)], back: true };
    expect(await incident()).toEqual(told);

    await shop.query(`delete from pgmigrations where name = '${BAD.name}'`);
    await look();
    expect(await incident()).toEqual({ ...told, back: false });

    await bot.app.act(1, { kind: 'answer-page', by: dba, page: 1, answer: 'acknowledged' });
    await shop.query(`insert into pgmigrations (name, run_on) values ('${BAD.name}', now())`);
    await look();
    expect(await incident()).toEqual({
      ...told,
      paged: [dba, dba],
      changes: [text(runId), text(runId)],
    });
  });

  it('opens its incident again', async () => {
    await bot.app.act(1, { kind: 'resolve', by: oncall });
    await shop.apply(BAD);
    await look();
    expect(await incident()).toMatchObject({ status: 'investigating', paged: [dba], back: true });
  });

  it('is looked for again when its history could not be read', async () => {
    await shop.apply(BAD);
    const deploy = await shop.connect('owner');
    await deploy.query('begin; lock table pgmigrations');
    await look();
    expect(await incident()).toEqual(QUIET);
    await deploy.end();
    await look();
    expect(await incident()).toMatchObject({ paged: [dba], back: true });
  });
});
