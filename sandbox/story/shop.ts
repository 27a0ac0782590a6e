/** Builds the shop: its roles, its schema by real migrations, and its orders. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { BASE_EVENTS_SQL, BASE_ORDERS_SQL } from './data.ts';
import { applyRelease, writeHistory } from './releases.ts';

export interface ShopOptions {
  /** An empty database (or a shop that was kept), as a superuser. */
  readonly adminUrl: string;
  readonly seed: number;
  readonly orders?: number;
  /** Folder for the shop's migrations; the bad release is written there later. */
  readonly migrationsDir: string;
  /** Roles belong to the whole server: two shops on one server need different suffixes. */
  readonly roleSuffix?: string;
}

export interface Shop {
  readonly seed: number;
  readonly orders: number;
  readonly migrationsDir: string;
  readonly roles: Readonly<Record<ShopRole, string>>;
  readonly urls: Readonly<Record<ShopRole, string>>;
}

type ShopRole = 'app' | 'owner' | 'diag' | 'act';
const ROLE_NAMES: Readonly<Record<ShopRole, string>> = {
  app: 'shop_app',
  owner: 'shop_owner',
  diag: 'firebreak_diag',
  act: 'firebreak_act',
};
const ROLES: readonly ShopRole[] = ['app', 'owner', 'diag', 'act'];
const DEFAULT_ORDERS = 200_000;

// The shop is older than this minute: its first migrations ran when their names say.
const BACKDATE_HISTORY =
  "update pgmigrations set run_on = to_timestamp(substring(name from '^[0-9]+')::bigint / 1000.0)";

/** A shop that is already there keeps its rows and schema; only its passwords are new. */
export async function createShop(options: ShopOptions): Promise<Shop> {
  const { adminUrl, seed, migrationsDir } = options;
  const orders = options.orders ?? DEFAULT_ORDERS;
  const roles = perRole((role) => `${ROLE_NAMES[role]}${options.roleSuffix ?? ''}`);
  const passwords = perRole(() => randomBytes(18).toString('base64url'));
  const urls = perRole((role) => urlAs(adminUrl, roles[role], passwords[role]));
  await writeHistory(migrationsDir);
  await withClient(adminUrl, async (admin) => {
    for (const role of ROLES) await ensureRole(admin, roles[role], passwords[role]);
    const { rows } = await admin.query<{ kept: boolean }>(`select to_regclass('orders') is not null as kept`);
    if (rows[0]?.kept === true) return;
    await admin.query(grantsBefore(roles));
    await applyRelease({ ownerUrl: urls.owner, dir: migrationsDir });
    await admin.query(BACKDATE_HISTORY);
    await admin.query(grantsAfter(roles));
    await load(admin, seed, orders);
  });
  return { seed, orders, migrationsDir, roles, urls };
}

async function ensureRole(admin: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [role]);
  const verb = rowCount === 0 ? 'create' : 'alter';
  await admin.query(`${verb} role ${pg.escapeIdentifier(role)} login password ${pg.escapeLiteral(password)}`);
}

/** Default privileges come before the migrations: `pgmigrations` and every later table stay readable for `diag`. */
function grantsBefore(names: Shop['roles']): string {
  const { app, owner, diag, act } = perRole((role) => pg.escapeIdentifier(names[role]));
  return `
    do $$ begin execute format('grant create on database %I to ${owner}', current_database()); end $$;
    grant usage, create on schema public to ${owner};
    grant usage on schema public to ${app}, ${diag};
    grant pg_monitor to ${diag};
    grant pg_signal_backend, pg_read_all_stats to ${act};
    alter default privileges for role ${owner} in schema public grant select on tables to ${diag};
    alter default privileges for role ${owner} in schema public grant select on sequences to ${diag}`;
}

function grantsAfter(names: Shop['roles']): string {
  const app = pg.escapeIdentifier(names.app);
  return `grant select, insert, update on orders, order_status, order_events to ${app}`;
}

/** Keys are right by construction, so that foreign keys need not be checked row by row. */
async function load(admin: pg.Client, seed: number, orders: number): Promise<void> {
  await admin.query('begin');
  await admin.query('set local session_replication_role = replica');
  await admin.query(`insert into orders (id, customer_id, placed_at, total_cents) ${BASE_ORDERS_SQL}`, [
    seed,
    orders,
  ]);
  await admin.query(
    `insert into order_events (id, order_id, at, status, carrier, tracking_code, eta) ${BASE_EVENTS_SQL}`,
    [seed, orders],
  );
  await admin.query(`
    insert into order_status (order_id, status, carrier, tracking_code, eta, updated_at)
    select distinct on (order_id) order_id, status, carrier, tracking_code, eta, at
      from order_events
     order by order_id, id desc`);
  await admin.query(`
    select setval(pg_get_serial_sequence('orders', 'id'), (select max(id) from orders)),
           setval(pg_get_serial_sequence('order_events', 'id'), (select max(id) from order_events))`);
  await admin.query('commit');
  await admin.query('vacuum analyze orders, order_events, order_status');
}

function perRole<T>(value: (role: ShopRole) => T): Record<ShopRole, T> {
  return { app: value('app'), owner: value('owner'), diag: value('diag'), act: value('act') };
}

function urlAs(adminUrl: string, user: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = user;
  url.password = password;
  return url.href;
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
