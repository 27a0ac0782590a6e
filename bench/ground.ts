/** What a fault is made on: a server of its own, with the shop on it, its traffic, and the target that is watched. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PROBE_SQL } from '../sandbox/story/queries.ts';
import { applyRelease } from '../sandbox/story/releases.ts';
import { createShop, type Shop } from '../sandbox/story/shop.ts';
import { startTraffic, type Traffic } from '../sandbox/story/traffic.ts';
import { type OnClose, openAll } from '../src/closing.ts';
import { type Config, loadConfig } from '../src/config.ts';
import { openTarget, type Target } from '../src/databases/target.ts';
import type { ProbeSettings } from '../src/domain/target-settings.ts';
import { startServer, type TestServer } from '../test/support/server.ts';

export interface GroundOptions {
  readonly seed: number;
  /** Settings of the server, beside the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Probes beside the site's own query. */
  readonly probes?: readonly ProbeSettings[];
  readonly readsPerSecond?: number;
}

export interface Ground {
  readonly seed: number;
  readonly server: TestServer;
  /** The shop as a superuser. */
  readonly adminUrl: string;
  readonly admin: pg.Client;
  readonly shop: Shop;
  readonly traffic: Traffic;
  readonly target: Target;
  /** What firebreak.yml says of the shop and nothing more, so that it is watched as every target is by default. */
  readonly config: Config;
  /** Another session; it ends with the ground. */
  connect(role: keyof Shop['urls'], application: string): Promise<pg.Client>;
  /** Deploys a migration by its tool, which writes its row of history; answers the migration's name. */
  deploy(title: string, up: string): Promise<string>;
  /** What has to end before the ground does. */
  readonly onClose: OnClose;
  close(): Promise<void>;
}

const ORDERS = 5000;
/** The name of a deploy sorts behind all that the shop was built by. */
const DEPLOYED = 1_717_408_740_000;
const SITE: ProbeSettings = { name: 'order-status', sql: PROBE_SQL };

/** Builds it and starts the traffic; what was half built is taken down again. */
export const openGround = (options: GroundOptions): Promise<Ground> =>
  openAll(async (onClose) => {
    const server = await startServer({ settings: { max_connections: '60', ...options.settings } });
    onClose(() => server.stop());
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-ground-'));
    onClose(() => rm(folder, { recursive: true, force: true }));
    const migrationsDir = join(folder, 'migrations');
    const adminUrl = await shopDatabase(server.url);
    const { seed } = options;
    const shop = await createShop({ adminUrl, seed, orders: ORDERS, migrationsDir });
    const connect = async (url: string, application: string): Promise<pg.Client> => {
      const client = await connected(url, application);
      onClose(() => client.end().catch(() => undefined));
      return client;
    };
    const admin = await connect(adminUrl, 'admin');
    await admin.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);
    const config = await configOf(shop, options.probes ?? []);
    const target = openTarget(config.settings.targets['shop'] ?? missing('shop'));
    target.keepWarm();
    onClose(() => target.close());
    const traffic = startTraffic({
      appUrl: shop.urls.app,
      seed,
      orders: ORDERS,
      ...(options.readsPerSecond === undefined ? {} : { readsPerSecond: options.readsPerSecond }),
    });
    onClose(() => traffic.stop(0).then(() => undefined));
    return {
      seed,
      server,
      adminUrl,
      admin,
      shop,
      traffic,
      target,
      config,
      connect: (role, application) => connect(shop.urls[role], application),
      deploy: (title, up) => deploy(shop, title, up),
      onClose,
    } satisfies Omit<Ground, 'close'>;
  });

async function shopDatabase(serverUrl: string): Promise<string> {
  const client = await connected(serverUrl, 'setup');
  await client.query('create database shop');
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = '/shop';
  return url.href;
}

async function configOf({ migrationsDir, urls }: Shop, probes: readonly ProbeSettings[]): Promise<Config> {
  const file = join(migrationsDir, '..', 'firebreak.yml');
  const shop = {
    diag_url_env: 'SHOP_URL',
    tool: 'node-pg-migrate',
    services: ['order-status'],
    probes: [SITE, ...probes],
  };
  // What is JSON is YAML.
  await writeFile(file, JSON.stringify({ slack: { incidents_channel: 'C0000000000' }, targets: { shop } }));
  const env = { SLACK_BOT_TOKEN: 'xoxb-bench', SLACK_APP_TOKEN: 'xapp-bench', SHOP_URL: urls.diag };
  return loadConfig(file, env);
}

const missing = (name: string): never => {
  throw new Error(`firebreak.yml does not name ${name}`);
};

async function connected(url: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  // A server that goes away shows in the next statement; as an event it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function deploy({ migrationsDir, urls }: Shop, title: string, up: string): Promise<string> {
  const name = `${DEPLOYED}_${title}`;
  await writeFile(join(migrationsDir, `${name}.sql`), `-- Up Migration\n${up}\n`);
  await applyRelease({ ownerUrl: urls.owner, dir: migrationsDir });
  return name;
}
