/** `firebreak guard`, as a deploy runs it: what it refuses before anything is begun, and its exit codes. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createShop, type Shop } from '../databases/shop.ts';
import { type Ended, type Folder, firebreak, temporaryFolder } from './support.ts';

const CONFIG = (probes: string, undo = 'auto'): string => `
slack: { incidents_channel: C0123456789 }
targets:
  shop:
    diag_url_env: SHOP_DIAG_URL
    ddl_url_env: SHOP_DDL_URL
    ${probes}
    guard: { undo: ${undo}, window_s: 5 }
`;
const PROBES = "probes: [{ name: status, sql: 'select order_id, carrier from order_status limit 5' }]";
const sql = (up: string, down: string): string => `-- Up Migration\n${up};\n-- Down Migration\n${down};\n`;

describe('firebreak guard', () => {
  let shop: Shop;
  let folder: Folder;
  beforeEach(async () => {
    shop = await createShop();
    await shop.query('truncate pgmigrations');
    folder = await temporaryFolder();
    await folder.write('firebreak.yml', CONFIG(PROBES));
  });
  afterEach(async () => {
    await shop.close();
    await folder.remove();
  });

  const env = (): Readonly<Record<string, string>> => ({
    SHOP_DIAG_URL: shop.config.urls.diag,
    SHOP_DDL_URL: shop.config.urls.ddl ?? '',
    DATABASE_URL: shop.config.urls.ddl ?? '',
  });
  const at = (name: string): string => join(folder.path, name);
  const migrations = async (file: string, text: string): Promise<void> => {
    await mkdir(at('migrations'), { recursive: true });
    await folder.write(`migrations/${file}`, text);
  };
  const deploy = (...options: readonly string[]): Promise<Ended> =>
    firebreak(
      [
        ...[
          'guard',
          '--target',
          'shop',
          '--config',
          at('firebreak.yml'),
          '--dir',
          at('migrations'),
          ...options,
          '--',
        ],
        ...['node_modules/.bin/node-pg-migrate', 'up', '--migrations-dir', at('migrations')],
      ],
      env(),
    );
  const applied = async (): Promise<number> => (await shop.query('select from pgmigrations')).length;

  it('runs what passed its test and keeps it while the probes stay green', async () => {
    await migrations(
      '1_note.sql',
      sql('alter table orders add column note text', 'alter table orders drop column note'),
    );
    const untested = await deploy();
    expect(untested).toMatchObject({ code: 1 });
    expect(untested.err).toContain('has not passed `migrations test`: this file was not tested');
    const seed = await folder.write(
      'seed.sql',
      'create table orders (id bigint primary key, total_cents int not null)',
    );
    const report = at('report.json');
    const tested = await firebreak([
      'migrations',
      'test',
      '--dir',
      at('migrations'),
      '--seed',
      seed,
      '--report',
      report,
    ]);
    expect(tested).toMatchObject({ code: 0 });
    const done = await deploy('--report', report, '--window', '1');
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toMatch(/guard: Applied: 1_note\n/);
    expect(done.out).toMatch(/guard: The guard ended with 0\n/);
    expect(await applied()).toBe(1);
  });

  it('undoes what breaks the probes, and then refuses it', async () => {
    await migrations(
      '1_bad.sql',
      sql(
        "update order_status set status = 'LOST'; alter table order_status rename column carrier to shipper",
        'alter table order_status rename column shipper to carrier',
      ),
    );
    expect(await deploy('--unguarded')).toMatchObject({ code: 3 });
    expect(await applied()).toBe(0);
    expect(await shop.query("select from order_status where status = 'LOST'")).toEqual([]);
    const again = await deploy('--unguarded');
    expect(again).toMatchObject({ code: 1 });
    expect(again.err).toContain('The migration 1_bad is held on shop');
  });

  it('leaves it in place where the target does not allow more, and says so', async () => {
    await folder.write('firebreak.yml', CONFIG(PROBES, 'propose'));
    await migrations(
      '1_bad.sql',
      sql('alter table order_status drop column carrier', 'alter table order_status add column carrier text'),
    );
    const done = await deploy('--unguarded');
    expect(done).toMatchObject({ code: 5 });
    expect(done.out).toContain('Left in place; its undo is proposed');
    expect(await applied()).toBe(1);
  });

  it('refuses by name what nobody could watch, read or tell apart', async () => {
    await migrations('1_do.sql', sql('do $$ begin end $$', 'select 1'));
    expect((await deploy('--unguarded')).err).toContain(
      'What the migration 1_do does cannot be read: a DO block',
    );
    await migrations('1_do.sql', sql('select 1', 'select 1'));
    await shop.query('alter table order_status rename column carrier to shipper');
    expect((await deploy('--unguarded')).err).toMatch(/Probes of shop are red already: status \(.*carrier/);
    await folder.write('firebreak.yml', CONFIG(''));
    expect((await deploy('--unguarded')).err).toContain('The target shop has no probes');
    expect(await applied()).toBe(0);
  });
});
