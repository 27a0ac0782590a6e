import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { loadChecks } from '../../src/databases/check.ts';
import { sweep } from '../../src/databases/sweep.ts';
import { openTarget } from '../../src/databases/target.ts';
import type { Blocker, CheckResult } from '../../src/domain/sweep.ts';
import { BAD, createShop, type Shop } from './shop.ts';

describe('a sweep', () => {
  let shop: Shop;
  const clients: pg.Client[] = [];
  beforeEach(async () => {
    shop = await createShop();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined);
    await shop.close();
  });

  const now = () => new Date();
  async function connect(role: 'app' | 'owner', application: string): Promise<pg.Client> {
    const client = await shop.connect(role, application);
    clients.push(client);
    return client;
  }
  async function check(only: string, limits?: { warn: number; crit: number }): Promise<CheckResult> {
    const options = limits === undefined ? {} : { limits: { [only]: limits } };
    const report = await sweep(shop.target, { now: now(), only, ...options });
    const [found] = report.checks;
    if (found === undefined) throw new Error('no result');
    return found;
  }

  it('finds nothing wrong with a healthy database, within seconds', async () => {
    const report = await sweep(shop.target, { now: now() });
    expect(report.checks.map((it) => [it.check, it.status])).toEqual([
      ['connection', 'ok'],
      ['connections', 'ok'],
      ['error-rate', 'ok'],
      ['checksums', 'ok'],
      ['blocking', 'ok'],
      ['idle-in-transaction', 'ok'],
      ['prepared-transactions', 'ok'],
      ['oldest-xmin', 'ok'],
      ['long-queries', 'ok'],
      ['wait-events', 'ok'],
      // The server of the tests does not keep commit times, nor a log of its own.
      ['recent-ddl', 'skipped'],
      ['invalid-objects', 'ok'],
      ['progress', 'ok'],
      ['replication', 'ok'],
      ['wal', 'ok'],
      ['settings', 'ok'],
      ['config-files', 'skipped'],
      ['log-tail', 'skipped'],
      ['probes', 'ok'],
      ['migrations', 'ok'],
    ]);
    expect(report.top).toEqual([]);
    expect(report.took_ms).toBeLessThan(5000);
  });

  it('points at the migration whose schema the code does not fit', async () => {
    await shop.apply(BAD);
    const report = await sweep(shop.target, { now: new Date(Date.now() + 12 * 60_000) });
    expect(report.top[0]).toMatch(
      /^schema does not match code: 42703 on order_status .*, migration 1717405200000_order-status-v2 applied 12 min ago$/,
    );
    const probes = report.checks.find((it) => it.check === 'probes');
    expect(probes).toMatchObject({
      status: 'crit',
      next: `rollback ${BAD.name}`,
      offers: [{ label: 'Plan the rollback', line: `rollback ${BAD.name} shop` }],
    });
    const migrations = report.checks.find((it) => it.check === 'migrations');
    expect(migrations).toMatchObject({
      status: 'warn',
      verdict: expect.stringContaining('12 min ago') as string,
    });
    // An hour later the migration is no longer the first suspect.
    const later = await sweep(shop.target, { now: new Date(Date.now() + 62 * 60_000), only: 'probes' });
    expect(later.checks[0]?.next).toBeUndefined();
  });

  it('ends although a table is locked, says timeout for it, and names the root blocker', async () => {
    const reader = await connect('app', 'forgotten shell');
    await reader.query('begin');
    await reader.query(`select * from order_status where status = 'secret'`);
    const alter = await connect('owner', 'deploy');
    const waiting = alter.query('alter table order_status add column x int').catch(() => undefined);
    const victim = await connect('app', 'the site');
    await shop.lockWaits(1);
    const read = victim.query('select * from order_status limit 1').catch(() => undefined);
    await shop.lockWaits(2);
    const report = await sweep(shop.target, { now: now(), limits: { blocking: { warn: 0, crit: 60 } } });
    const byName = new Map(report.checks.map((it) => [it.check, it]));
    expect(byName.get('probes')).toMatchObject({ status: 'timeout' });
    // Only the probes wait for that table.
    const late = report.checks.filter(({ status }) => status === 'timeout');
    expect(late.map((it) => it.check)).toEqual(['probes']);
    const blocking = byName.get('blocking');
    expect(blocking).toMatchObject({ status: 'warn', facts: { waiting: 2 } });
    const [root] = blocking?.facts['roots'] as Blocker[];
    expect(root).toMatchObject({
      application: 'forgotten shell',
      state: 'idle in transaction',
      relations: ['order_status'],
      query: 'select * from order_status where status = ?',
    });
    expect(report.top[0]).toMatch(
      /^pid \d+ \(app `forgotten shell`\), idle in a transaction open for [\d.]+ s, blocks 2 sessions; the oldest waits [\d.]+ s\. pid \d+ \(app `deploy`\), `alter table order_status add column x int`, waits for ACCESS EXCLUSIVE on order_status itself, and 1 session queues behind it\.$/,
    );
    expect(report.took_ms).toBeLessThan(5000);
    await reader.query('rollback');
    await Promise.all([waiting, read]);
  });

  it('leaves nothing but an idle connection: no setting, transaction or lock', async () => {
    await shop.apply(BAD);
    await sweep(shop.target, { now: now() });
    const left = await shop.query(
      `select state, xact_start,
              (select count(*)::int from pg_locks l where l.pid = a.pid and l.locktype <> 'virtualxid') as locks
         from pg_stat_activity a
        where application_name = 'firebreak' and datname = current_database()`,
    );
    expect(left).toEqual([{ state: 'idle', xact_start: null, locks: 0 }]);
    const settings = await shop.target.read<{ name: string }>(
      `select name from pg_settings where source = 'session'
          and name not in ('transaction_read_only', 'statement_timeout', 'lock_timeout',
                           'idle_in_transaction_session_timeout')`,
    );
    expect(settings).toEqual([]);
    const after = await shop.target.read<{ reset_val: string }>(
      `select distinct reset_val from pg_settings where name in ('statement_timeout', 'lock_timeout')`,
    );
    expect(after).toEqual([{ reset_val: '0' }]);
  });

  it('sees sessions that forgot their transaction, and what they have locked', async () => {
    const idle = await connect('app', 'forgotten shell');
    await idle.query('begin');
    await idle.query('select * from order_status limit 1');
    const found = await check('idle-in-transaction', { warn: 0, crit: 900 });
    expect(found.status).toBe('warn');
    expect(found.verdict).toMatch(
      /^pid \d+ \(app `forgotten shell`\), idle in a transaction .*, has locked order_status\.$/,
    );
    expect(found.next).toMatch(/^run blocked-queries target=shop pid=\d+ backend_start=\S+Z$/);
    expect((await check('idle-in-transaction')).status).toBe('ok');
  });

  it('after a fresh migration it names the session that a rollback would wait for, however young it is', async () => {
    await shop.apply(BAD);
    const idle = await connect('app', 'forgotten shell');
    await idle.query('begin');
    await idle.query('select order_id from order_status limit 1');
    const report = await sweep(shop.target, { now: now() });
    expect(report.checks.find((it) => it.check === 'idle-in-transaction')).toMatchObject({
      status: 'warn',
      verdict: expect.stringMatching(/forgotten shell.*A rollback would wait for it\.$/) as string,
    });
  });

  it('sees a statement that runs for long, without its literals', async () => {
    const slow = await connect('app', 'report');
    const running = slow.query(`select pg_sleep(30), 'card 4711'`).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const found = await check('long-queries', { warn: 0, crit: 300 });
    expect(found).toMatchObject({
      status: 'warn',
      verdict: expect.stringContaining('pg_sleep(?), ?') as string,
    });
    expect(JSON.stringify(found)).not.toContain('4711');
    await shop.query(`select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'report'`);
    await running;
  });

  it('sees connections run out', async () => {
    expect(await check('connections', { warn: 0, crit: 0 })).toMatchObject({ status: 'crit' });
    expect(await check('connections')).toMatchObject({ status: 'ok' });
    await shop.query(`alter role ${shop.roles.diag} connection limit 0`);
    const full = openTarget(shop.config);
    const report = await sweep(full, { now: now() });
    expect(report.checks[0]).toMatchObject({
      status: 'crit',
      verdict: 'No connection is left for Firebreak: the server refuses new ones (53300).',
    });
    await full.close();
  });

  it('sees invalid indexes, unchecked constraints and foreign keys that are off', async () => {
    await shop.query(`
      alter table order_events add constraint positive check (order_id > 0) not valid`);
    await shop.query(`insert into order_events (order_id, status) values (1, 'twice')`);
    await expect(
      shop.query('create unique index concurrently broken on order_events (order_id)'),
    ).rejects.toThrow();
    expect(await check('invalid-objects')).toMatchObject({
      status: 'warn',
      verdict: expect.stringMatching(/constraint that is not valid positive.*invalid index broken/) as string,
    });
    await shop.query(`
      create function nothing() returns trigger language plpgsql as 'begin return new; end';
      create trigger audit before insert on orders for each row execute function nothing();
      alter table orders disable trigger audit;
      alter table order_status disable trigger all;
      alter table order_status enable trigger user`);
    const off = await check('invalid-objects');
    expect(off).toMatchObject({
      status: 'crit',
      verdict: expect.stringMatching(
        /^Found foreign key that is off order_status_order_id_fkey on order_status, .* Rows that break the key come in silently\.$/,
      ) as string,
      next: expect.stringContaining('ALTER TABLE order_status ENABLE TRIGGER ALL') as string,
    });
    expect(off.facts['objects']).toContainEqual({
      kind: 'disabled trigger',
      object: 'audit',
      relation: 'orders',
    });
  });

  it('never shows as ok what it may not see', async () => {
    await shop.query(`revoke all on order_status, pgmigrations from ${shop.roles.diag}`);
    const report = await sweep(shop.target, { now: now() });
    const byName = new Map(report.checks.map((it) => [it.check, it]));
    expect(byName.get('probes')).toMatchObject({
      status: 'skipped',
      next: 'GRANT SELECT ON orders, order_status to the diag role',
    });
    expect(byName.get('migrations')).toMatchObject({ status: 'skipped' });
  });

  it('tells every red probe, and first the one that says what to do', async () => {
    await shop.apply(BAD);
    await shop.query('create table secrets (id int)');
    await shop.query(`revoke all on secrets from ${shop.roles.diag}`);
    const probes = [{ name: 'closed', sql: 'select * from secrets' }, ...shop.config.probes];
    const target = openTarget({ ...shop.config, probes });
    const [found] = (await sweep(target, { now: now(), only: 'probes' })).checks;
    expect(found).toMatchObject({
      status: 'crit',
      offers: [{ label: 'Plan the rollback' }],
      verdict: expect.stringMatching(
        /^schema does not match code: .* The probe closed may not read secrets\.$/,
      ) as string,
    });
    await target.close();
  });

  it('says so when there is no connection, and runs nothing else', async () => {
    const gone = openTarget({ ...shop.config, urls: { diag: 'postgres://nobody@127.0.0.1:1/none' } });
    const report = await sweep(gone, { now: now() });
    expect(report.checks[0]).toMatchObject({ check: 'connection', status: 'crit' });
    expect(new Set(report.checks.slice(1).map((it) => it.status))).toEqual(new Set(['skipped']));
    await gone.close();
  });

  it('refuses a check that it does not know', async () => {
    await expect(sweep(shop.target, { now: now(), only: 'blokcing' })).rejects.toMatchObject({
      code: 'NO_SUCH_CHECK',
    });
  });
});

describe('every check', () => {
  it('is a file of its name, with an order of its own', async () => {
    const files = (await readdir(new URL('../../src/databases/checks/', import.meta.url))).sort();
    const checks = await loadChecks();
    expect(checks.map((check) => `${check.name}.ts`).sort()).toEqual(files);
    expect(new Set(checks.map((check) => check.order)).size).toBe(checks.length);
  });
});
