import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { analyse } from '../../../src/databases/analyse.ts';
import { type Limits, loadChecks } from '../../../src/databases/check.ts';
import { executeCorruption, planCorruption, resolveCorruption } from '../../../src/databases/corruption.ts';
import { sweep } from '../../../src/databases/sweep.ts';
import { openTarget } from '../../../src/databases/target.ts';
import { usersOf } from '../../../src/databases/users.ts';
import type { ActionOutcome, Plan } from '../../../src/domain/plan.ts';
import { loadRunbooks } from '../../../src/runbooks/load.ts';
import { loadSteps, runnable } from '../../../src/runbooks/step.ts';
import { RUNBOOKS } from '../../../src/version.ts';
import { openBench } from '../../jobs/run-step-support.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createShop, type Shop } from '../shop.ts';
import { lookBy } from './support.ts';

/** What belongs to the whole server, or breaks it: on a server of its own. */
describe('checks of a server', () => {
  let server: TestServer;
  let shop: Shop;
  beforeAll(async () => {
    server = await startServer({
      settings: { shared_preload_libraries: 'pg_stat_statements', track_io_timing: 'on' },
    });
    shop = await createShop({}, server.url);
    await shop.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);
  }, 60_000);
  afterAll(async () => {
    await shop.close().catch(() => undefined);
    await server.stop();
  });

  const look = (name: string, limits?: Limits) => lookBy(shop.target, name, limits);

  it('find nothing wrong with a healthy database', async () => {
    await shop.query('create extension pg_stat_statements');
    const others = (await loadChecks()).filter((check) => !check.firstMinutes);
    for (const { name } of others)
      expect(await look(name)).toMatchObject({ status: name === 'corruption' ? 'skipped' : 'ok' });
  });

  it('wait for nobody who holds the tables, but those that say so', async () => {
    const holder = await shop.connect('owner', 'deploy');
    await holder.query('begin; lock table orders, order_status, order_events in access exclusive mode');
    for (const check of (await loadChecks()).filter(({ firstMinutes }) => !firstMinutes)) {
      const { status } = await look(check.name);
      if (!check.danger.startsWith('waits')) expect([check.name, status]).not.toContain('timeout');
    }
    await holder.end();
  });

  it('count the statements that name what SQL would remove, also when nobody sends them now', async () => {
    const app = await shop.connect('app');
    for (let n = 0; n < 3; n += 1) await app.query(`select carrier from order_status where order_id = ${n}`);
    await app.query('select eta from order_status limit 1');
    await app.end();
    const users = await usersOf(shop.target, await analyse('alter table order_status drop column carrier'));
    expect(users).toMatchObject({ known: true, removes: ['carrier'], seen: [] });
    expect(users.counted?.[0]).toBe('3 times: select carrier from order_status where order_id = $1');
    expect(users.counted).toContain(
      'once: insert into order_status select order_id, status, carrier, eta from order_events',
    );
    expect(users.counted?.join()).not.toContain('limit');
  });

  describe('outliers', () => {
    it('names the statement that took most of the time, without its literals', async () => {
      await shop.query(`select pg_sleep(0.5), 'card 4711'`);
      const found = await look('outliers');
      expect(found).toMatchObject({ status: 'ok' });
      expect(found.verdict).toMatch(/^[\d.]+ % of all time went to one statement \(1 call, [\d.]+ ms each\)/);
      expect(found.verdict).toContain('select pg_sleep');
      expect(JSON.stringify(found)).not.toContain('4711');
    });

    it('is skipped with what is missing: the right, or the extension', async () => {
      await shop.query(`revoke pg_monitor from ${shop.roles.diag}`);
      expect(await look('outliers')).toMatchObject({
        status: 'skipped',
        next: `GRANT pg_monitor TO ${shop.roles.diag}`,
      });
      await shop.query(`grant pg_monitor to ${shop.roles.diag}; drop extension pg_stat_statements`);
      expect(await look('outliers')).toMatchObject({
        status: 'skipped',
        next: expect.stringContaining('CREATE EXTENSION pg_stat_statements') as string,
      });
    });
  });

  it('checkpointer tells when most checkpoints were forced', async () => {
    for (let n = 0; n < 12; n += 1) await shop.query('checkpoint');
    const found = await look('checkpointer');
    expect(found).toMatchObject({ status: 'warn', next: expect.stringContaining('max_wal_size') as string });
    expect(found.verdict).toMatch(/^\d+(\.\d)? % of \d+ checkpoints were forced, by max_wal_size \(1GB\)/);
  });

  it('io judges how long a read takes, and says so when nobody measures it', async () => {
    const found = await look('io', { warn: 0, crit: 1000 });
    expect(found).toMatchObject({ status: 'warn' });
    expect(found.verdict).toMatch(
      /^A read takes [\d.]+ ms on average; most of the time is that of .+: [\d,]+ reads/,
    );
    await shop.query('alter system set track_io_timing = off');
    await shop.query(`alter role ${shop.roles.diag} set track_io_timing = off`);
    const blind = openTarget(shop.config);
    expect(await lookBy(blind, 'io')).toMatchObject({
      status: 'skipped',
      next: expect.stringContaining('track_io_timing = on') as string,
    });
    await blind.close();
  });

  describe('damage', () => {
    const planned = async (table: string): Promise<Plan> => {
      const result = await planCorruption(shop.target, { table });
      if (!result.ok) throw new Error(`refused: ${result.code}`);
      return result.plan;
    };
    const lookFor = async (table: string): Promise<ActionOutcome> =>
      executeCorruption(shop.target, await planned(table));

    it('is looked for by no check: that takes a plan', async () => {
      await shop.query('create extension if not exists amcheck');
      expect(await look('corruption')).toMatchObject({
        status: 'skipped',
        next: 'run corruption-check target=shop table=<table>',
      });
      const swept = await sweep(shop.target, { now: new Date() });
      expect(swept.checks.map(({ check }) => check)).not.toContain('corruption');
    });

    it('is not looked for without the extension and the right, and the refusal names both', async () => {
      await shop.query('drop extension if exists amcheck');
      expect(await planCorruption(shop.target, { table: 'orders' })).toMatchObject({
        code: 'AMCHECK_MISSING',
      });
      await shop.query('create extension amcheck');
      const refused = await planCorruption(shop.target, { table: 'orders' });
      if (refused.ok) throw new Error('planned without a right');
      const { role, functions } = refused.values;
      expect(refused.code).toBe('AMCHECK_DENIED');
      expect(role).toBe(shop.roles.diag);
      // The GRANT is one that can be given as it is.
      await shop.query(`grant execute on function ${functions} to ${role}`);
      expect(await planCorruption(shop.target, { table: 'orders' })).toMatchObject({ ok: true });
      expect(await planCorruption(shop.target, { table: 'no_such' })).toMatchObject({
        code: 'TABLE_NOT_FOUND',
      });
    });

    it('is planned as what will be read, and found not to be there', async () => {
      const plan = await planned('order_events');
      expect(plan.summary[0]).toMatch(
        /^Reads public.order_events and its indexes whole: 5 relations, about [\d.]+ MB/,
      );
      expect(plan.sql).toContain('-- public.order_events_pkey\nselect "public".bt_index_check(');
      expect((await planned('order_events')).hash).toBe(plan.hash);
      expect(await executeCorruption(shop.target, plan)).toMatchObject({
        state: 'done',
        verdict: 'No damage was found in 5 of 5 relations of public.order_events.',
      });
      expect(
        await executeCorruption(shop.target, { ...plan, inputs: { table: 'orders', looks: [] } }),
      ).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
      expect(resolveCorruption()).toMatchObject({ state: 'stopped', code: 'FAILED' });
    });

    it('is not said to be absent where a lock kept us out', async () => {
      const holder = await shop.connect('owner', 'deploy');
      await holder.query('begin; lock table order_events in access exclusive mode');
      const outcome = await lookFor('order_events');
      await holder.end();
      expect(outcome.verdict).toMatch(
        /^No damage was found in 2 of 5 relations.*Not looked at: .*lock timeout/,
      );
    });

    it('is looked for by the runbook once somebody else has approved it', async () => {
      const steps = await loadSteps();
      const runbooks = await loadRunbooks(RUNBOOKS, steps);
      const bench = await openBench([...runnable(steps).values()], [...runbooks.values()], {
        target: () => shop.target,
      });
      const { id } = await bench.start('corruption-check', { table: 'order_status' });
      expect(await bench.work(id)).toMatchObject({ state: 'awaiting_approval' });
      expect(await bench.approve(id)).toMatchObject({ ok: true });
      const ended = await bench.work(id);
      await bench.close();
      expect(ended).toMatchObject({
        state: 'done',
        steps: [{ verdict: expect.stringContaining('No damage was found') as string }, { kind: 'probe' }],
      });
    });

    it('is found in an index and in a table, and what is damaged is named', async () => {
      const [files] = await shop.query<{ index: string; table: string }>(
        `select pg_relation_filepath('order_events_pkey') as index, pg_relation_filepath('order_status') as table`,
      );
      const { config } = shop;
      await shop.target.close();
      await shop.admin.end();
      await server.restart(async () => {
        await scribble(join(server.cluster, files?.index ?? ''));
        await scribble(join(server.cluster, files?.table ?? ''));
      });
      const target = openTarget(moved(config, server.url));
      const of = async (table: string) => {
        const result = await planCorruption(target, { table });
        return result.ok ? executeCorruption(target, result.plan) : result;
      };
      const index = await of('order_events');
      const table = await of('order_status');
      const check = await lookBy(target, 'corruption');
      await target.close();
      expect(index).toMatchObject({
        state: 'done',
        verdict: expect.stringMatching(
          /^Damage in public.order_events: index public.order_events_pkey \(.+\)\. .*REINDEX INDEX CONCURRENTLY public.order_events_pkey/,
        ) as string,
        facts: { sound: 4 },
      });
      expect(table).toMatchObject({
        verdict: expect.stringMatching(
          /^Damage in public.order_status: table public.order_status .*Stop writing/,
        ) as string,
      });
      expect(check).toMatchObject({
        status: 'crit',
        verdict: expect.stringContaining('Pages failed their checksum in') as string,
      });
    });
  });
});

/** Overwrites the middle of the second page. */
async function scribble(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(512, 0xa5), 0, 512, 8192 + 4096);
  await file.close();
}

/** The same database after its server was started on another port. */
function moved<Config extends { readonly urls: { readonly diag: string } }>(
  config: Config,
  url: string,
): Config {
  const diag = new URL(config.urls.diag);
  diag.port = new URL(url).port;
  return { ...config, urls: { diag: diag.href } };
}
