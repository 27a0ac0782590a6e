import { existsSync } from 'node:fs';
import type pg from 'pg';
import { type Check, loadChecks } from '../../../src/databases/check.ts';
import { executeCorruption, planCorruption } from '../../../src/databases/corruption.ts';
import { sweep } from '../../../src/databases/sweep.ts';
import type { CheckResult } from '../../../src/domain/sweep.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createShop, type Shop } from '../shop.ts';
import { lookBy } from './support.ts';

/** Where Debian puts it; .ci/run installs it. */
const BIN = '/usr/lib/postgresql/15/bin';
const there = existsSync(`${BIN}/postgres`);
if (!there) process.stderr.write(`skipped: no PostgreSQL 15 in ${BIN}; apt-get install postgresql-15\n`);

const checks = await loadChecks();

(there ? describe : describe.skip)('on PostgreSQL 15', () => {
  let server: TestServer;
  let shop: Shop;
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    server = await startServer({ bin: BIN, settings: { shared_preload_libraries: 'pg_stat_statements' } });
    shop = await createShop({}, server.url);
    await shop.query('create extension pg_stat_statements; create extension amcheck');
    await shop.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);
  }, 60_000);
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined);
  });
  afterAll(async () => {
    await shop.close().catch(() => undefined);
    await server.stop();
  });

  const look = (name: string, limits?: { warn: number; crit: number }): Promise<CheckResult> =>
    lookBy(shop.target, name, limits);
  async function connect(role: 'app' | 'owner', application: string): Promise<pg.Client> {
    const client = await shop.connect(role, application);
    clients.push(client);
    return client;
  }

  it.each(checks)('$name asks only what this server knows', async (check: Check) => {
    const found = await look(check.name);
    expect(found.verdict).not.toMatch(/^The check failed/);
    expect(['ok', 'warn', 'skipped']).toContain(found.status);
    if (check.since > 15)
      expect(found).toMatchObject({
        status: 'skipped',
        verdict: expect.stringContaining('PostgreSQL 15') as string,
      });
  });

  it('a sweep finds nothing critical in a healthy database', async () => {
    const report = await sweep(shop.target, { now: new Date() });
    expect(report.checks.filter(({ status }) => status === 'crit' || status === 'timeout')).toEqual([]);
    expect(report.checks[0]).toMatchObject({ facts: { reachable: true } });
  });

  it('names the root of a queue, and the session that forgot its transaction', async () => {
    const idle = await connect('app', 'forgotten shell');
    await idle.query('begin; select * from order_status limit 1');
    const alter = await connect('owner', 'deploy');
    const waiting = alter.query('alter table order_status add column x int').catch(() => undefined);
    const found = await eventually(async () => {
      const result = await look('blocking', { warn: 0, crit: 60 });
      return result.status !== 'ok' && result;
    });
    expect(found.verdict).toContain('forgotten shell');
    expect(found.next).toMatch(/^run blocked-queries target=shop pid=\d+ backend_start=\S+Z$/);
    expect((await look('idle-in-transaction', { warn: 0, crit: 900 })).verdict).toContain('forgotten shell');
    await idle.end();
    await waiting;
  });

  it('names an invalid index', async () => {
    await shop.query(`insert into order_events (order_id, status) values (1, 'twice')`);
    const broken = shop.query('create unique index concurrently broken on order_events (order_id)');
    await expect(broken).rejects.toThrow('could not create unique index');
    expect((await look('invalid-objects')).verdict).toContain('invalid index broken');
  });

  it('names a column that its sequence overflows', async () => {
    await shop.query('create table tickets (id bigserial); alter table tickets alter column id type int');
    await shop.query(`grant select on sequence tickets_id_seq to ${shop.roles.diag}`);
    await shop.query(`select setval('tickets_id_seq', 2140000000)`);
    expect(await look('sequences')).toMatchObject({
      status: 'crit',
      verdict: expect.stringContaining('The column tickets.id is integer') as string,
    });
    await shop.query(`revoke all on sequence tickets_id_seq from ${shop.roles.diag}`);
    expect(await look('sequences')).toMatchObject({ status: 'skipped' });
  });

  it('names the statement that took most of the time, and checkpoints that were forced', async () => {
    await shop.query('select pg_sleep(0.5)');
    expect((await look('outliers')).verdict).toContain('select pg_sleep');
    for (let n = 0; n < 12; n += 1) await shop.query('checkpoint');
    expect(await look('checkpointer')).toMatchObject({ status: 'warn' });
  });

  it('looks for damage with an older amcheck', async () => {
    const refused = await planCorruption(shop.target, { table: 'orders' });
    if (refused.ok) throw new Error('planned without a right');
    await shop.query(`grant execute on function ${refused.values['functions']} to ${shop.roles.diag}`);
    const planned = await planCorruption(shop.target, { table: 'orders' });
    if (!planned.ok) throw new Error(`refused: ${planned.code}`);
    expect(await executeCorruption(shop.target, planned.plan)).toMatchObject({
      state: 'done',
      verdict: 'No damage was found in 2 of 2 relations of public.orders.',
    });
  });
});
