import type pg from 'pg';
import { sessionsByPid } from '../../src/databases/sessions.ts';
import type { Target } from '../../src/databases/target.ts';
import { executeTerminate, planTerminate, resolveTerminate } from '../../src/databases/terminate.ts';
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

  it('leaves a session alone whose transaction is over, whatever it does now', async () => {
    await client.query('begin; lock table order_status in access share mode');
    const plan = await planned();
    await client.query('commit; begin; update orders set total_cents = 1 where id = 1');
    expect((await planned()).hash).not.toBe(plan.hash);
    expect(await executeTerminate(shop.target, plan)).toMatchObject({
      state: 'stopped',
      code: 'CHANGED',
      verdict: expect.stringContaining('is over: the session was left alone') as string,
    });
    await client.query('commit');
    expect(await shop.query('select total_cents from orders where id = 1')).toEqual([{ total_cents: 1 }]);
  });

  it('is the same plan whether a statement runs at this moment or not', async () => {
    await client.query('begin; select 1');
    const idle = await planned();
    const running = client.query('select pg_sleep(20)').catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await planned()).hash).toBe(idle.hash);
    expect(await executeTerminate(shop.target, idle)).toMatchObject({
      state: 'done',
      facts: { means: ['cancelled'] },
    });
    await running;
  });

  it('does not say that nothing happened when the look after a signal fails', async () => {
    await client.query('begin; select 1');
    const plan = await planned();
    const { target, signalled } = blindAfterSignal();
    expect(await executeTerminate(target, plan)).toMatchObject({
      state: 'unknown',
      verdict: expect.stringContaining('terminated') as string,
      facts: { means: ['terminated'] },
    });
    expect(signalled()).toBe(true);
    expect(await resolveTerminate(shop.target, plan)).toBe('committed');
  });

  it('is found not to have ended when it is still there, in the same transaction', async () => {
    await client.query('begin; select 1');
    expect(await resolveTerminate(shop.target, await planned())).toMatchObject({
      state: 'stopped',
      verdict: expect.stringContaining('still there') as string,
    });
  }, 15_000);

  it('signals no mere number: without a sight of its start it says which right is missing', async () => {
    await client.query('begin; select 1');
    const plan = await planned();
    await shop.query(`revoke pg_read_all_stats from ${shop.roles.act}`);
    expect(await executeTerminate(shop.target, plan)).toMatchObject({
      state: 'stopped',
      code: 'REFUSED',
      verdict: expect.stringContaining('GRANT pg_signal_backend, pg_read_all_stats') as string,
    });
    await shop.query(`revoke pg_signal_backend from ${shop.roles.act}`);
    await shop.query(`grant pg_read_all_stats to ${shop.roles.act}`);
    const denied = await executeTerminate(shop.target, plan);
    expect(denied).toMatchObject({ state: 'stopped', code: 'REFUSED' });
    expect(denied.verdict).not.toContain('rolled back');
    expect(await sessionsByPid(shop.target, [pid])).toHaveLength(1);
  });

  /** From the signal on, the diag role gets through no more. */
  function blindAfterSignal(): { target: Target; signalled: () => boolean } {
    let sent = false;
    const target: Target = {
      ...shop.target,
      read: (...args) =>
        sent
          ? Promise.reject(new Error('timeout exceeded when trying to connect'))
          : shop.target.read(...args),
      async session(role) {
        const act = await shop.target.session(role);
        const query = act.query.bind(act) as (...args: unknown[]) => Promise<unknown>;
        const watched = async (...args: unknown[]): Promise<unknown> => {
          const answer = await query(...args);
          sent ||= String(args[0]).includes('pg_terminate_backend');
          return answer;
        };
        return Object.assign(act, { query: watched });
      },
    };
    return { target, signalled: () => sent };
  }

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
