/** What Firebreak captures, plans and rolls back, the real tools agree with. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { captureProject } from '../../src/capture/project.ts';
import { appliedMigrations } from '../../src/databases/history.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { TOOLS } from './tools.ts';

async function asSuperuser(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env['FIREBREAK_TEST_SERVER'] });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

describe.each(TOOLS.map((it) => [it.tool, it] as const))('%s', (name, tool) => {
  let database: TestDatabase;
  let target: Target;
  const role = `owner_${randomBytes(4).toString('hex')}`;
  let url: string;
  let project: string;
  let dir: string;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
    // Not the superuser of the tests: the schema `firebreak` would come first in the search_path of one so called.
    await asSuperuser(`create role ${role} superuser login password 'secret'`);
    url = database.urlAs(role, 'secret');
    project = await mkdtemp(join(tmpdir(), `firebreak-${name}-`));
    dir = join(project, 'migrations');
    await mkdir(dir);
    await symlink(join(import.meta.dirname, '../../node_modules'), join(project, 'node_modules'));
    target = openTarget({
      name: 'shop',
      urls: { diag: url, ddl: url },
      tool: name,
      probes: [{ name: 'parcels', sql: 'select id, state from parcels' }],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });
  });
  afterAll(async () => {
    await target.close();
    await database.drop();
    await asSuperuser(`drop role ${role}`);
    await rm(project, { recursive: true });
  });

  const [first = '', second = '', newest = ''] = tool.names;
  const applied = async (): Promise<string[]> => (await appliedMigrations(target)).map((it) => it.name);
  const columns = async (): Promise<string[]> =>
    (
      await target.read<{ name: string }>(
        "select column_name as name from information_schema.columns where table_schema = 'public' and table_name = 'parcels'",
      )
    ).map((row) => row.name);
  const plan = async (migration: string) => {
    const { migrations } = await captureProject(name, dir);
    return planRollback(target, { migration, captured: migrations, snapshotSchema: 'firebreak_1' });
  };

  it('captures what its history will hold, all of it as SQL', async () => {
    await tool.write(dir, 3);
    const { migrations, opaque } = await captureProject(name, dir);
    expect(opaque).toEqual([]);
    expect(migrations.map((it) => it.name)).toEqual(tool.names);
    expect(migrations[0]?.up.toLowerCase()).toContain('create table parcels');
    expect(migrations[1]?.up.toLowerCase()).toMatch(/insert into .*parcels.*'sent'.*'lost'/s);
  });

  it('agrees with its history', async () => {
    await tool.up(dir, url);
    expect(await applied()).toEqual([newest, second, first]);
    expect(await tool.pending(dir, url)).toEqual([]);
  });

  it('has its newest migration rolled back, and would apply that one, and no other, again', async () => {
    if (name === 'drizzle') {
      expect(await plan(newest)).toMatchObject({ ok: false, code: 'MIGRATION_NO_DOWN' });
      await writeFile(join(dir, '0002_due.down.sql'), 'alter table parcels drop column due;');
    }
    const planned = await plan(newest);
    if (!planned.ok) throw new Error(`refused: ${planned.code} ${JSON.stringify(planned.values)}`);
    const options = { marker: { run: '1', step: 1, epoch: 1 }, onXid: () => Promise.resolve() };
    const outcome = await executeRollback(target, planned.plan, options);
    expect(outcome).toMatchObject({ state: 'done', facts: { history_gone: true } });
    expect(await columns()).toEqual(['id', 'state']);
    expect(await applied()).toEqual([second, first]);
    expect(await tool.pending(dir, url)).toEqual([newest]);

    await tool.up(dir, url);
    expect(await applied()).toEqual([newest, second, first]);
    expect(await columns()).toEqual(['id', 'state', 'due']);
  });
});
