import { spawn } from 'node:child_process';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { createShop, type Shop } from '../databases/shop.ts';
import { MAIN } from '../support/built.ts';
import { eventually } from '../support/eventually.ts';
import { CONFIG, type Folder, firebreak, temporaryFolder } from './support.ts';

describe('firebreak db', () => {
  let shop: Shop;
  let folder: Folder;
  let config: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    shop = await createShop();
    folder = await temporaryFolder();
    config = await folder.write('two.yml', `${CONFIG}  billing: { diag_url_env: BILLING_DIAG_URL }\n`);
    const { diag, act = '', ddl = '' } = shop.config.urls;
    env = { SHOP_DIAG_URL: diag, SHOP_ACT_URL: act, SHOP_DDL_URL: ddl };
  });
  afterAll(async () => {
    await folder.remove();
    await shop.close();
  });
  const db = (...words: readonly string[]) => firebreak(['db', ...words, '--config', config], env);

  it('takes a check or the sweep, and a target, in any order', async () => {
    // One after the other: reads end by ROLLBACK, and a sweep counts those of another one as failures.
    const swept = await db('sweep', 'shop', '--json');
    const short = await db('shop');
    const one = await db('blocking', 'shop');
    expect(JSON.parse(swept.out)).toMatchObject({
      target: 'shop',
      top: [],
      checks: expect.any(Array) as unknown,
    });
    expect(short.out).toMatch(/\d+ checks of shop in \d+ ms\n$/);
    expect(one.out).toMatch(
      /^ok {6}blocking: No session waits for a lock\.\n {8}waiting: 0\n[\s\S]*1 check of shop/,
    );
    for (const { code, err } of [swept, short, one]) expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('refuses what it does not know with what is near; two targets want a choice', async () => {
    const [typo, none] = await Promise.all([db('blokcing', 'shop'), db('sweep')]);
    expect(typo).toMatchObject({ code: 1, out: '' });
    expect(typo.err).toContain('Did you mean `blocking`?');
    expect(typo.err).toContain('Targets: shop, billing.');
    expect(none).toMatchObject({ code: 2 });
  });

  it('lists checks, prints the roles, and says of each target what it lacks', async () => {
    const [list, roles, targets] = await Promise.all([
      firebreak(['db', 'list', '--json']),
      db('roles', 'shop'),
      db('targets', '--json'),
    ]);
    expect((JSON.parse(list.out) as { name: string }[]).map(({ name }) => name)).toContain('blocking');
    expect(roles.out).toContain(`grant pg_monitor to "${shop.roles.diag}";`);
    expect(roles.out).not.toContain('secret');
    expect(targets.code).toBe(1);
    expect(JSON.parse(targets.out)).toEqual([
      {
        target: 'shop',
        about: expect.stringMatching(/^PostgreSQL 18\..*timeline 1$/) as string,
        problems: [],
      },
      {
        target: 'billing',
        problems: [expect.objectContaining({ found: expect.stringContaining('BILLING_DIAG_URL') as string })],
      },
    ]);
  });

  it('watches: a first line, then changes only, until Ctrl-C', async () => {
    const args = [MAIN, 'db', 'migrations', 'shop', '--watch', '--every', '1s'];
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [...args, '--config', config], {
      cwd: PACKAGE_ROOT,
      env: { PATH, HOME, ...env },
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const exit = new Promise((done) => child.once('exit', done));
    const lines = () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => line.slice(10));
    await eventually(() => lines().length === 2);
    expect(lines()).toEqual([expect.stringContaining('Watching shop every 1 s'), 'nothing is wrong now']);
    await shop.query(`insert into pgmigrations (name, run_on) values ('2_new', now() at time zone 'utc')`);
    await eventually(() => lines().length === 3);
    expect(lines()[2]).toMatch(/^migrations is warn, was ok: The newest migration is 2_new/);
    // Its age grows, which is no change.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    expect(lines()).toHaveLength(3);
  }, 30_000);
});
