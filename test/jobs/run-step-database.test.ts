import { join } from 'node:path';
import { openBlocker } from '../../sandbox/story/blocker.ts';
import { PROBE_SQL, TRUTH_SOURCE_SQL } from '../../sandbox/story/queries.ts';
import { captureMigrations } from '../../src/databases/history.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { JournalRun } from '../../src/domain/run.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps, runnable } from '../../src/runbooks/step.ts';
import { listHolds } from '../../src/store/holds.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { breakShop, query, type TestShop, testShop } from '../sandbox/story/support.ts';
import { type Bench, shop as bare, openBench, settingsWith } from './run-step-support.ts';

const steps = await loadSteps();
const runbooks = [...(await loadRunbooks(join(PACKAGE_ROOT, 'runbooks'), steps)).values()];

/** Four seeds in a row show all four forms of the break. */
describe.each([0, 1, 2, 3])('the outage of the story, seed %i, undone by runbooks', (seed) => {
  let shop: TestShop;
  let target: Target;
  let bench: Bench;
  beforeAll(async () => {
    shop = await testShop(seed);
    const settings: TargetSettings = {
      ...bare,
      urls: { diag: shop.urls.diag, act: shop.urls.act, ddl: shop.urls.owner },
      probes: [{ name: 'order-status', sql: PROBE_SQL }],
      sources: {
        order_status: {
          key: 'order_id',
          columns: ['status', 'carrier', 'tracking_code', 'eta'],
          from: TRUTH_SOURCE_SQL,
        },
      },
    };
    target = openTarget(settings);
    bench = await openBench([...runnable(steps).values()], runbooks, {
      settings: { ...settingsWith({ shop: settings }), breaker: { dangerousPerHour: 10 } },
      target: () => target,
      app: {
        captured: () => captureMigrations({ tool: 'node-pg-migrate', dir: shop.migrationsDir }),
        roster: () => Promise.resolve(undefined),
      },
    });
  });
  afterAll(async () => {
    await bench.close();
    await target.close();
    await shop.close();
  });

  /** Started by one, approved by another. */
  async function carryOut(
    incident: number,
    runbook: string,
    params: Record<string, string>,
  ): Promise<JournalRun> {
    const { id } = await bench.start(runbook, params, incident);
    expect(await bench.work(id)).toMatchObject({ state: 'awaiting_approval' });
    expect(await bench.approve(id)).toMatchObject({ ok: true });
    return bench.work(id);
  }

  it('is diagnosed, blocked, unblocked, rolled back and repaired', async () => {
    const release = await breakShop(shop);
    const { story } = shop;
    const blocker = await openBlocker({ urls: shop.urls, blocker: story.blocker, table: story.tableAfter });
    const incident = await bench.incident();

    const looked = await bench.work((await bench.start('first-five-minutes', {}, incident)).id);
    expect(looked).toMatchObject({ state: 'done', steps: [{ kind: 'db-check', state: 'done' }] });

    const migration = { migration: release.name };
    const blocked = await carryOut(incident, 'migration-rollback', migration);
    expect(blocked).toMatchObject({
      state: 'stopped',
      steps: [
        { state: 'stopped', outcome: { code: 'LOCK_TIMEOUT', blockers: [{ pid: blocker.pid }] } },
        { state: 'not_reached' },
      ],
    });
    const [first] = blocked.steps;
    const inTheWay = first?.outcome?.state === 'stopped' ? first.outcome.blockers[0] : undefined;

    const ended = await carryOut(incident, 'blocked-queries', {
      pid: String(inTheWay?.pid),
      backend_start: String(inTheWay?.backendStart),
    });
    expect(ended).toMatchObject({ state: 'done', steps: [{ state: 'done' }, { state: 'done' }] });
    await blocker.ended;

    const undone = await carryOut(incident, 'migration-rollback', migration);
    expect(undone).toMatchObject({
      state: 'done',
      steps: [
        { state: 'done', verdict: expect.stringContaining('a repair is proposed') as string },
        { state: 'done' },
      ],
    });
    expect(undone.steps[0]?.trace?.xid).toMatch(/^\d+$/);
    expect(await listHolds(bench.store, 'shop')).toMatchObject([
      { migration: release.name, runId: undone.id },
    ]);
    expect(await wrongRows()).toBeGreaterThan(0);

    const repaired = await carryOut(incident, 'table-repair', {
      table: 'order_status',
      run: String(undone.id),
    });
    expect(repaired).toMatchObject({ state: 'done', steps: [{ state: 'done' }, { state: 'done' }] });
    expect(await wrongRows()).toBe(0);

    const again = await bench.work(
      (await bench.start('table-repair', { table: 'order_status' }, incident)).id,
    );
    expect(again).toMatchObject({
      state: 'stopped',
      steps: [{ state: 'stopped' }, { state: 'not_reached' }],
    });
    expect(again.steps[0]?.verdict).toContain('No row of order_status can be restored');
  });

  async function wrongRows(): Promise<number> {
    const { rows } = await query(
      shop.adminUrl,
      `select count(*)::int as wrong
         from order_status as s
         join (${TRUTH_SOURCE_SQL}) as t using (order_id)
        where (s.status, s.carrier, s.tracking_code, s.eta)
              is distinct from (t.status, t.carrier, t.tracking_code, t.eta)`,
    );
    return (rows[0] as { wrong: number }).wrong;
  }
});
