import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { examineOwnStore } from '../../src/doctor/own-store.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { openLeaseClient } from '../../src/store/leases.ts';
import { openStore } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { lines, notWell } from './support.ts';

describe('the doctor of the store', () => {
  let database: TestDatabase;
  let admin: pg.Client;
  let role: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    role = `bot_${database.name}`;
    admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`create role ${role} login password 'secret'`);
    await admin.query(`grant create on schema public to ${role}`);
    await admin.query(`grant select on all tables in schema public to ${role}`);
  });
  afterAll(async () => {
    await admin.query(`drop owned by ${role}`);
    await admin.end();
    await database.drop();
    await server(`drop role ${role}`);
  });
  const url = () => database.urlAs(role, 'secret');
  const look = (databaseUrl = url()) => examineOwnStore({ databaseUrl, dataDir: '/nowhere' });
  /** What is not as it has to be, without what the server of the tests is set to for speed. */
  const wrong = async (databaseUrl?: string) =>
    notWell((await look(databaseUrl)).findings).filter((line) => line !== 'warn store');
  /** Undone whatever happens in between. */
  const whileSet = async <T>(set: string, undo: string, work: () => Promise<T>): Promise<T> => {
    await admin.query(set);
    return work().finally(() => admin.query(undo));
  };

  it('is content, but for a server that forgets', async () => {
    const { findings, look: seen } = await look();
    expect(notWell(findings)).toEqual(['warn store']);
    expect(findings.map(({ name }) => name)).toEqual([
      'store',
      'store rights',
      'store schema',
      'store pooling',
      'store speed',
      'store room',
      'store clock',
    ]);
    expect(seen).toEqual(expect.objectContaining({ atWork: { running: false }, arrivals: {} }));
  });

  it('sees that a bot is at work, and what arrived when', async () => {
    const store = openStore(database.url);
    const lease = await openLeaseClient(store);
    const at = new Date('2026-11-26T08:00:00Z');
    await admin.query('insert into presence (heard_at) values ($1)', [at]);
    await admin.query(
      `insert into inbox (key, kind, payload, received_at) values ('1', 'event', '{}', $1), ('2', 'command', '{}', $1)`,
      [at],
    );
    // Of other roles' sessions a name is hidden; the bot and its doctor have one role.
    const { look: seen } = await look(database.url);
    expect(seen?.atWork).toEqual({ running: true, heardAt: at });
    expect(seen?.arrivals).toEqual({ event: at, command: at });
    await lease.end();
    await store.close();
  });

  it('tells of a role that may do too little, or all', async () => {
    const grant = `grant create on schema public to ${role}`;
    expect(await whileSet(`revoke create on schema public from ${role}`, grant, wrong)).toEqual([
      'fail store rights',
    ]);
    expect(await wrong(database.url)).toEqual(['warn store rights']);
  });

  it('tells of a schema that is named like the role, and hides the tables', async () => {
    const made = `create schema ${role} authorization ${role}`;
    const findings = await whileSet(made, `drop schema ${role}`, async () => (await look()).findings);
    expect(lines(findings, 'store rights')).toMatchObject([
      { status: 'fail', fix: `ALTER ROLE ${role} IN DATABASE ${database.name} SET search_path = public;` },
    ]);
  });

  it('is content with tables in the schema of the role, whatever older ones are elsewhere', async () => {
    const made = `create schema ${role} authorization ${role};
                  create table ${role}.firebreak_migrations (like public.firebreak_migrations);
                  alter table ${role}.firebreak_migrations owner to ${role}`;
    const findings = await whileSet(made, `drop schema ${role} cascade`, async () => (await look()).findings);
    expect(lines(findings, 'store rights')).toMatchObject([{ status: 'ok' }]);
  });

  it('tells of a role whose search_path leads nowhere', async () => {
    const set = `alter role ${role} set search_path = nowhere`;
    expect(await whileSet(set, `alter role ${role} reset search_path`, wrong)).toContain('fail store rights');
  });

  it('tells of a server that takes no writes, and of too few connections', async () => {
    const readOnly = `alter role ${role} set default_transaction_read_only = on`;
    const reset = `alter role ${role} reset default_transaction_read_only`;
    expect(await whileSet(readOnly, reset, wrong)).toEqual(['fail store']);
    const limit = `alter role ${role} connection limit 10`;
    expect(await whileSet(limit, `alter role ${role} connection limit -1`, wrong)).toEqual([
      'warn store room',
    ]);
  });

  it('tells of a store that a newer Firebreak migrated, and of one that none has yet', async () => {
    const newer = `insert into firebreak_migrations (id, name, works_beside) values (9999, 'x', '99.0.0')`;
    expect(await whileSet(newer, 'delete from firebreak_migrations where id = 9999', wrong)).toEqual([
      'fail store schema',
    ]);
    const empty = await createTestDatabase('empty');
    const { findings } = await look(empty.url);
    expect(lines(findings, 'store schema')[0]?.found).toMatch(/The next start applies \d\d migrations/);
    await empty.drop();
  });

  it('tells of an encoding in which not everything can be kept', async () => {
    const name = `${database.name}_ascii`;
    await server(`create database ${name} template template0 encoding 'SQL_ASCII' strategy file_copy`);
    const ascii = new URL(database.url);
    ascii.pathname = `/${name}`;
    expect(await wrong(ascii.href)).toContain('fail store');
    await server(`drop database ${name}`);
  });

  it('tells of a server that does not answer, without its password', async () => {
    const { findings, look: seen } = await look('postgres://bot:hush@127.0.0.1:1/x');
    expect(findings).toMatchObject([{ name: 'store', status: 'fail' }]);
    expect(seen).toBeUndefined();
    const other = await look(database.urlAs(role, 'wrong-password'));
    expect(other.findings[0]?.found).toContain('password authentication failed');
    expect(JSON.stringify([findings, other])).not.toMatch(/hush|wrong-password/);
  });

  (hasPgBouncer() ? it : it.skip)(
    'tells a pooler that hands sessions on from one that keeps them',
    async () => {
      const start = (mode: 'transaction' | 'session', size: number) =>
        startPgBouncer(database.url, { [role]: 'secret' }, { mode, size });
      for (const [mode, size, expected] of [
        ['transaction', 1, 'fail'],
        ['transaction', 5, 'fail'],
        ['session', 5, 'ok'],
      ] as const) {
        const pooler = await start(mode, size);
        const { findings } = await look(pooler.through(url()));
        expect({ mode, size, found: lines(findings, 'store pooling')[0]?.status }).toEqual({
          mode,
          size,
          found: expected,
        });
        await pooler.close();
      }
    },
  );

  const server = async (sql: string): Promise<void> => {
    const all = new URL(database.url);
    all.pathname = '/postgres';
    const client = new pg.Client({ connectionString: all.href });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
});

describe('the doctor of a store of its own', () => {
  it('makes none where there is none yet', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
    const { findings, look } = await examineOwnStore({ dataDir });
    expect(findings).toMatchObject([
      { status: 'ok', found: expect.stringContaining('first start') as string },
    ]);
    expect(look?.atWork.running).toBe(false);
    expect(await readdir(dataDir)).toEqual([]);
    await rm(dataDir, { recursive: true });
  });

  it('does not take one that it cannot see for none: a bot may run there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
    await writeFile(join(folder, 'data'), 'a file');
    const { findings, look } = await examineOwnStore({ dataDir: join(folder, 'data') });
    expect(findings).toMatchObject([{ status: 'fail', found: expect.stringContaining('ENOTDIR') as string }]);
    expect(look).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  (process.getuid?.() === 0 ? it : it.skip)('tells whose rights it takes to look at one', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
    process.seteuid?.(65_534);
    const { findings, look } = await examineOwnStore({ dataDir }).finally(() => process.seteuid?.(0));
    expect(findings).toMatchObject([
      { status: 'fail', fix: expect.stringContaining('Run this as the user') as string },
    ]);
    expect(look).toBeUndefined();
    await rm(dataDir, { recursive: true });
  });

  (process.getuid?.() === 0 ? it : it.skip)('tells of a folder that its user could not get to', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
    const { findings } = await examineOwnStore({ dataDir: join(closed, 'data') });
    expect(findings).toMatchObject([
      { status: 'fail', fix: expect.stringContaining(`chmod o+x ${closed}`) as string },
    ]);
    await rm(closed, { recursive: true });
  });

  it('attaches to one that runs and leaves it running, and makes no database in it; one that does not run it starts, and stops again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-doctor-'));
    const runs = await startEmbedded({ dataDir, temporary: true, settings: { fsync: 'off' } });
    const empty = await examineOwnStore({ dataDir });
    expect(empty.findings).toMatchObject([
      { name: 'store', status: 'warn', found: expect.stringContaining('no database') as string },
    ]);
    expect((await examineOwnStore({ dataDir })).findings).toEqual(empty.findings);
    await runs.ensureDatabase('firebreak');
    const beside = await examineOwnStore({ dataDir });
    expect(notWell(beside.findings)).toEqual(['warn store']);
    await runs.claim();
    await runs.stop();
    const alone = await examineOwnStore({ dataDir });
    // Its own server needs no role beside its superuser.
    expect(notWell(alone.findings)).toEqual([]);
    expect(await readdir(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
    await rm(dataDir, { recursive: true });
  });
});
