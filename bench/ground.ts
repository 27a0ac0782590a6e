/** What a fault is made on: a server of its own, with the shop on it, its traffic, and the target that is watched. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PROBE_SQL } from '../sandbox/story/queries.ts';
import { applyRelease } from '../sandbox/story/releases.ts';
import { createShop, type Shop } from '../sandbox/story/shop.ts';
import { startTraffic, type Traffic, type TrafficOptions } from '../sandbox/story/traffic.ts';
import { type OnClose, openAll } from '../src/closing.ts';
import { type Config, loadConfig } from '../src/config.ts';
import { openTarget, type Target } from '../src/databases/target.ts';
import type { ProbeSettings } from '../src/domain/target-settings.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { createReporter, type Reporter } from './reporter.ts';

export interface GroundOptions {
  readonly seed: number;
  /** Settings of the server, beside the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Probes beside the site's own query. */
  readonly probes?: readonly ProbeSettings[];
  readonly readsPerSecond?: number;
  /** From where its errors are known: the application reports them, unless the server's log is to be read. */
  readonly errors?: 'reported' | 'logged';
}

export interface Ground {
  readonly seed: number;
  readonly server: TestServer;
  /** The shop as a superuser. */
  readonly adminUrl: string;
  readonly admin: pg.Client;
  readonly shop: Shop;
  readonly traffic: Traffic;
  /** Undefined where the log is read. */
  readonly reporter?: Reporter;
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
const LOGGING = { logging_collector: 'on', log_destination: 'jsonlog', log_directory: 'log' };
const READ_LOG = 'pg_read_binary_file(text, bigint, bigint)';
const SITE: ProbeSettings = { name: 'order-status', sql: PROBE_SQL };

/** Builds it and starts the traffic; what was half built is taken down again. */
export const openGround = (options: GroundOptions): Promise<Ground> =>
  openAll(async (onClose) => {
    const reporter = options.errors === 'logged' ? undefined : createReporter();
    const server = await startServer({ settings: settingsOf(options) });
    onClose(() => server.stop());
    const { shop, adminUrl } = await openShop(server, options.seed, onClose);
    const connect = connector(shop, reporter, onClose);
    const admin = await connected(adminUrl, 'admin');
    onClose(() => admin.end().catch(() => undefined));
    await admin.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);
    if (!reporter) await admin.query(`grant execute on function ${READ_LOG} to ${shop.roles.diag}`);
    const config = await configOf(shop, options.probes ?? []);
    const target = openTarget(config.settings.targets['shop'] ?? missing('shop'));
    target.keepWarm();
    onClose(() => target.close());
    const traffic = stoppedOnce(startTraffic(trafficOf(shop, options, reporter)));
    onClose(() => traffic.stop(0).then(() => undefined));
    return {
      ...{ seed: options.seed, server, adminUrl, admin, shop, traffic, target, config, connect, onClose },
      ...(reporter ? { reporter } : {}),
      deploy: (title, up) => deploy(shop, title, up),
    } satisfies Omit<Ground, 'close'>;
  });

const settingsOf = ({ settings, errors }: GroundOptions) => ({
  max_connections: '60',
  ...(errors === 'logged' ? LOGGING : {}),
  ...settings,
});

async function openShop(server: TestServer, seed: number, onClose: OnClose) {
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-ground-'));
  onClose(() => rm(folder, { recursive: true, force: true }));
  const adminUrl = await shopDatabase(server.url);
  const migrationsDir = join(folder, 'migrations');
  return { adminUrl, shop: await createShop({ adminUrl, seed, orders: ORDERS, migrationsDir }) };
}

/** Whatever runs as the application reports its errors, also that it is not let in. */
const connector =
  ({ urls }: Shop, reporter: Reporter | undefined, onClose: OnClose): Ground['connect'] =>
  async (role, application) => {
    const client = await connected(urls[role], application).catch((error: unknown) => {
      reporter?.count(error);
      throw error;
    });
    onClose(() => client.end().catch(() => undefined));
    reporter?.listen(client);
    return client;
  };

const trafficOf = (
  { urls }: Shop,
  { seed, readsPerSecond }: GroundOptions,
  reporter: Reporter | undefined,
): TrafficOptions => ({
  appUrl: urls.app,
  seed,
  orders: ORDERS,
  ...(readsPerSecond === undefined ? {} : { readsPerSecond }),
  ...(reporter ? { onConnect: reporter.listen } : {}),
});

/** Who looks at what is left of it stops it before the ground does. */
function stoppedOnce(traffic: Traffic): Traffic {
  let stopped: Promise<number> | undefined;
  return { ...traffic, stop: (drainMs) => (stopped ??= traffic.stop(drainMs)) };
}

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
