/** Whatever fails while a migration is rolled back: all of it is done or nothing, and what is said is true. */
import { executeRollback, planRollback, resolveUnknown } from '../../src/databases/rollback.ts';
import { openTarget } from '../../src/databases/target.ts';
import type { ActionOutcome, Plan, TransactionTrace } from '../../src/domain/plan.ts';
import { type Cut, type CuttingProxy, createCuttingProxy } from '../support/cutting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { BAD, createShop, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_1';
let runs = 0;
const marker = () => ({ run: `run-${(runs += 1)}`, step: 1, epoch: 1 });

describe('a rollback that meets a fault', () => {
  let shop: Shop;
  let proxy: CuttingProxy;
  let throughProxy: Shop['target'];
  beforeAll(async () => {
    shop = await createShop();
    const ddl = shop.config.urls.ddl ?? '';
    proxy = await createCuttingProxy(ddl);
    throughProxy = openTarget({ ...shop.config, urls: { ...shop.config.urls, ddl: proxy.through(ddl) } });
  });
  afterAll(async () => {
    await throughProxy.close();
    proxy.close();
    await shop.close();
  });

  async function planned(): Promise<Plan> {
    const request = { migration: BAD.name, captured: [BAD], snapshotSchema: SCHEMA };
    const result = await planRollback(shop.target, request);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  /** Applied afresh: each has its own transaction and so its own snapshot. */
  async function applied(): Promise<Plan> {
    await shop.apply(BAD);
    return planned();
  }

  /** How much of a rollback is there, and whether anybody of ours still is. */
  async function world() {
    const [row] = await shop.query<Record<string, number>>(`
      select (select count(*)::int from pgmigrations where name = '${BAD.name}') as applied,
             (select count(*)::int from pg_attribute
               where attrelid = 'order_status'::regclass and attname = 'shipper') as shipper,
             (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname = '${SCHEMA}' and c.relkind = 'r') as kept,
             (select count(*)::int from pg_stat_activity
               where application_name = 'firebreak' and datname = current_database()
                 and usename = '${shop.roles.owner}') as sessions`);
    return row;
  }
  const settled = () =>
    eventually(async () => {
      const it = await world();
      return it?.['sessions'] === 0 ? it : undefined;
    });
  const markersOf = async (run: string): Promise<number> => {
    const [there] = await shop.query(`select to_regclass('firebreak.markers') is not null as there`);
    if (there?.['there'] !== true) return 0;
    return (await shop.query('select 1 from firebreak.markers where run = $1', [run])).length;
  };

  it.each<Cut>(['unsent', 'unanswered'])(
    'with its connection cut at any of its statements, %s, is whole or not there at all',
    async (how) => {
      const plan = await applied();
      const before = await settled();
      let n = 0;
      let state: ActionOutcome['state'] = 'stopped';
      while (state !== 'done') {
        n += 1;
        const step = marker();
        let trace: TransactionTrace | undefined;
        proxy.cutAt(n, how);
        const outcome = await executeRollback(throughProxy, plan, {
          marker: step,
          onXid: (it) => Promise.resolve(void (trace = it)),
        });
        ({ state } = outcome);
        const now = await settled();
        if (state === 'done') {
          // Either the answer to the COMMIT was cut, or there was no n-th statement.
          expect(proxy.wasCut()).toBe(how === 'unanswered');
          expect({ n, now }).toEqual({
            n,
            now: { ...before, applied: 0, shipper: 0, kept: expect.any(Number) as unknown },
          });
          expect(Number(now['kept'])).toBe(Number(before['kept']) + 2);
          expect(await markersOf(step.run)).toBe(1);
        } else {
          expect({ n, state, now }).toEqual({ n, state: 'stopped', now: before });
          expect(await markersOf(step.run)).toBe(0);
          expect(await resolveUnknown(shop.target, step, trace)).toBe('aborted');
        }
      }
      expect(n).toBeGreaterThan(20);
    },
    60_000,
  );

  it('by two people at once is done once, and the other is told so', async () => {
    const [one, other] = [await applied(), await planned()];
    const outcomes = await Promise.all(
      [one, other].map((plan) =>
        executeRollback(shop.target, plan, { marker: marker(), onXid: () => Promise.resolve() }),
      ),
    );
    const [winner, loser] = outcomes.sort((a) => (a.state === 'done' ? -1 : 1));
    expect(winner).toMatchObject({ state: 'done', facts: { history_gone: true } });
    expect(loser).toMatchObject({ state: 'stopped' });
    expect(loser?.verdict).toMatch(/newest applied migration is .* now|deploy holds its lock/);
    expect(await settled()).toMatchObject({ applied: 0, shipper: 0 });
  });

  it('by somebody who comes after it was done is void', async () => {
    const plan = await applied();
    const execute = () =>
      executeRollback(shop.target, plan, { marker: marker(), onXid: () => Promise.resolve() });
    expect(await execute()).toMatchObject({ state: 'done' });
    const kept = (await settled())['kept'];
    expect(await execute()).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
    expect(await settled()).toMatchObject({ applied: 0, kept });
  });

  it('meets a session that came after the plan, names it, and goes through once it is gone', async () => {
    const plan = await applied();
    const before = await settled();
    const late = await shop.connect('app', 'late report');
    await late.query('begin; select 1 from order_status limit 1');
    const execute = () =>
      executeRollback(shop.target, plan, {
        marker: marker(),
        onXid: () => Promise.resolve(),
        lockTimeoutMs: 200,
        attempts: 1,
      });
    const outcome = await execute();
    expect(outcome).toMatchObject({ state: 'stopped', code: 'LOCK_TIMEOUT' });
    expect(outcome.verdict).toContain('late report');
    expect(await settled()).toEqual(before);
    await late.end();
    expect(await execute()).toMatchObject({ state: 'done' });
  });
});
