/** The sandbox's world: embedded PostgreSQL, the shop, the local Slack, and the bot configured for them. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type LocalSlack, type LocalSlackOptions, startLocalSlack } from '../../sandbox/server/main.ts';
import { PROBE_SQL, TRUTH_SOURCE_SQL } from '../../sandbox/story/queries.ts';
import { createShop, type Shop } from '../../sandbox/story/shop.ts';
import { type OnClose, openAll } from '../closing.ts';
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
  /** Databases that are there already; without them a temporary server is started. */
  readonly databases?: SandboxDatabases;
  /** Where a repair takes the right values from; the shop's own truth unless told. */
  readonly sourceSql?: string;
  /** The server and what is in it outlive this process's end, for another time. */
  readonly keep?: boolean;
  readonly slack?: Omit<LocalSlackOptions, 'manifestPath'>;
}

interface SandboxDatabases {
  readonly storeUrl: string;
  /** Empty, as a superuser. */
  readonly shopUrl: string;
  /** Roles belong to the whole server. */
  readonly roleSuffix?: string;
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
  /** How to reach it all from elsewhere. */
  readonly info: SandboxInfo;
  readonly close: () => Promise<void>;
}

export interface SandboxInfo {
  readonly bot_url: string;
  readonly bot_token: string;
  readonly shop_url: string;
  readonly config: string;
  readonly data_dir: string;
  /** What the configuration refers to. */
  readonly env: Readonly<Record<string, string>>;
}

/** Opens everything in order; `close` closes it in reverse, and removes nothing. */
export const openSandbox = (options: SandboxOptions): Promise<Sandbox> =>
  openAll(async (onClose) => {
    const { dataDir, seed, orders, sourceSql = TRUTH_SOURCE_SQL, clock = systemClock } = options;
    const databases = options.databases ?? (await ownServer(options, onClose));
    const { storeUrl, shopUrl, roleSuffix } = databases;
    const migrationsDir = join(dataDir, 'shop-migrations');
    const shop = await createShop({
      adminUrl: shopUrl,
      seed,
      migrationsDir,
      ...(orders === undefined ? {} : { orders }),
      ...(roleSuffix === undefined ? {} : { roleSuffix }),
    });
    const manifestPath = join(PACKAGE_ROOT, 'manifest.yml');
    const slack = await startLocalSlack({ ...options.slack, manifestPath });
    onClose(() => slack.stop());
    const token = randomBytes(16).toString('hex');
    const file = join(dataDir, 'firebreak.yml');
    await writeFile(file, stringify(configuration(slack, sourceSql)));
    const env = environment(slack, shop, storeUrl, token);
    const config = loadConfig(file, env);
    const level = process.env['LOG_LEVEL'] === undefined ? 'warn' : logLevelOf();
    const log = createLogger({ level, secrets: config.secrets });
    const bot = await startFirebreak({ ...config, dataDir }, { log, clock });
    onClose(bot.close);
    const store = openStore(storeUrl);
    onClose(() => store.close());
    const info = {
      bot_url: bot.url,
      bot_token: token,
      shop_url: shopUrl,
      config: file,
      data_dir: dataDir,
      env,
    };
    return { slack, shop, shopAdminUrl: shopUrl, botUrl: bot.url, token, store, info };
  });

async function ownServer(
  { dataDir, keep = false }: SandboxOptions,
  onClose: OnClose,
): Promise<SandboxDatabases> {
  const server = await startEmbedded({ dataDir, temporary: !keep });
  onClose(() => server.stop());
  await Promise.all([server.ensureDatabase('firebreak'), server.ensureDatabase('shop')]);
  return { storeUrl: server.url('firebreak'), shopUrl: server.url('shop') };
}

const environment = (
  slack: LocalSlack,
  shop: Shop,
  store: string,
  token: string,
): Record<string, string> => ({
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_CONFIG_TOKEN: slack.configToken,
  SLACK_API_URL: `${slack.url}/api/`,
  DATABASE_URL: store,
  FIREBREAK_TOKEN: token,
  SHOP_DIAG_URL: shop.urls.diag,
  SHOP_ACT_URL: shop.urls.act,
  SHOP_DDL_URL: shop.urls.owner,
});

/** viewer only reads, dba alone approves. */
function configuration({ users, channels }: LocalSlack, sourceSql: string): object {
  const ids = (...names: readonly string[]): readonly string[] => names.map((name) => users[name] ?? name);
  return {
    slack: { incidents_channel: channels['incidents'], stakeholder_channel: channels['general'] },
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
            from: sourceSql,
          },
        },
      },
    },
    monitors: { 'order-status': { target: 'shop', service: 'order-status', every_s: 1, failures: 3 } },
    teams: { database: { on_call: ids('dba') } },
    services: { 'order-status': { team: 'database' } },
    permissions: {
      declare: ids('oncall', 'commander', 'dba', 'support'),
      respond: ids('oncall', 'commander', 'dba', 'support'),
      dangerous: ids('oncall', 'commander', 'dba'),
      approve: ids('dba'),
    },
  };
}
