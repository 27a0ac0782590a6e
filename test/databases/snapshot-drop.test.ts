/** What was kept of an incident goes only when that was approved, and not while the incident may need it. */
import { join } from 'node:path';
import { executeSql, planSnapshot } from '../../src/databases/execute.ts';
import { resolveUnknown } from '../../src/databases/resolve.ts';
import { type DropRequest, executeDrop, planDrop } from '../../src/databases/snapshot-drop.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { bindRunbook } from '../../src/domain/runbook.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps, runnable } from '../../src/runbooks/step.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { createShop, type Shop } from './shop.ts';

describe('dropping what was kept', () => {
  let shop: Shop;
  let runs = 0;
  let kept: string[];
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  const marker = () => ({ run: `drop-${(runs += 1)}`, step: 1, epoch: 1 });
  const options = () => ({ marker: marker(), onXid: () => Promise.resolve() });
  const tables = async (): Promise<string[]> =>
    (
      await shop.query<{ name: string }>(
        `select relname::text as name from pg_class
          where relnamespace = to_regnamespace('firebreak_7') and relkind = 'r' order by 1`,
      )
    ).map(({ name }) => name);
  const closed = { open: false, declaredAt: new Date('2024-06-03T14:00:00Z') };
  const plan = (more: Partial<DropRequest> = {}) =>
    planDrop(shop.target, {
      schema: 'firebreak_7',
      tables: [],
      evenOpen: [],
      incident: (id) => Promise.resolve(id === 7 ? closed : undefined),
      ...more,
    });
  async function planned(more: Partial<DropRequest> = {}): Promise<Plan> {
    const result = await plan(more);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  beforeEach(async () => {
    if ((await tables()).length === 0) {
      const made = await planSnapshot(shop.target, { table: 'orders', snapshotSchema: 'firebreak_7' });
      if (!made.ok) throw new Error(made.code);
      await executeSql(shop.target, made.plan, options());
    }
    kept = await tables();
  });

  it('lists what goes, drops one table, then the schema, and leaves the tables of the shop alone', async () => {
    expect(kept).toHaveLength(2);
    const [first = '', second = ''] = kept;
    const one = await planned({ tables: [first] });
    const words = one.summary.join('\n');
    expect(words).toContain('Kept for incident 7, declared 2024-06-03, which is closed.');
    expect(words).toMatch(new RegExp(`Destroys: firebreak_7.${first}, about 1,000 rows, [\\d.]+ MB, made`));
    expect(words).not.toContain(second);
    const step = marker();
    const done = await executeDrop(shop.target, one, { marker: step, onXid: () => Promise.resolve() });
    expect(done).toMatchObject({
      state: 'done',
      verdict: 'Dropped 1 tables of firebreak_7 on shop.',
      facts: { gone: true },
    });
    expect(await resolveUnknown(shop.target, step)).toBe('committed');
    expect(await tables()).toEqual([second]);
    expect(await executeDrop(shop.target, await planned(), options())).toMatchObject({ state: 'done' });
    expect(await shop.query(`select to_regnamespace('firebreak_7') as there`)).toEqual([{ there: null }]);
    expect(await shop.query('select count(*)::int as n from orders')).toEqual([{ n: 1000 }]);
  });

  it('is refused while the incident is open or unknown, but for tables named twice', async () => {
    const [first = '', second = ''] = kept;
    const incident = () => Promise.resolve({ ...closed, open: true });
    const needed = { code: 'SNAPSHOT_NEEDED' };
    expect(await plan({ incident })).toMatchObject(needed);
    expect(await plan({ incident, evenOpen: kept })).toMatchObject(needed);
    expect(await plan({ incident, tables: [first], evenOpen: [second] })).toMatchObject(needed);
    expect(await plan({ incident: () => Promise.resolve(undefined) })).toMatchObject(needed);
    const it = await planned({ incident, tables: [first], evenOpen: [first] });
    expect(it.summary[0]).toContain('which is OPEN');
  });

  it.each([['public'], ['firebreak'], ['firebreak_7x'], ['firebreak_7; drop'], ['firebreak_trial']])(
    'is refused for the schema %s',
    async (schema) => {
      expect(await plan({ schema })).toMatchObject({ code: 'SNAPSHOT_SCHEMA_WRONG' });
    },
  );

  it('is refused for what is not there', async () => {
    expect(await plan({ schema: 'firebreak_8' })).toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' });
    expect(await plan({ tables: ['nothing'] })).toMatchObject({
      code: 'SNAPSHOT_NOT_FOUND',
      values: { found: 'firebreak_7.nothing' },
    });
  });

  it('drops nothing when something else is in the schema by then, or a table is another one', async () => {
    const whole = await planned();
    const [first = ''] = kept;
    const owner = await shop.connect('owner');
    await owner.query('create table firebreak_7.newer (id int)');
    expect(await executeDrop(shop.target, whole, options())).toMatchObject({
      state: 'stopped',
      code: 'FAILED',
    });
    await owner.query(`drop table firebreak_7.newer; alter table firebreak_7.${first} rename to other;
      create table firebreak_7.${first} (id int)`);
    expect(await executeDrop(shop.target, whole, options())).toMatchObject({ code: 'PLAN_VOID' });
    await owner.query(`drop table firebreak_7.${first}; alter table firebreak_7.other rename to ${first}`);
    await owner.end();
    expect(await tables()).toEqual(kept);
  });

  it('is what the runbook drop-snapshot does', async () => {
    const steps = await loadSteps();
    const runbook = (await loadRunbooks(join(PACKAGE_ROOT, 'runbooks'), steps)).get('drop-snapshot');
    const [table = ''] = kept;
    const given = { schema: 'firebreak_7', table, even_open: table };
    const bound = runbook && bindRunbook(runbook, given);
    if (!bound?.ok) throw new Error('it cannot be bound');
    const [step] = bound.steps;
    const kind = runnable(steps).get('snapshot-drop');
    if (kind?.risk !== 'dangerous') throw new Error('it is no dangerous kind');
    const incidentOf = () => Promise.resolve({ ...closed, open: true });
    const found = await kind.plan({ target: shop.target, incidentOf } as never, step?.input);
    expect(found).toMatchObject({ ok: true, plan: { inputs: { whole: false } } });
  });
});
