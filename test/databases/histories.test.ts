/** Histories of tools that are not on npm, by the tables and files that they document. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { appliedMigrations, captureMigrations } from '../../src/databases/history.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { openTarget } from '../../src/databases/target.ts';
import {
  CONFIGURED_TOOLS,
  type HistorySettings,
  type MigrationTool,
  TOOLS_WITH_READER,
} from '../../src/domain/migration-tools.ts';
import { createShop, type Shop } from './shop.ts';

interface Case {
  readonly tool: MigrationTool;
  readonly settings?: HistorySettings;
  /** The tool's table. */
  readonly table: string;
  /** Rows of two migrations, the second the newer one. */
  readonly rows: string;
  readonly names: readonly [string, string];
  /** What is known of when the newer one was applied. */
  readonly at?: string;
  readonly files: Readonly<Record<string, string>>;
  /** What is left of the history after the rollback. */
  readonly left: { readonly sql: string; readonly rows: readonly object[] };
  readonly ownTransaction?: true;
}

const UP = 'alter table orders add column due date';
const DOWN = 'alter table orders drop column due';
const pair = (stem: string, first: string): Readonly<Record<string, string>> => ({
  [`${first}.up.sql`]: 'select 1',
  [`${stem}.up.sql`]: UP,
  [`${stem}.down.sql`]: DOWN,
});
const AT = '2026-06-03T10:00:00.000Z';

const CASES: readonly Case[] = [
  {
    tool: 'prisma',
    table: `create table _prisma_migrations (id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz,
      migration_name varchar(255) not null, logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(),
      applied_steps_count integer not null default 0)`,
    rows: `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at) values
      ('a', 'x', '1_init', '2026-06-01Z', '2026-06-01Z'),
      ('b', encode(sha256('${UP}'), 'hex'), '2_due', '2026-06-03T09:59Z', '${AT}')`,
    names: ['1_init', '2_due'],
    at: AT,
    files: {
      '1_init/migration.sql': 'select 1',
      '2_due/migration.sql': UP,
      '2_due/down.sql': DOWN,
      'migration_lock.toml': '',
    },
    left: { sql: 'select id from _prisma_migrations where rolled_back_at is null', rows: [{ id: 'a' }] },
    ownTransaction: true,
  },
  {
    tool: 'flyway',
    table: `create table flyway_schema_history (installed_rank int primary key, version varchar(50), description varchar(200) not null,
      type varchar(20) not null, script varchar(1000) not null, checksum int, installed_by varchar(100) not null,
      installed_on timestamp not null default now(), execution_time int not null, success boolean not null)`,
    rows: `insert into flyway_schema_history values
      (1, '1.9', 'init', 'SQL', 'V1_9__init.sql', 1, 'app', '2026-06-01', 5, true),
      (2, '1.10', 'due', 'SQL', 'V1_10__due.sql', 2, 'app', '2026-06-03 10:00', 5, true)`,
    names: ['V1_9__init.sql', 'V1_10__due.sql'],
    at: AT,
    files: { 'V1_9__init.sql': 'select 1', 'V1_10__due.sql': UP, 'U1_10__due.sql': DOWN },
    left: { sql: 'select script from flyway_schema_history', rows: [{ script: 'V1_9__init.sql' }] },
    ownTransaction: true,
  },
  {
    tool: 'rails',
    table: 'create table schema_migrations (version varchar primary key)',
    rows: "insert into schema_migrations values ('20240101'), ('20240102')",
    names: ['20240101', '20240102'],
    files: pair('20240102_due', '20240101_init'),
    left: { sql: 'select version from schema_migrations', rows: [{ version: '20240101' }] },
  },
  {
    tool: 'django',
    table:
      'create table django_migrations (id bigserial primary key, app varchar(255) not null, name varchar(255) not null, applied timestamptz not null)',
    rows: `insert into django_migrations (app, name, applied) values ('shop', '0001_init', '2026-06-01Z'), ('shop', '0002_due', '${AT}')`,
    names: ['shop.0001_init', 'shop.0002_due'],
    at: AT,
    files: pair('shop.0002_due', 'shop.0001_init'),
    left: { sql: 'select name from django_migrations', rows: [{ name: '0001_init' }] },
  },
  {
    tool: 'liquibase',
    table: `create table databasechangelog (id varchar(255) not null, author varchar(255) not null, filename varchar(255) not null,
        dateexecuted timestamp not null, orderexecuted int not null, exectype varchar(10) not null);
      create table databasechangeloglock (id int primary key, locked boolean not null, lockgranted timestamp, lockedby varchar(255));
      insert into databasechangeloglock values (1, false, null, null)`,
    rows: `insert into databasechangelog values ('1', 'ann', 'db/log.sql', '2026-06-01', 1, 'EXECUTED'), ('2', 'ann', 'db/log.sql', '2026-06-03 10:00', 2, 'EXECUTED')`,
    names: ['db/log.sql::1::ann', 'db/log.sql::2::ann'],
    at: AT,
    files: pair('db%2Flog.sql::2::ann', 'db%2Flog.sql::1::ann'),
    left: { sql: 'select id from databasechangelog', rows: [{ id: '1' }] },
    ownTransaction: true,
  },
  {
    tool: 'other',
    settings: { table: 'public.changes', name: 'what', applied_at: 'done_at', failed: 'broken' },
    table:
      'create table changes (what text primary key, done_at timestamptz, broken boolean not null default false)',
    rows: `insert into changes values ('1_init', '2026-06-01Z'), ('2_due', '${AT}')`,
    names: ['1_init', '2_due'],
    at: AT,
    files: pair('2_due', '1_init'),
    left: { sql: 'select what from changes', rows: [{ what: '1_init' }] },
  },
];

/** One row, the present version. As text, 10 would come after 1. */
const GOLANG: Omit<Case, 'names' | 'rows'> = {
  tool: 'golang-migrate',
  table:
    'create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (10, false)',
  files: { ...pair('000010_due', '000001_init'), '000009_more.up.sql': 'select 1' },
  left: { sql: 'select version::text, dirty from schema_migrations', rows: [{ version: '9', dirty: false }] },
  ownTransaction: true,
};

describe('the history of a tool by its documented table', () => {
  let shop: Shop;
  let dir: string;
  beforeEach(async () => {
    shop = await createShop();
    dir = await mkdtemp(join(tmpdir(), 'firebreak-histories-'));
  });
  afterEach(async () => {
    await shop.close();
    await rm(dir, { recursive: true });
  });

  async function prepare({ tool, table, files, settings }: Omit<Case, 'names' | 'rows'>, rows = '') {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(join(dir, file), text);
    }
    const owner = await shop.connect('owner');
    await owner.query(`${table}; ${UP}; ${rows}`);
    await owner.end();
    const { history: _, ...config } = shop.config;
    const target = openTarget({ ...config, tool, ...(settings ? { history: settings } : {}) });
    const captured = await captureMigrations({ tool, dir });
    const rolledBack = async (migration: string) => {
      const plan = await planRollback(target, { migration, captured, snapshotSchema: 'firebreak_1' });
      if (!plan.ok) return plan.code;
      const options = { marker: { run: '1', step: 1, epoch: 1 }, onXid: () => Promise.resolve() };
      const { verdict } = await executeRollback(target, plan.plan, options);
      return { verdict, summary: plan.plan.summary.join('\n') };
    };
    return { target, captured, rolledBack };
  }
  const due = async (): Promise<number> =>
    (await shop.query("select from pg_attribute where attrelid = 'orders'::regclass and attname = 'due'"))
      .length;

  it.each(CASES.map((it) => [it.tool, it] as const))('%s', async (_tool, it) => {
    const { target, captured, rolledBack } = await prepare(it, it.rows);
    const applied = await appliedMigrations(target);
    expect(applied.map(({ name }) => name)).toEqual([it.names[1], it.names[0]]);
    expect(applied[0]?.appliedAt?.toISOString()).toBe(it.at);
    expect(applied[0]?.ownTransaction).toBe(it.ownTransaction);
    expect(captured.map(({ name }) => name)).toEqual(it.names);
    const done = await rolledBack(it.names[1]);
    expect(done).toMatchObject({ verdict: expect.stringContaining('Rolled back') as string });
    const said = /which rows the migration wrote cannot be told/;
    expect(said.test((done as { summary: string }).summary)).toBe(it.ownTransaction === true);
    expect(await due()).toBe(0);
    expect(await shop.query(it.left.sql)).toEqual(it.left.rows);
    await target.close();
  });

  it('golang-migrate, which keeps one row: set to the version before, by number', async () => {
    const { target, rolledBack } = await prepare(GOLANG);
    expect((await appliedMigrations(target)).map(({ name }) => name)).toEqual(['10']);
    expect(await rolledBack('10')).toMatchObject({
      verdict: expect.stringContaining('Rolled back') as string,
    });
    expect(await due()).toBe(0);
    expect(await shop.query(GOLANG.left.sql)).toEqual(GOLANG.left.rows);
    await target.close();
  });

  it('golang-migrate, whose version before is not known, is refused: an empty history is applied anew', async () => {
    const files = { '000010_due.up.sql': UP, '000010_due.down.sql': DOWN };
    const { target, rolledBack } = await prepare({ ...GOLANG, files });
    expect(await rolledBack('10')).toBe('MIGRATION_BEFORE_UNKNOWN');
    expect(await due()).toBe(1);
    await target.close();
  });

  it.each([
    [
      'alembic',
      'create schema alembic; create table alembic_version (version_num varchar(32) primary key)',
      "insert into alembic_version values ('2')",
      '2',
    ],
    [
      'sqitch',
      'create schema sqitch; create table sqitch.changes (change_id text primary key, change text, committed_at timestamptz)',
      "insert into sqitch.changes values ('x', '2_due', now())",
      '2_due',
    ],
    [
      'pgroll',
      'create schema pgroll; create table pgroll.migrations (schema name, name text, migration jsonb, created_at timestamp, done boolean)',
      "insert into pgroll.migrations values ('public', '2_due', '{}', now(), true)",
      '2_due',
    ],
  ] as const)(
    '%s is read, and refused by name: only it can take a migration back',
    async (tool, table, rows, name) => {
      const files = pair('2_due', '1_init');
      const grant = `grant usage on schema ${tool} to ${shop.roles.diag}; grant select on all tables in schema ${tool} to ${shop.roles.diag}`;
      const all = { tool, table, files, left: { sql: '', rows: [] } };
      const { target, rolledBack } = await prepare(all, `${rows}; ${grant}`);
      expect((await appliedMigrations(target)).map(({ name }) => name)).toEqual([name]);
      expect(await rolledBack(name)).toBe('MIGRATION_HISTORY_NOT_OURS');
      expect(await due()).toBe(1);
      await target.close();
    },
  );

  it('that says a migration failed is put right first', async () => {
    const [prisma] = CASES as readonly [Case];
    const { target, rolledBack } = await prepare(
      prisma,
      `${prisma.rows}; update _prisma_migrations set finished_at = null, logs = 'ERROR: no' where id = 'b'`,
    );
    expect((await appliedMigrations(target))[0]).toMatchObject({ name: '2_due', state: 'failed' });
    expect(await rolledBack('2_due')).toBe('MIGRATION_DIRTY');
    await target.close();
  });

  it('of Flyway does not count what was undone since', async () => {
    const flyway = CASES.find(({ tool }) => tool === 'flyway') as Case;
    const undone = `insert into flyway_schema_history values (3, '1.10', 'due', 'UNDO_SQL', 'U1_10__due.sql', 3, 'app', now(), 5, true)`;
    const { target } = await prepare(flyway, `${flyway.rows}; ${undone}`);
    expect((await appliedMigrations(target)).map(({ name }) => name)).toEqual(['V1_9__init.sql']);
    await target.close();
  });

  it('whose tool wrote another hash down is not rolled back by this file', async () => {
    const [prisma] = CASES as readonly [Case];
    const { target, rolledBack } = await prepare(
      prisma,
      `${prisma.rows}; update _prisma_migrations set checksum = 'other'`,
    );
    expect(await rolledBack('2_due')).toBe('MIGRATION_HASH_MISMATCH');
    await target.close();
  });

  it('is locked while it is changed: a tool that runs is not run over', async () => {
    const it = CASES.find(({ tool }) => tool === 'liquibase') as Case;
    const { target, rolledBack } = await prepare(
      it,
      `${it.rows}; update databasechangeloglock set locked = true`,
    );
    expect(await rolledBack(it.names[1])).toMatchObject({
      verdict: expect.stringContaining('a deploy holds its lock') as string,
    });
    expect(await due()).toBe(1);
    await target.close();
  });
});

it('every tool with a reader has a file, and every file is a tool', async () => {
  const files = await readdir(join(import.meta.dirname, '../../src/databases/history'));
  expect(files.map((file) => file.replace('.ts', '')).sort()).toEqual([...TOOLS_WITH_READER].sort());
  expect(CONFIGURED_TOOLS).toContain('other');
});
