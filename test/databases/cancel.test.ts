import type pg from 'pg';
import { executeCancel, planCancel, resolveCancel } from '../../src/databases/cancel.ts';
import { sessionsByPid } from '../../src/databases/sessions.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { eventually } from '../support/eventually.ts';
import { createShop, type Shop } from './shop.ts';

describe('cancelling a statement', () => {
  let shop: Shop;
  let client: pg.Client;
  let id: { pid: number; backendStart: string };
  beforeAll(async () => {
    shop = await createShop();
    client = await shop.connect('app', 'report job');
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    const [found] = await sessionsByPid(shop.target, [pid]);
    id = { pid, backendStart: found?.backendStart ?? '' };
  });
  afterAll(async () => {
    await client.end();
    await shop.close();
  });

  async function sleeping(): Promise<{ plan: Plan; ended: Promise<unknown> }> {
    const ended = client.query('select pg_sleep(20)').catch((error: unknown) => error);
    const plan = await eventually(async () => {
      const result = await planCancel(shop.target, id);
      return result.ok && result.plan.summary.join().includes('pg_sleep') && result.plan;
    });
    return { plan, ended };
  }

  it('cancels the statement and leaves the session', async () => {
    const { plan, ended } = await sleeping();
    expect(plan.summary.join('\n')).toContain('select pg_sleep(?)');
    expect(await executeCancel(shop.target, plan)).toMatchObject({
      state: 'done',
      facts: { means: ['cancelled'], pid: id.pid },
      probes: [{ ok: true }],
    });
    expect(await ended).toMatchObject({ code: '57014' });
    expect(await sessionsByPid(shop.target, [id.pid])).toHaveLength(1);
    expect(await resolveCancel(shop.target, plan)).toBe('committed');
  });

  it('leaves the next statement of the session alone', async () => {
    const first = await sleeping();
    await executeCancel(shop.target, first.plan);
    const next = await sleeping();
    expect(next.plan.hash).not.toBe(first.plan.hash);
    expect(await executeCancel(shop.target, first.plan)).toMatchObject({ state: 'stopped', code: 'CHANGED' });
    await executeCancel(shop.target, next.plan);
    expect(await next.ended).toMatchObject({ code: '57014' });
  });

  it('says that the statement still runs when it was never cancelled', async () => {
    const { plan, ended } = await sleeping();
    expect(await resolveCancel(shop.target, plan)).toMatchObject({ state: 'stopped', code: 'FAILED' });
    await executeCancel(shop.target, plan);
    await ended;
  }, 15_000);

  it('is refused while the session runs nothing', async () => {
    await client.query('begin; select 1');
    expect(await planCancel(shop.target, id)).toMatchObject({
      code: 'SESSION_RUNS_NOTHING',
      values: { state: 'idle in transaction' },
    });
    await client.query('rollback');
  });
});
