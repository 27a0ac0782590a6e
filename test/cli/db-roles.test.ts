import { createShop, type Shop } from '../databases/shop.ts';
import { CONFIG, type Folder, firebreak, temporaryFolder } from './support.ts';

describe('db', () => {
  let shop: Shop;
  let folder: Folder;
  let config: string;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    shop = await createShop();
    folder = await temporaryFolder();
    config = await folder.write('firebreak.yml', `${CONFIG}  lost: { diag_url_env: LOST_DIAG_URL }\n`);
    const { diag, act = '', ddl = '' } = shop.config.urls;
    env = { SHOP_DIAG_URL: diag, SHOP_ACT_URL: act, SHOP_DDL_URL: ddl };
  });
  afterAll(async () => {
    await shop.close();
    await folder.remove();
  });

  it('roles prints SQL for the roles in the URLs, without a password of theirs', async () => {
    const { code, out } = await firebreak(['db', 'roles', '--target', 'shop', '--config', config], env);
    expect(code).toBe(0);
    expect(out).toContain(`grant pg_monitor to "${shop.roles.diag}";`);
    expect(out).toContain(`grant pg_signal_backend, pg_read_all_stats to "${shop.roles.act}";`);
    expect(out).not.toContain('secret');
  });

  it('targets tells of each how it is, and exits 1 while one has a problem', async () => {
    const { code, out } = await firebreak(['db', 'targets', '--json', '--config', config], env);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual([
      {
        target: 'shop',
        about: expect.stringMatching(/^PostgreSQL 18\..*timeline 1$/) as string,
        problems: [],
      },
      {
        target: 'lost',
        problems: [
          { found: expect.stringContaining('LOST_DIAG_URL') as string, fix: expect.any(String) as string },
        ],
      },
    ]);
    const words = await firebreak(['db', 'targets', '--config', config], env);
    expect(words.out).toMatch(/^shop: ready \(PostgreSQL 18\.[^]*\nlost: [^]*fix: /);
  });
});
