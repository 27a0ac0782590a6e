import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { rolesSql } from '../../src/databases/roles.ts';
import { sweep } from '../../src/databases/sweep.ts';
import { openTarget, type Target, type TargetConfig } from '../../src/databases/target.ts';
import type { CheckResult, SweepReport } from '../../src/domain/sweep.ts';
import { type EmbeddedServer, startEmbedded } from '../../src/store/embedded.ts';
import { eventually } from '../support/eventually.ts';

/** A server of its own: all its connections are used up. */
describe('a server without a connection left, every table of it locked', () => {
  let server: EmbeddedServer;
  let dataDir: string;
  let admin: pg.Client;
  /** Of its own: in a transaction the statistics of others stand still. */
  let holder: pg.Client;
  let config: TargetConfig;
  let warm: Target;
  const clients: pg.Client[] = [];

  async function connect(user: string, application: string): Promise<pg.Client> {
    const url = server.url('postgres', { user, password: 'change-me' });
    const client = new pg.Client({ connectionString: url, application_name: application });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }
  const ours = async () =>
    (
      await admin.query<{ state: string; xact_start: Date | null; locks: number }>(
        `select state, xact_start, (select count(*)::int from pg_locks l where l.pid = a.pid) as locks
           from pg_stat_activity a where application_name = 'firebreak'`,
      )
    ).rows;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'firebreak-exhausted-'));
    const settings = { fsync: 'off', max_connections: '20' };
    server = await startEmbedded({ dataDir, temporary: true, settings });
    admin = new pg.Client({ connectionString: server.url('postgres') });
    await admin.connect();
    holder = new pg.Client({ connectionString: server.url('postgres') });
    await holder.connect();
    await admin.query(`
      create role app login password 'change-me';
      create table pgmigrations (id serial primary key, name text not null, run_on timestamp not null);
      create table orders (id int primary key);
      create table order_status (id int primary key);
      grant select on orders, order_status to app`);
    config = {
      name: 'shop',
      urls: { diag: server.url('postgres', { user: 'firebreak_diag', password: 'change-me' }) },
      tool: 'node-pg-migrate',
      probes: ['orders', 'order_status'].map((name) => ({ name, sql: `select * from ${name}` })),
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    };
    const superuser = openTarget({ ...config, urls: { diag: server.url('postgres') } });
    await admin.query(await rolesSql(superuser));
    await superuser.close();
    await admin.query('revoke pg_use_reserved_connections from firebreak_diag');

    warm = openTarget(config);
    warm.keepWarm();
    await eventually(async () => (await ours()).length === 1);
    const { rows: tables } = await admin.query<{ name: string }>(
      `select c.oid::regclass::text as name
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`,
    );
    const locks = tables.map(({ name }) => `lock table ${name} in access exclusive mode`);
    await holder.query(`begin; ${locks.join(';')}`);
    const blocked = await connect('app', 'the site');
    void blocked.query('select * from orders').catch(() => undefined);
    // Until the server refuses.
    await expect(
      (async () => {
        for (;;) await connect('app', 'the site');
      })(),
    ).rejects.toMatchObject({ code: '53300' });
  }, 60_000);
  afterAll(async () => {
    await warm.close();
    await holder.query('rollback');
    for (const client of [...clients, holder, admin]) await client.end().catch(() => undefined);
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const byName = ({ checks }: SweepReport): ReadonlyMap<string, CheckResult> =>
    new Map(checks.map((result) => [result.check, result]));

  it('is seen by the connection that was kept: quickly, and without a word that is not true', async () => {
    const most = { connections: 0 };
    const watching = setInterval(() => {
      void ours().then((found) => (most.connections = Math.max(most.connections, found.length)));
    }, 50);
    const started = performance.now();
    const reports = await Promise.all([1, 2, 3].map(() => sweep(warm, { now: new Date() })));
    clearInterval(watching);
    expect(performance.now() - started).toBeLessThan(15_000);
    for (const report of reports) {
      const found = byName(report);
      expect(found.get('connection')).toMatchObject({ facts: { reachable: true } });
      expect(found.get('connections')).toMatchObject({ status: 'crit' });
      expect(found.get('blocking')).toMatchObject({ facts: { waiting: 1 } });
      expect(found.get('probes')).toMatchObject({
        status: 'timeout',
        verdict: expect.stringContaining('may be locked') as string,
      });
      expect(found.get('migrations')).toMatchObject({ status: 'timeout' });
      // The server of the test writes no log files.
      const apart = ['probes', 'migrations', 'log-tail'];
      const others = report.checks.filter(({ check }) => !apart.includes(check));
      expect(others.filter(({ verdict }) => /^(Not run|No answer|The check failed)/.test(verdict))).toEqual(
        [],
      );
      expect(report.top.length).toBeGreaterThanOrEqual(3);
    }
    expect(most.connections).toBeLessThanOrEqual(2);
    expect(most.connections).toBeGreaterThan(0);
  }, 30_000);

  it('holds nothing of ours afterwards: no transaction, no lock, no setting', async () => {
    expect(await ours()).toEqual([{ state: 'idle', xact_start: null, locks: 0 }]);
    const settings = await warm.read(
      `select name from pg_settings where source = 'session'
          and name not in ('transaction_read_only', 'statement_timeout', 'lock_timeout',
                           'idle_in_transaction_session_timeout')`,
    );
    expect(settings).toEqual([]);
  });

  it('is told by a cold start within 3 s: no connection is left, and nothing else was looked at', async () => {
    const cold = openTarget(config);
    const report = await sweep(cold, { now: new Date() });
    await cold.close();
    const [connection, ...others] = report.checks;
    expect(connection).toMatchObject({
      status: 'crit',
      verdict: expect.stringContaining('53300') as string,
    });
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['skipped']));
    expect(report.took_ms).toBeLessThan(3000);
  });

  it('keeps a connection for us: one that was ended is opened again, as soon as one is free', async () => {
    const before = await warm.read<{ pid: number }>('select pg_backend_pid() as pid');
    await admin.query('select pg_terminate_backend($1)', [before[0]?.pid]);
    const after = await eventually(
      async () =>
        (
          await admin.query<{ pid: number }>(
            `select pid from pg_stat_activity where application_name = 'firebreak' and pid <> $1`,
            [before[0]?.pid],
          )
        ).rows[0],
    );
    expect(await warm.read('select pg_backend_pid() as pid')).toEqual([after]);
  });
});
