/** A small shop for a test, and the simplest right way to undo its release by hand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { TRUTH_SOURCE_SQL } from '../../../sandbox/story/queries.ts';
import { applyRelease, type Release, writeRelease } from '../../../sandbox/story/releases.ts';
import { type Story, storyOf } from '../../../sandbox/story/seed.ts';
import { createShop, type Shop } from '../../../sandbox/story/shop.ts';
import { createTestDatabase } from '../../support/database.ts';

export interface TestShop extends Shop {
  readonly adminUrl: string;
  readonly story: Story;
  close(): Promise<void>;
}

export async function testShop(seed: number, orders = 2000): Promise<TestShop> {
  const database = await createTestDatabase('empty');
  const migrationsDir = await mkdtemp(join(tmpdir(), 'firebreak-shop-'));
  const shop = await createShop({
    adminUrl: database.url,
    seed,
    orders,
    migrationsDir,
    roleSuffix: `_${database.name}`,
  });
  const close = async (): Promise<void> => {
    await database.drop();
    const server = new URL(database.url);
    server.pathname = '/postgres';
    await query(server.href, `drop role ${Object.values(shop.roles).join(', ')}`);
    await rm(migrationsDir, { recursive: true });
  };
  return { ...shop, adminUrl: database.url, story: storyOf(seed), close };
}

export async function breakShop(shop: TestShop): Promise<Release> {
  const release = await writeRelease(shop.migrationsDir, shop.story);
  await applyRelease({ ownerUrl: shop.urls.owner, dir: shop.migrationsDir });
  return release;
}

export async function undo(shop: TestShop, release: Release): Promise<void> {
  await query(
    shop.urls.owner,
    `begin; set local lock_timeout = '1s';
     ${release.down}
     delete from pgmigrations where name = '${release.name}';
     commit`,
  );
}

/** The lock comes before the statement that reads the events, so that no write falls in between. */
export async function repair(shop: TestShop): Promise<void> {
  await query(
    shop.urls.owner,
    `begin; set local lock_timeout = '1s';
     lock table order_status in share row exclusive mode;
     update order_status as s
        set status = t.status, carrier = t.carrier, tracking_code = t.tracking_code, eta = t.eta
       from (${TRUTH_SOURCE_SQL}) as t
      where t.order_id = s.order_id
        and (s.status, s.carrier, s.tracking_code, s.eta)
            is distinct from (t.status, t.carrier, t.tracking_code, t.eta);
     commit`,
  );
}

export async function query(url: string, sql: string, values?: unknown[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql, values);
  } finally {
    await client.end();
  }
}
