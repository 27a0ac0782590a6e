import { join } from 'node:path';
import type { Story } from '../../sandbox/story/seed.ts';
import { captureMigrations } from '../../src/databases/history.ts';
import { saveCaptured } from '../../src/store/captured-migrations.ts';
import { openStore } from '../../src/store/store.ts';
import { createShop, type Shop } from '../databases/shop.ts';
import { breakShop, query, type TestShop, testShop } from '../sandbox/story/support.ts';
import { createTestDatabase } from '../support/database.ts';
import { CONFIG, type Folder, firebreak, temporaryFolder } from './support.ts';

interface Half {
  readonly locks: readonly { relation: string; mode: string }[];
}
type Printed = Readonly<Record<string, unknown>> & { readonly up: Half; readonly down: Half };

const half = {
  transactional: true,
  opaque: false,
  destroys_data: expect.any(Boolean) as unknown,
  rewrites: expect.any(Boolean) as unknown,
  locks: expect.arrayContaining([
    { relation: expect.any(String) as unknown, mode: 'AccessExclusive' },
  ]) as unknown,
  empty: false,
};

/** What is to be said of each form of the break. */
const EXPECTED: Readonly<Record<Story['form'], object>> = {
  'drop-column': {
    needs: [],
    up: { ...half, destroys_data: true },
    not_undone: expect.arrayContaining([
      expect.stringMatching(/^the dropped column order_status\./),
    ]) as unknown,
  },
  'rename-column': { needs: [expect.stringMatching(/^not known: whether deployed code needs/)] },
  'retype-column': { needs: [], up: { ...half, rewrites: true }, down: { ...half, rewrites: true } },
  'rename-table': { needs: [expect.stringMatching(/^not known: whether deployed code needs order_status?/)] },
};

const shopEnv = ({ urls }: TestShop) => ({
  SHOP_DIAG_URL: urls.diag,
  SHOP_ACT_URL: urls.act,
  SHOP_DDL_URL: urls.owner,
});

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write('firebreak.yml', CONFIG);
});
afterAll(() => folder.remove());

describe.each([1, 2, 3, 4])('the plan for the release of seed %i', (seed) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await testShop(seed, 200);
    await breakShop(shop);
  });
  afterAll(() => shop.close());
  const plan = (...more: readonly string[]) =>
    firebreak(
      [
        'rollback',
        'plan',
        '--target',
        'shop',
        '--config',
        join(folder.path, 'firebreak.yml'),
        '--migration',
        shop.story.migration,
        '--dir',
        shop.migrationsDir,
        ...more,
      ],
      shopEnv(shop),
    );

  it('is the JSON that others rely on, and as plain lines', async () => {
    const [json, words] = await Promise.all([plan('--json'), plan()]);
    expect(json).toMatchObject({ code: 0, err: '' });
    const printed = JSON.parse(json.out) as Printed;
    expect(printed).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      up: half,
      down: half,
      restores_schema: 'yes',
      restores_data: 'no',
      not_undone: expect.arrayContaining([expect.stringMatching(/^the UPDATE of order_status\./)]) as unknown,
      needs: expect.any(Array) as unknown,
      later: [],
      sql: expect.stringMatching(/^begin;[\s\S]*delete from[\s\S]*pgmigrations[\s\S]*commit;$/) as unknown,
    });
    expect(printed).toMatchObject(EXPECTED[shop.story.form]);
    expect(words.code).toBe(0);
    expect(words.out).toMatch(/^Roll back migration 1717408740000_\S+ on shop\nNOT undone: /);
    expect(words.out).toContain(`Hash ${String(printed['hash'])}`);
  });

  it('leaves no transaction, lock or table behind', async () => {
    const { rows } = await query(
      shop.adminUrl,
      `select nspname from pg_namespace where nspname like 'firebreak%'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('a migration that is not the newest', () => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await testShop(2, 20);
    await breakShop(shop);
  });
  afterAll(() => shop.close());

  it('is refused with the later ones, which the facts name too', async () => {
    const { code, out, err } = await firebreak(
      [
        'rollback',
        'plan',
        '--url-env',
        'SHOP',
        '--migration',
        '1714557600000_orders-by-customer',
        '--dir',
        shop.migrationsDir,
        '--json',
      ],
      { SHOP: shop.adminUrl },
    );
    expect(code).toBe(1);
    expect(err).toContain(`Roll back ${shop.story.migration} first.`);
    expect(JSON.parse(out)).toMatchObject({ later: [shop.story.migration] });
  });

  it('leaves the newest to be planned from what was captured into the store, as a run would', async () => {
    const database = await createTestDatabase();
    const store = openStore(database.url);
    const captured = await captureMigrations({ tool: 'node-pg-migrate', dir: shop.migrationsDir });
    await saveCaptured(store, 'shop', captured, new Date());
    await store.close();
    const config = join(folder.path, 'firebreak.yml');
    const { code, out } = await firebreak(
      [
        'rollback',
        'plan',
        '--target',
        'shop',
        '--config',
        config,
        '--migration',
        shop.story.migration,
        '--incident',
        '7',
      ],
      { ...shopEnv(shop), DATABASE_URL: database.url },
    );
    await database.drop();
    expect(code).toBe(0);
    expect(out).toContain('create schema if not exists "firebreak_7"');
  });
});

describe('a plan with a rehearsal', () => {
  let shop: Shop;
  let staging: Shop;
  let migrations: Folder;
  const NAME = '1717405200000_order-note';
  const UP = 'alter table orders add column note text;';
  beforeAll(async () => {
    [shop, staging, migrations] = await Promise.all([createShop(), createShop(), temporaryFolder()]);
    await migrations.write(
      `${NAME}.sql`,
      `-- Up Migration\n${UP}\n-- Down Migration\nalter table orders drop column note;\n`,
    );
    for (const one of [shop, staging]) await one.apply({ name: NAME, fileHash: '', up: UP });
    await folder.write('two.yml', `${CONFIG.trimEnd().replace(/ }$/, ', rehearsal: staging }')}${STAGING}`);
  });
  afterAll(() => Promise.all([shop.close(), staging.close(), migrations.remove()]));
  const STAGING = '\n  staging: { diag_url_env: STAGING_DIAG_URL, ddl_url_env: STAGING_DDL_URL }\n';
  const plan = (...more: readonly string[]) =>
    firebreak(['rollback', 'plan', '--migration', NAME, '--dir', migrations.path, '--rehearse', ...more], {
      SHOP_DIAG_URL: shop.config.urls.diag,
      SHOP_ACT_URL: shop.config.urls.act ?? '',
      SHOP_DDL_URL: shop.config.urls.ddl ?? '',
      STAGING_DIAG_URL: staging.config.urls.diag,
      STAGING_DDL_URL: staging.config.urls.ddl ?? '',
    });
  const config = (name: string) => ['--target', 'shop', '--config', join(folder.path, name)];

  it('prints what was measured, as JSON and as lines, and refuses where there is nothing to rehearse on', async () => {
    const [json, words, none, nowhere] = await Promise.all([
      plan(...config('two.yml'), '--json'),
      plan(...config('two.yml')),
      plan(...config('firebreak.yml')),
      plan('--url-env', 'SHOP_DIAG_URL'),
    ]);
    expect(json).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({
      rehearsal: { target: 'staging', state: 'green', rows_copied: 1000, rows_changed: [null], probes: [] },
    });
    expect(words.out).toMatch(/^Rehearsed on staging, and rolled back there: .* 1,000 rows copied\.$/m);
    expect(words.out).toContain('No probe was asked there.');
    expect(none).toMatchObject({ code: 1, out: '' });
    expect(none.err).toContain('Set targets.shop.rehearsal in firebreak.yml');
    expect(nowhere.code).toBe(2);
  });
});

describe('a plan from files alone', () => {
  const UP = "alter table t rename column a to b;\nupdate t set c = 'x';\n";
  const DOWN = 'alter table t rename column b to a;\n';
  const plan = (...args: readonly string[]) => firebreak(['rollback', 'plan', ...args]);

  it('says what can be read from them, and that code is not known', async () => {
    const [up, down] = [await folder.write('up.sql', UP), await folder.write('down.sql', DOWN)];
    const { code, out } = await plan('--up', up, '--down', down, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      up: {
        transactional: true,
        opaque: false,
        destroys_data: true,
        rewrites: false,
        locks: [{ relation: 't', mode: 'AccessExclusive' }],
        empty: false,
      },
      down: {
        transactional: true,
        opaque: false,
        destroys_data: false,
        rewrites: false,
        locks: [{ relation: 't', mode: 'AccessExclusive' }],
        empty: false,
      },
      restores_schema: 'yes',
      restores_data: 'no',
      not_undone: ['the UPDATE of t.c: the down does not put the old values back'],
      needs: [
        'not known: whether deployed code needs b, which the down removes; code goes back before schema',
      ],
      later: [],
      sql: DOWN.trim(),
    });
  });

  it('takes the halves of a file that holds both', async () => {
    const both = await folder.write('both.sql', `-- Up Migration\n${UP}\n-- Down Migration\n${DOWN}`);
    const { code, out } = await plan('--up', both, '--down', both, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      restores_schema: 'yes',
      sql: `-- Down Migration\n${DOWN.trim()}`,
    });
  });

  it('refuses a down that is missing, empty, only comments, or no SQL', async () => {
    const up = await folder.write('alone.sql', UP);
    const empty = await folder.write('empty.sql', '');
    const comment = await folder.write('comment.sql', '-- nothing to do\n;\n');
    const broken = await folder.write('broken.sql', 'alter tabel t;');
    const noDown = 'The migration alone has no down: missing or empty.\nWrite a down for it';
    const ended = await Promise.all([
      plan('--up', up),
      plan('--up', up, '--down', empty, '--json'),
      plan('--up', up, '--down', comment),
      plan('--up', up, '--down', broken),
      plan('--up', up, '--down', join(folder.path, 'nowhere.sql')),
    ]);
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
    expect(ended[0].err).toContain(noDown);
    expect(ended[1].err).toContain(noDown);
    expect(JSON.parse(ended[1].out)).toMatchObject({ down: { empty: true } });
    expect(ended[2].err).toContain(noDown);
    expect(ended[2].out).toBe('');
    expect(ended[3].err).toMatch(/The down of alone cannot be read: syntax error/);
    expect(ended[4].err).toMatch(/There is no down: .*nowhere\.sql does not exist/);
  });
});
