import { join } from 'node:path';
import type { Target } from '../../src/databases/target.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps, runnable } from '../../src/runbooks/step.ts';
import { approvalBlocks } from '../../src/slack/views/approval.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { captured, createShop, type Shop } from '../databases/shop.ts';
import { type Bench, openBench, settingsWith } from './run-step-support.ts';

const steps = await loadSteps();
const runbooks = [...(await loadRunbooks(join(PACKAGE_ROOT, 'runbooks'), steps)).values()];

const NOTE = captured(
  '1717405200000_order-note',
  'alter table orders add column note text;',
  'alter table orders drop column note;',
);

describe('a rollback on a target with a rehearsal', () => {
  let shop: Shop;
  let staging: Shop;
  let bench: Bench;
  /** How often something was begun on staging by the role that may change it. */
  let rehearsals = 0;
  beforeAll(async () => {
    [shop, staging] = await Promise.all([
      createShop({ rehearsal: 'staging' }),
      createShop({ name: 'staging' }),
    ]);
    const counted: Target = {
      ...staging.target,
      session: (...args) => {
        rehearsals += 1;
        return staging.target.session(...args);
      },
    };
    const settings: Record<string, TargetSettings> = { shop: shop.config, staging: staging.config };
    bench = await openBench([...runnable(steps).values()], runbooks, {
      settings: settingsWith(settings),
      target: (name) => (name === 'shop' ? shop.target : counted),
      app: {
        captured: (target) => Promise.resolve(target === 'shop' ? [NOTE] : []),
        roster: () => Promise.resolve(undefined),
      },
    });
    await Promise.all([shop.apply(NOTE), staging.apply(NOTE)]);
  });
  afterAll(async () => {
    await bench.close();
    await Promise.all([shop.close(), staging.close()]);
  });

  it('shows it to whoever approves, and does it once', async () => {
    const { id } = await bench.start('migration-rollback', { migration: NOTE.name, target: 'shop' });
    const asking = await bench.work(id);
    expect(asking.state).toBe('awaiting_approval');
    const step = asking.steps[0];
    if (!step) throw new Error('the run has no step');
    const shown = JSON.stringify(approvalBlocks(asking, step));
    expect(shown).toMatch(
      /Rehearsed on staging, and rolled back there: locked for [\d,]+ ms [^.]*, 1,000 rows copied\./,
    );
    expect(shown).toMatch(/Probes there: order-status green in \d+ ms\./);
    expect(await staging.query('select note from orders limit 1')).toEqual([{ note: null }]);

    expect(await bench.approve(id)).toMatchObject({ ok: true });
    expect(await bench.work(id)).toMatchObject({ state: 'done' });
    await expect(shop.query('select note from orders')).rejects.toMatchObject({ code: '42703' });
    expect(await staging.query('select note from orders limit 1')).toEqual([{ note: null }]);
    expect(rehearsals).toBe(1);
  });
});
