import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Limits } from '../../../src/databases/check.ts';
import { sweep } from '../../../src/databases/sweep.ts';
import { openTarget, type Target } from '../../../src/databases/target.ts';
import type { CheckResult } from '../../../src/domain/sweep.ts';
import { type EmbeddedServer, startEmbedded } from '../../../src/store/embedded.ts';
import { eventually } from '../../support/eventually.ts';

const SETTINGS = {
  fsync: 'off',
  max_connections: '20',
  max_prepared_transactions: '5',
  track_commit_timestamp: 'on',
  logging_collector: 'on',
  log_directory: 'log',
  archive_mode: 'on',
  wal_receiver_status_interval: '100ms',
};

/** Faults of a whole server, on one of their own: what others test would trip over them. */
describe('what is wrong with a server', () => {
  let dataDir: string;
  let server: EmbeddedServer;
  let admin: pg.Client;
  let target: Target;
  const clients: pg.Client[] = [];

  async function connect(user?: string): Promise<pg.Client> {
    const role = user === undefined ? undefined : { user, password: 'secret' };
    const client = new pg.Client({
      connectionString: server.url('postgres', role),
      application_name: user ?? 'admin',
    });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }
  const targetOf = (of: EmbeddedServer): Target =>
    openTarget({
      name: 'shop',
      urls: { diag: of.url('postgres', { user: 'firebreak_diag', password: 'secret' }) },
      tool: 'node-pg-migrate',
      probes: [],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });
  async function check(only: string, limits?: Limits, of = target): Promise<CheckResult> {
    const options = limits === undefined ? {} : { limits: { [only]: limits } };
    const { checks } = await sweep(of, { now: new Date(), only, ...options });
    if (checks[0] === undefined) throw new Error('no result');
    return checks[0];
  }
  const until = (only: string, status: string, limits?: Limits, of = target): Promise<CheckResult> =>
    eventually(async () => {
      const found = await check(only, limits, of);
      return found.status === status && found;
    });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'firebreak-server-'));
    server = await startEmbedded({ dataDir, temporary: true, settings: SETTINGS });
    admin = await connect();
    await admin.query(`
      create role firebreak_diag login password 'secret' in role pg_monitor;
      create role shop login password 'secret';
      create table orders (id int primary key);
      grant select on orders to shop;
      insert into orders values (1)`);
    target = targetOf(server);
  }, 60_000);
  afterEach(async () => {
    // A test that failed does not make the others wait for its locks.
    const { rows } = await admin.query<{ gid: string }>('select gid from pg_prepared_xacts');
    for (const { gid } of rows) await admin.query(`rollback prepared '${gid}'`);
  });
  afterAll(async () => {
    await target.close();
    for (const client of clients) await client.end().catch(() => undefined);
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('a prepared transaction is named by its gid, also as the root of a queue', async () => {
    await admin.query('begin; lock table orders');
    await admin.query(`prepare transaction 'order-4711'`);
    expect((await check('oldest-xmin', { warn: 1, crit: 1e9 })).verdict).toMatch(
      /^The prepared transaction 'order-4711' holds vacuum back/,
    );
    const waiting = (await connect('shop')).query('select * from orders');
    expect(await until('blocking', 'warn', { warn: 0, crit: 60 })).toMatchObject({
      verdict: expect.stringMatching(
        /^The prepared transaction 'order-4711' \(owner firebreak\), prepared [\d.]+ s ago, blocks 1 session; the oldest waits/,
      ) as string,
      next: expect.stringContaining(`ROLLBACK PREPARED 'order-4711'`) as string,
    });
    expect(await check('prepared-transactions', { warn: 0, crit: 60 })).toMatchObject({
      status: 'warn',
      verdict: expect.stringContaining(`the oldest is 'order-4711' (owner firebreak`) as string,
    });
    await admin.query(`rollback prepared 'order-4711'`);
    await waiting;
    expect(await check('prepared-transactions')).toMatchObject({ status: 'ok' });
  });

  it('a schema that somebody changed by hand is told with the time of it', async () => {
    await admin.query('alter table orders add column note text');
    await admin.query('create table forgotten (id int)');
    await admin.query('truncate forgotten');
    const found = await check('recent-ddl');
    expect(found).toMatchObject({
      status: 'warn',
      verdict: expect.stringMatching(/table orders \([a-z, ]*columns[a-z, ]*\) \d+ s ago/) as string,
    });
    const later = await sweep(target, { now: new Date(Date.now() + 2 * 3_600_000), only: 'recent-ddl' });
    expect(later.checks[0]).toMatchObject({ status: 'ok' });
  });

  it('a slot that nobody reads is critical, with what it keeps', async () => {
    expect(await check('replication')).toMatchObject({ status: 'ok' });
    await admin.query(`select pg_create_physical_replication_slot('left_behind', true)`);
    expect(await check('replication')).toMatchObject({
      status: 'crit',
      verdict: expect.stringMatching(
        /^The replication slot 'left_behind' is not in use and keeps .* of WAL on the disk\.$/,
      ) as string,
      next: 'run replication-lag target=shop',
    });
    await admin.query(`select pg_drop_replication_slot('left_behind')`);
  });

  it('commits that wait for a standby that is away are critical', async () => {
    await admin.query(`alter system set synchronous_standby_names = 'gone'`);
    await admin.query('select pg_reload_conf()');
    expect((await until('replication', 'crit')).verdict).toBe(
      'Commits wait for a synchronous standby (gone), and none is connected.',
    );
    await admin.query('alter system reset synchronous_standby_names');
    await admin.query('select pg_reload_conf()');
    await until('replication', 'ok');
  });

  it('an archiver that fails is told, with how long nothing was archived', async () => {
    await admin.query(`alter system set archive_command = 'false'`);
    await admin.query('select pg_reload_conf(), pg_switch_wal()');
    expect(await until('wal', 'warn')).toMatchObject({
      verdict: expect.stringMatching(
        /^Archiving of WAL fails: nothing was archived for [\d.]+ (s|min \d+ s), \d+ files? wait\.$/,
      ) as string,
      next: 'run disk-filling target=shop',
    });
    expect(await check('wal', { warn: 0, crit: 0 })).toMatchObject({ status: 'crit' });
    await admin.query('alter system reset archive_command');
    await admin.query('select pg_reload_conf()');
  });

  it('a setting that waits for a restart, and a line that cannot be applied', async () => {
    expect(await check('settings')).toMatchObject({ status: 'ok', facts: { pending: [] } });
    const skipped = await check('config-files');
    expect(skipped).toMatchObject({ status: 'skipped' });
    await admin.query(skipped.next ?? '');
    expect(await check('config-files')).toMatchObject({ status: 'ok' });
    await admin.query('alter system set shared_buffers = 20000');
    const file = join(dataDir, 'postgres', 'postgresql.auto.conf');
    await admin.query(`alter system set work_mem = '5MB'`);
    await promisify(execFile)('sh', ['-c', `echo "work_mem = 'secret'" >> "$1"`, 'sh', file]);
    await admin.query('select pg_reload_conf()');
    expect((await until('settings', 'warn')).verdict).toMatch(
      /^1 setting waits for a restart: shared_buffers\./,
    );
    const found = await check('config-files');
    expect(found.verdict).toMatch(
      /^1 mistake in the configuration files, the first in line \d+ \(work_mem\) of .*auto\.conf: /,
    );
    expect(JSON.stringify(found)).not.toContain('secret');
    await admin.query('alter system reset all');
    await admin.query('select pg_reload_conf()');
  });

  it('the log is read for kinds of errors, and never for what people wrote', async () => {
    const skipped = await check('log-tail');
    expect(skipped).toMatchObject({ status: 'skipped' });
    await admin.query(skipped.next ?? '');
    const site = await connect('shop');
    for (const sql of [
      'select * from order_status',
      `select 'jane@example.com'::int`,
      `do $$ begin raise exception 'customer Jane Doe is angry' ; end $$`,
    ])
      await site.query(sql).catch(() => undefined);
    const found = await eventually(async () => {
      const result = await check('log-tail', { warn: 3, crit: Infinity });
      return result.status === 'warn' && result;
    });
    expect(found.verdict).toMatch(/^\d errors in the log of the last 15 min: 1 × ERROR /);
    const kinds = (found.facts['kinds'] as { message: string }[]).map((it) => it.message);
    expect(kinds).toContain('relation "order_status" does not exist');
    expect(kinds).toContain('invalid input syntax for type integer');
    expect(kinds).toContain('another message (not shown: it may hold data)');
    expect(JSON.stringify(found)).not.toMatch(/jane/i);
  });

  it('connections that are used up have a culprit, and nobody new gets in', async () => {
    expect(await check('connections')).toMatchObject({ status: 'ok' });
    const pool: pg.Client[] = [];
    while (
      await connect('shop').then(
        (it) => pool.push(it),
        () => 0,
      )
    );
    expect(await check('connections')).toMatchObject({
      status: 'crit',
      verdict: expect.stringMatching(
        /^\d+ of 17 connections are in use \(\d+ %\); most belong to user shop, app `shop`: \d+ sessions \(.*idle.*\)\.$/,
      ) as string,
    });
    const late = targetOf(server);
    expect(await check('connection', undefined, late)).toMatchObject({
      status: 'crit',
      next: expect.stringContaining('pg_use_reserved_connections') as string,
      offers: [{ label: 'What to do', line: 'run connections-exhausted target=shop' }],
    });
    await late.close();
    for (const client of pool) await client.end();
  });

  describe('with a standby, and a disk that loses what was written', () => {
    let standbyDir: string;
    let standby: EmbeddedServer;
    let behind: Target;
    beforeAll(async () => {
      await admin.query('create table ledger as select generate_series(1, 100) as id; checkpoint');
      const { rows } = await admin.query<{ path: string }>(`select pg_relation_filepath('ledger') as path`);
      await target.close();
      for (const client of clients.splice(0)) await client.end().catch(() => undefined);
      await server.stop();
      standbyDir = await mkdtemp(join(tmpdir(), 'firebreak-follower-'));
      await promisify(execFile)('cp', ['-a', `${dataDir}/.`, standbyDir]);
      await overwrite(join(dataDir, 'postgres', rows[0]?.path ?? ''));
      server = await startEmbedded({ dataDir, temporary: true, settings: SETTINGS });
      admin = await connect();
      target = targetOf(server);
      await writeFile(join(standbyDir, 'postgres', 'standby.signal'), '');
      const primary = server.url('postgres');
      standby = await startEmbedded({
        dataDir: standbyDir,
        temporary: true,
        settings: { ...SETTINGS, primary_conninfo: `${primary}?application_name=replica_1` },
      });
      behind = targetOf(standby);
    }, 60_000);
    afterAll(async () => {
      await behind.close();
      await standby.stop();
      await rm(standbyDir, { recursive: true, force: true });
    });

    it('the standby that falls behind is named, and says itself that its replay is paused', async () => {
      await until('replication', 'ok', undefined, behind);
      const control = new pg.Client({ connectionString: standby.url('postgres') });
      await control.connect();
      await control.query('select pg_wal_replay_pause()');
      expect((await until('replication', 'crit', undefined, behind)).verdict).toMatch(
        /^This standby's replay is paused/,
      );
      await admin.query(`create table bulk as select repeat('x', 1000) as x from generate_series(1, 60000)`);
      expect((await until('replication', 'warn')).verdict).toMatch(
        /^The standby 'replica_1' \(streaming\) is .*\d\d MB behind\.$/,
      );
      await control.query('select pg_wal_replay_resume()');
      await control.end();
    });

    it('a page that fails its checksum stops everything', async () => {
      expect(await check('checksums')).toMatchObject({ status: 'ok' });
      await expect(admin.query('select * from ledger')).rejects.toThrow(/invalid page/);
      expect(await check('checksums')).toMatchObject({
        status: 'crit',
        verdict: expect.stringMatching(
          /^1 read in postgres met a page that fails its checksum.*: stop writing and call a database expert\.$/,
        ) as string,
      });
    });

    it('a standby without its primary does not claim to follow', async () => {
      await server.stop();
      expect((await until('replication', 'warn', undefined, behind)).verdict).toMatch(
        /^This standby receives no WAL from a primary/,
      );
      server = await startEmbedded({ dataDir, temporary: true, settings: SETTINGS });
      admin = await connect();
    });
  });
});

/** Other bytes in the middle of the first page. */
async function overwrite(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(64, 0x5a), 0, 64, 8000);
  await file.close();
}
