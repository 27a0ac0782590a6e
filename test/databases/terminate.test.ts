import type pg from 'pg';
import { sessionsByPid } from '../../src/databases/sessions.ts';
import { executeTerminate, planTerminate } from '../../src/databases/terminate.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createShop, type Shop } from './shop.ts';

describe('ending a session', () => {
  let shop: Shop;
  let client: pg.Client;
  let pid: number;
  beforeEach(async () => {
    shop = await createShop();
    client = await shop.connect('app', 'forgotten shell');
    pid = await pidOf(client);
  });
  afterEach(async () => {
    await client.end().catch(() => undefined);
    await shop.close();
  });

  const pidOf = async (it: pg.Client): Promise<number> =>
    (await it.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
  const idOf = async (of: number) => {
    const [found] = await sessionsByPid(shop.target, [of]);
    return { pid: of, backendStart: found?.backendStart ?? '' };
  };
  async function planned(of = pid): Promise<Plan> {
    const result = await planTerminate(shop.target, await idOf(of));
    if (!result.ok) throw new Error(`refused: ${result.code}`);
    return result.plan;
  }

  it('terminates one that is idle in a transaction, and looks whether it is gone', async () => {
    await client.query('begin');
    await client.query('select * from order_status limit 1');
    const plan = await planned();
    expect(plan.summary.join('\n')).toContain('It runs nothing that could be cancelled');
    expect(plan.summary.join('\n')).toContain('it has locked order_status');
    const outcome = await executeTerminate(shop.target, plan);
    expect(outcome).toMatchObject({
      state: 'done',
      facts: { means: ['terminated'] },
      probes: [{ ok: true }],
    });
    expect(await sessionsByPid(shop.target, [pid])).toEqual([]);
  });

  it('cancels a running statement, and leaves the session when its locks are gone', async () => {
    await client.query('begin');
    await client.query('lock table order_status in access exclusive mode');
    const running = client.query('select pg_sleep(20)').catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const outcome = await executeTerminate(shop.target, await planned());
    expect(outcome).toMatchObject({ state: 'done', facts: { means: ['cancelled'] }, probes: [{ ok: true }] });
    expect(await running).toMatchObject({ code: '57014' });
    expect(await sessionsByPid(shop.target, [pid])).toHaveLength(1);
  });

  it('does not touch another session that has the pid now', async () => {
    const id = await idOf(pid);
    const backendStart = id.backendStart.replace(/\d{6}Z$/, '000000Z');
    expect(await planTerminate(shop.target, { pid, backendStart })).toMatchObject({
      code: 'NO_SUCH_SESSION',
    });
    const plan = await planned();
    await client.end();
    expect(await executeTerminate(shop.target, plan)).toMatchObject({ state: 'stopped', code: 'CHANGED' });
    const forged = { ...plan, inputs: { pid: await pidOf(shop.admin), backendStart: 'x' } };
    expect(await executeTerminate(shop.target, forged)).toMatchObject({
      state: 'stopped',
      code: 'PLAN_VOID',
    });
  });

  it('refuses sessions of superusers, its own, and those that are no clients', async () => {
    expect(await planTerminate(shop.target, await idOf(await pidOf(shop.admin)))).toMatchObject({
      code: 'SESSION_OF_SUPERUSER',
    });
    const [own] = await shop.target.read<{ pid: number }>('select pg_backend_pid() as pid');
    expect(await planTerminate(shop.target, await idOf(own?.pid ?? 0))).toMatchObject({
      code: 'SESSION_IS_OURS',
    });
    const [writer] = await shop.query<{ pid: number }>(
      `select pid from pg_stat_activity where backend_type = 'walwriter'`,
    );
    expect(await planTerminate(shop.target, await idOf(writer?.pid ?? 0))).toMatchObject({
      code: 'SESSION_NOT_CLIENT',
    });
  });
});
