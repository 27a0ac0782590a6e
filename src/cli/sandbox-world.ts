/** The sandbox's world: embedded PostgreSQL, the shop, the local Slack, and the bot configured for them. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type LocalSlack, startLocalSlack } from '../../sandbox/server/main.ts';
import { PROBE_SQL, TRUTH_SOURCE_SQL } from '../../sandbox/story/queries.ts';
import { createShop, type Shop } from '../../sandbox/story/shop.ts';
import { loadConfig, logLevelOf } from '../config.ts';
import { type Clock, systemClock } from '../jobs/clock.ts';
import { createLogger } from '../log.ts';
import { startFirebreak } from '../main.ts';
import { startEmbedded } from '../store/embedded.ts';
import { openStore, type Store } from '../store/store.ts';
import { PACKAGE_ROOT } from '../version.ts';

export interface SandboxOptions {
  readonly dataDir: string;
  readonly seed: number;
  /** 200,000 unless told. */
  readonly orders?: number;
  readonly clock?: Clock;
}

export interface Sandbox {
  readonly slack: LocalSlack;
  readonly shop: Shop;
  readonly shopAdminUrl: string;
  readonly botUrl: string;
  /** For POST /events/changes. */
  readonly token: string;
  /** The bot's own store, for what is written at the end. */
  readonly store: Store;
  close(): Promise<void>;
}

/** Opens everything in order; `close` closes it in reverse, and removes nothing. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).reverse()) await each();
  };
  try {
    const server = await startEmbedded({ dataDir: options.dataDir, temporary: true });
    closing.push(() => server.stop());
    await Promise.all([server.ensureDatabase('firebreak'), server.ensureDatabase('shop')]);
    const shopAdminUrl = server.url('shop');
    const migrationsDir = join(options.dataDir, 'shop-migrations');
    await mkdir(migrationsDir);
    const orders = options.orders === undefined ? {} : { orders: options.orders };
    const shop = await createShop({ adminUrl: shopAdminUrl, seed: options.seed, migrationsDir, ...orders });
    const slack = await startLocalSlack({ manifestPath: join(PACKAGE_ROOT, 'manifest.yml') });
    closing.push(() => slack.stop());
    const token = randomBytes(16).toString('hex');
    const file = join(options.dataDir, 'firebreak.yml');
    await writeFile(file, stringify(configuration(slack)));
    const config = loadConfig(file, environment(slack, shop, server.url('firebreak'), token));
    const log = createLogger({ level: process.env['LOG_LEVEL'] === undefined ? 'warn' : logLevelOf() });
    const bot = await startFirebreak(config, { log, clock: options.clock ?? systemClock });
    closing.push(() => bot.close());
    const store = openStore(server.url('firebreak'));
    closing.push(() => store.close());
    return { slack, shop, shopAdminUrl, botUrl: bot.url, token, store, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const environment = (
  slack: LocalSlack,
  shop: Shop,
  store: string,
  token: string,
): Record<string, string> => ({
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_API_URL: `${slack.url}/api/`,
  DATABASE_URL: store,
  FIREBREAK_TOKEN: token,
  SHOP_DIAG_URL: shop.urls.diag,
  SHOP_ACT_URL: shop.urls.act,
  SHOP_DDL_URL: shop.urls.owner,
});

/** viewer only reads, dba alone approves. */
function configuration({ users, channels }: LocalSlack): object {
  const ids = (...names: readonly string[]): readonly string[] => names.map((name) => users[name] ?? name);
  return {
    slack: { incidents_channel: channels['incidents'] },
    http: { listen: '127.0.0.1:0' },
    targets: {
      shop: {
        diag_url_env: 'SHOP_DIAG_URL',
        act_url_env: 'SHOP_ACT_URL',
        ddl_url_env: 'SHOP_DDL_URL',
        services: ['order-status'],
        probes: [{ name: 'order-status', sql: PROBE_SQL }],
        sources: {
          order_status: {
            key: 'order_id',
            columns: ['status', 'carrier', 'tracking_code', 'eta'],
            from: TRUTH_SOURCE_SQL,
          },
        },
      },
    },
    monitors: { 'order-status': { target: 'shop', service: 'order-status', every_s: 1, failures: 3 } },
    teams: { database: { on_call: ids('dba') } },
    permissions: {
      declare: ids('oncall', 'commander', 'dba', 'support'),
      respond: ids('oncall', 'commander', 'dba', 'support'),
      dangerous: ids('oncall', 'commander', 'dba'),
      approve: ids('dba'),
    },
  };
}
