/** A small shop for the tests: four roles, three tables, a migration history, and the bad release as SQL. */
import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { openTarget, type Target, type TargetConfig } from '../../src/databases/target.ts';
import type { CapturedMigration } from '../../src/domain/plan.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

export interface Shop {
  readonly database: TestDatabase;
  readonly admin: pg.Client;
  readonly roles: Readonly<Record<'app' | 'owner' | 'diag' | 'act', string>>;
  readonly config: TargetConfig;
  readonly target: Target;
  /** Another session, as one of the roles. */
  connect(role: 'app' | 'owner' | 'diag' | 'act', application?: string): Promise<pg.Client>;
  query<Row extends object = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** Runs an up with its history row in one transaction, as the tool does. */
  apply(migration: CapturedMigration): Promise<string>;
  /** Resolves once so many of its sessions wait for a lock. */
  lockWaits(sessions: number): Promise<unknown>;
  close(): Promise<void>;
}

const PROBE = {
  name: 'order-status',
  sql: 'select o.id, s.status, s.carrier, s.eta - current_date as days_left\n  from orders o join order_status s on s.order_id = o.id',
};

const SOURCE = {
  key: 'order_id',
  columns: ['status', 'carrier', 'eta'],
  from: 'select distinct on (order_id) order_id, status, carrier, eta from order_events order by order_id, id desc',
};

export const ORDERS = 1000;

/** A migration as its capture would give it. */
export function captured(name: string, up: string, down?: string): CapturedMigration {
  const fileHash = createHash('sha256')
    .update(`${name} ${up} ${down ?? ''}`)
    .digest('hex');
  return { name, fileHash, up, ...(down === undefined ? {} : { down }) };
}

/** Half the rows get a wrong status; the schema breaks the site's query too. */
export const BAD = captured(
  '1717405200000_order-status-v2',
  `alter table order_status rename column carrier to shipper;
update order_status set status = 'unknown' where order_id <= 500;`,
  'alter table order_status rename column shipper to carrier;',
);

/** On the server that all tests share, unless another one's URL is given. */
export async function createShop(change: Partial<TargetConfig> = {}, server?: string): Promise<Shop> {
  const database = await createTestDatabase('empty', server);
  const suffix = randomBytes(4).toString('hex');
  const roles = {
    app: `app_${suffix}`,
    owner: `owner_${suffix}`,
    diag: `diag_${suffix}`,
    act: `act_${suffix}`,
  };
  const admin = await connected(database.url, 'admin');
  for (const role of Object.values(roles)) await admin.query(`create role ${role} login password 'secret'`);
  await admin.query(`
    grant create on database ${database.name} to ${roles.owner};
    grant usage, create on schema public to ${roles.owner};
    grant usage on schema public to ${roles.app}, ${roles.diag};
    grant pg_monitor to ${roles.diag};
    grant pg_signal_backend, pg_read_all_stats to ${roles.act};
    alter default privileges for role ${roles.owner} in schema public grant select on tables to ${roles.diag};
    alter default privileges for role ${roles.owner} grant select on tables to ${roles.app}`);
  await buildTables(database.urlAs(roles.owner, 'secret'));
  await admin.query(`grant select, insert, update on orders, order_status, order_events to ${roles.app};
    grant usage on sequence order_events_id_seq to ${roles.app}`);
  const url = (role: keyof typeof roles) => database.urlAs(roles[role], 'secret');
  const config: TargetConfig = {
    name: 'shop',
    urls: { diag: url('diag'), act: url('act'), ddl: url('owner') },
    tool: 'node-pg-migrate',
    probes: [PROBE],
    services: ['order-status'],
    snapshot: { maxLockSeconds: 5 },
    sources: { order_status: SOURCE },
    ...change,
  };
  const target = openTarget(config);
  return {
    database,
    admin,
    roles,
    config,
    target,
    connect: (role, application = 'the site') => connected(url(role), application),
    query: async <Row extends object>(sql: string, params: unknown[] = []) =>
      (await admin.query<Row>(sql, params)).rows,
    apply: (migration) => applyAs(url('owner'), migration),
    lockWaits: (sessions) => eventually(() => waitsForLock(admin, sessions)),
    close: async () => {
      await target.close();
      await admin.end();
      await database.drop();
      await dropRoles(database, Object.values(roles));
    },
  };
}

async function waitsForLock(admin: pg.Client, sessions: number): Promise<boolean> {
  const { rows } = await admin.query<{ waiting: number }>(
    `select count(*)::int as waiting from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`,
  );
  return rows[0]?.waiting === sessions;
}

async function connected(url: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function buildTables(url: string): Promise<void> {
  const owner = await connected(url, 'setup');
  await owner.query(`
    create table pgmigrations (id serial primary key, name varchar(255) not null, run_on timestamp not null);
    create table orders (id bigint primary key, total_cents int not null);
    create table order_status (
      order_id bigint primary key references orders (id), status text not null, carrier text, eta date
    );
    create table order_events (
      id bigserial primary key, order_id bigint not null, status text not null, carrier text, eta date
    );
    create index on order_events (order_id, id desc);
    insert into orders select n, n * 10 from generate_series(1, ${ORDERS}) n;
    insert into order_events (order_id, status, carrier, eta)
    select n, 'shipped', 'carrier ' || n % 3, date '2024-06-10' + (n % 7)::int
      from generate_series(1, ${ORDERS}) n;
    insert into order_status select order_id, status, carrier, eta from order_events;
    insert into pgmigrations (name, run_on) values ('1704103200000_first', now() - interval '90 days')`);
  await owner.query('analyze');
  await owner.end();
}

async function applyAs(url: string, migration: CapturedMigration): Promise<string> {
  const owner = await connected(url, 'deploy');
  await owner.query('begin');
  await owner.query(migration.up);
  await owner.query('insert into pgmigrations (name, run_on) values ($1, now())', [migration.name]);
  const { rows } = await owner.query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid');
  await owner.query('commit');
  await owner.end();
  return rows[0]?.xid ?? '';
}

/** Roles belong to the whole server: only after their database is gone can they be dropped. */
async function dropRoles(database: TestDatabase, roles: readonly string[]): Promise<void> {
  const url = new URL(database.url);
  url.pathname = '/postgres';
  const admin = await connected(url.href, 'cleanup');
  for (const role of roles) await admin.query(`drop role if exists ${role}`);
  await admin.end();
}
