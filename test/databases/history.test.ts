import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import {
  appliedMigrations,
  captureMigrations,
  deployedCapture,
  historyStatement,
} from '../../src/databases/history.ts';
import { createShop, type Shop } from './shop.ts';

describe('migrations of node-pg-migrate', () => {
  let shop: Shop;
  let dir: string;
  beforeEach(async () => {
    shop = await createShop();
    dir = await mkdtemp(join(tmpdir(), 'firebreak-migrations-'));
    await shop.query('truncate pgmigrations');
  });
  afterEach(async () => {
    await shop.close();
    await rm(dir, { recursive: true, force: true });
  });

  const run = async (direction: 'up' | 'down', count?: number) => {
    // Its own it would end without waiting, and the database is dropped soon.
    const dbClient = new pg.Client({ connectionString: shop.config.urls.ddl });
    await dbClient.connect();
    try {
      return await runner({
        dbClient,
        dir,
        direction,
        migrationsTable: 'pgmigrations',
        singleTransaction: true,
        log: () => undefined,
        ...(count === undefined ? {} : { count }),
      });
    } finally {
      await dbClient.end();
    }
  };

  it('are captured as data: up and down exactly, code as opaque, an empty down as none', async () => {
    await writeFile(
      join(dir, '2_b.sql'),
      '-- Up Migration\ncreate table b ();\n-- Down Migration\ndrop table b;\n',
    );
    await writeFile(join(dir, '1_a.sql'), '-- Up Migration\nselect 1;\n-- Down Migration\n-- nothing\n ;\n');
    await writeFile(join(dir, '10_c.js'), 'throw new Error("never loaded")');
    await writeFile(join(dir, '3_d.sql'), 'create table d ()');
    await writeFile(join(dir, '4_e.sql'), '-- Up Migration\nselect 1;\n-- Down Migration\ndrop tabel e;');
    await writeFile(join(dir, 'README.md'), 'not a migration');
    expect(await captureMigrations({ tool: 'node-pg-migrate', dir })).toMatchObject([
      { name: '1_a', up: '-- Up Migration\nselect 1;\n' },
      {
        name: '2_b',
        up: '-- Up Migration\ncreate table b ();\n',
        down: '-- Down Migration\ndrop table b;\n',
        fileHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      { name: '3_d', up: 'create table d ()' },
      // What cannot be parsed is not taken for empty: the plan refuses it by name.
      { name: '4_e', down: '-- Down Migration\ndrop tabel e;' },
      { name: '10_c', up: 'opaque', down: 'opaque' },
    ]);
    const [first, , third] = await captureMigrations({ tool: 'node-pg-migrate', dir });
    expect([first?.down, third?.down]).toEqual([undefined, undefined]);
  });

  it('are read as the tool wrote them, newest first, and forgotten as the tool forgets', async () => {
    await writeFile(
      join(dir, '1_a.sql'),
      '-- Up Migration\ncreate table a ();\n-- Down Migration\ndrop table a;',
    );
    await run('up');
    await writeFile(
      join(dir, '2_b.sql'),
      '-- Up Migration\ncreate table b ();\n-- Down Migration\ndrop table b;',
    );
    await run('up');
    const applied = await appliedMigrations(shop.target);
    expect(applied.map((it) => it.name)).toEqual(['2_b', '1_a']);
    expect(Math.abs(Date.now() - (applied[0]?.appliedAt?.getTime() ?? 0))).toBeLessThan(60_000);
    const [made] = await shop.query(`select xmin::text as xid from pg_class where relname = 'b'`);
    expect(applied[0]?.xid).toBe(made?.['xid']);
    const forget = await historyStatement(shop.target, '2_b', []);
    await shop.query(forget.ok ? forget.sql : forget.code);
    expect((await appliedMigrations(shop.target)).map((it) => it.name)).toEqual(['1_a']);
    await shop.query('drop table b');
    expect((await run('up')).map((it) => it.name)).toEqual(['2_b']);
  });
});

describe('the capture of what was applied', () => {
  const minute = (n: number): Date => new Date(Date.UTC(2026, 10, 22, 13, n));
  const file = (fileHash: string, ...times: number[]) => ({
    ...{ name: '1_a', fileHash, up: 'select 1' },
    capturedAt: times.map(minute),
  });
  const chosen = (files: Parameters<typeof deployedCapture>[0], appliedAt?: Date): string => {
    const found = deployedCapture(files, '1_a', appliedAt ? { appliedAt } : {});
    return found.ok ? found.value.fileHash : found.code;
  };

  it('is the one that was current then, also when the file was edited afterwards', () => {
    const files = [file('newest', 30), file('deployed', 10), file('draft', 1)];
    expect(chosen(files, minute(11))).toBe('deployed');
    // Captured beside the deploy, by a clock that is a little ahead.
    expect(chosen(files, new Date(minute(10).getTime() - 5000))).toBe('deployed');
    expect(chosen([file('a', 1, 10), file('b', 5)], minute(11))).toBe('a');
    expect(chosen([file('a', 1, 10), file('b', 5)], minute(7))).toBe('b');
  });

  it('is not guessed: only one, or one that is early enough', () => {
    expect(chosen([file('only', 30)], minute(1))).toBe('only');
    expect(chosen([file('b', 30), file('a', 20)], minute(1))).toBe('MIGRATION_HASH_MISMATCH');
    expect(chosen([file('b', 30), file('a', 20)])).toBe('MIGRATION_HASH_MISMATCH');
    expect(chosen([], minute(1))).toBe('MIGRATION_NOT_CAPTURED');
  });
});
