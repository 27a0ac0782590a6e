import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { breakShop, type TestShop, testShop } from '../sandbox/story/support.ts';
import { type Folder, firebreak, temporaryFolder } from './support.ts';

describe('the migrations of a project', () => {
  let shop: TestShop;
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    shop = await testShop(1, 20);
    await breakShop(shop);
  });
  afterAll(async () => {
    await shop.close();
    await folder.remove();
  });
  const capture = (...more: readonly string[]) =>
    firebreak(['migrations', 'capture', '--target', 'shop', '--dir', shop.migrationsDir, ...more]);

  it('are captured into a file', async () => {
    const out = join(folder.path, 'captured.json');
    expect(await capture('--out', out)).toEqual({ code: 0, out: '6 migrations captured\n', err: '' });
    const { target, migrations } = JSON.parse(await readFile(out, 'utf8')) as {
      target: string;
      migrations: readonly Record<string, string>[];
    };
    expect(target).toBe('shop');
    expect(migrations.at(-1)).toEqual({
      name: shop.story.migration,
      fileHash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      up: expect.stringContaining('alter table order_status') as unknown,
      down: expect.stringContaining('alter table order_status') as unknown,
    });
  });

  it('are not captured into nowhere', async () => {
    const { code, out, err } = await capture();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('Set FIREBREAK_URL and FIREBREAK_TOKEN, or write them to a file with --out.');
  });

  it('are listed as they were applied, newest first', async () => {
    const list = (...more: readonly string[]) =>
      firebreak(['migrations', 'list', '--url-env', 'SHOP', ...more], { SHOP: shop.urls.diag });
    const [json, lines] = await Promise.all([list('--json'), list()]);
    const facts = JSON.parse(json.out) as { target: string; migrations: readonly unknown[] };
    expect(facts.migrations).toHaveLength(6);
    expect(facts.migrations[0]).toEqual({
      name: shop.story.migration,
      applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      state: 'applied',
    });
    expect(lines.out.split('\n')[0]).toMatch(new RegExp(`Z {2}${shop.story.migration}$`));
  });

  it('cannot be listed where there is no history', async () => {
    const server = new URL(shop.adminUrl);
    server.pathname = '/postgres';
    const { code, err } = await firebreak(['migrations', 'list', '--url-env', 'NONE'], { NONE: server.href });
    expect(code).toBe(1);
    expect(err).toMatch(/relation "public\.pgmigrations" does not exist\n.*targets\.<name>\.history\.table/);
  });

  it('are what a check of the database names as recent', async () => {
    const look = (check: string) =>
      firebreak(['db', check, '--url-env', 'SHOP', '--json'], { SHOP: shop.urls.diag });
    const [all, unknown] = await Promise.all([look('sweep'), look('wrong')]);
    expect(all.code).toBe(0);
    expect(JSON.parse(all.out)).toEqual({
      target: 'shop',
      took_ms: expect.any(Number) as unknown,
      checks: expect.arrayContaining([
        expect.objectContaining({
          check: 'migrations',
          status: expect.stringMatching(/^(ok|warn|crit)$/) as unknown,
          verdict: expect.stringContaining(shop.story.migration) as unknown,
          facts: expect.any(Object) as unknown,
        }),
      ]) as unknown,
      top: expect.any(Array) as unknown,
    });
    expect(unknown.code).toBe(1);
    expect(unknown.err).toMatch(/^`wrong` is not understood here: .*\nChecks: connection, /);
  });
});
