/** The release of the story, deployed at night through the guard: undone within its window, with nobody awake. */
import { join } from 'node:path';
import { writeRelease } from '../../sandbox/story/releases.ts';
import { startTraffic } from '../../sandbox/story/traffic.ts';
import { checkTruth } from '../../sandbox/story/truth.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { type Folder, firebreak, temporaryFolder } from '../cli/support.ts';
import { query, type TestShop, testShop } from '../sandbox/story/support.ts';
import { createTestDatabase } from '../support/database.ts';

const GUARDED = `
slack: { incidents_channel: C0123456789 }
targets:
  shop:
    diag_url_env: SHOP_DIAG_URL
    ddl_url_env: SHOP_DDL_URL
    probes:
      - name: order-status
        sql: select status, carrier, tracking_code, eta - current_date as days from order_status limit 20
    guard: { undo: auto, window_s: 20 }
`;

let folder: Folder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write('auto.yml', GUARDED);
});
afterAll(() => folder.remove());

const deploy = (shop: TestShop) =>
  firebreak(
    [
      'guard',
      '--target',
      'shop',
      '--config',
      join(folder.path, 'auto.yml'),
      '--dir',
      shop.migrationsDir,
      '--unguarded',
      '--',
      join(PACKAGE_ROOT, 'node_modules/.bin/node-pg-migrate'),
      'up',
      '--migrations-dir',
      shop.migrationsDir,
    ],
    { SHOP_DIAG_URL: shop.urls.diag, SHOP_DDL_URL: shop.urls.owner, DATABASE_URL: shop.urls.owner },
  );

/** The bot has seen nothing of it yet: the target itself is asked. */
async function heldUntilLifted(shop: TestShop): Promise<void> {
  const store = await createTestDatabase();
  const hold = (verb: string, ...more: readonly string[]) =>
    firebreak(
      [
        'hold',
        verb,
        '--target',
        'shop',
        '--migration',
        shop.story.migration,
        '--config',
        join(folder.path, 'auto.yml'),
        ...more,
      ],
      {
        DATABASE_URL: store.url,
        SHOP_DIAG_URL: shop.urls.diag,
        SHOP_DDL_URL: shop.urls.owner,
        SLACK_BOT_TOKEN: 'xoxb-1',
        SLACK_APP_TOKEN: 'xapp-1',
      },
    );
  const held = await hold('check');
  expect({ ...held, err: held.err.split('\n')[0] }).toMatchObject({
    code: 1,
    err: expect.stringContaining('by policy') as string,
  });
  expect(await hold('lift', '--reason', 'mended in the next release')).toMatchObject({ code: 0 });
  expect(await hold('check')).toMatchObject({ code: 0 });
  await store.drop();
}

it.each([1, 2, 3, 4])('is undone with no row wrong, seed %i', async (seed) => {
  const shop = await testShop(seed, 500);
  const traffic = startTraffic({ appUrl: shop.urls.app, seed, orders: 500, writesPerSecond: 60 });
  await writeRelease(shop.migrationsDir, shop.story);
  const { code, out, err } = await deploy(shop);
  await traffic.stop();
  try {
    expect({ seed, code: [3, 4].includes(code), out, err }).toEqual({ seed, code: true, out, err: '' });
    expect(out).toMatch(/guard: From the first red probe to green in \d+(\.\d)? s/);
    process.stdout.write(
      `seed ${seed}: ${/From the first red probe to green in [\d.]+ s/.exec(out)?.[0] ?? ''}\n`,
    );
    expect(await checkTruth({ adminUrl: shop.adminUrl, traffic })).toMatchObject({
      wrong: 0,
      wrongStatus: 0,
    });
    const again = await deploy(shop);
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toContain('is held on shop');
    if (seed === 1) await heldUntilLifted(shop);
    const { rows } = await query(shop.adminUrl, `select command from firebreak.guards`);
    expect(rows).toEqual([{ command: expect.stringContaining('(--unguarded)') as unknown }]);
  } finally {
    await shop.close();
  }
});
