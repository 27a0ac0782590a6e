/** How the store's server, role and schema are, for `firebreak doctor`: read from outside, by connections of its own. */
import pg from 'pg';
import { type SchemaStand, schemaStand } from './migrate.ts';
import { type Db, first } from './store.ts';

export interface StoreLook {
  readonly server: ServerLook;
  /** Milliseconds that a statement takes, there and back: the middle of five. */
  readonly medianMs: number;
  readonly clock: { readonly theirs: number; readonly asked: number; readonly answered: number };
  /** `session`: a pooler lies between, but each connection keeps its own session; `narrow`: it gave no second one. */
  readonly pooling: 'none' | 'session' | 'transaction' | 'narrow';
  readonly schema: SchemaStand;
  readonly atWork: { readonly running: boolean; readonly heardAt?: Date };
  /** When the last delivery of each kind of Slack arrived. */
  readonly arrivals: Readonly<Record<string, Date>>;
}

export interface ServerLook {
  readonly version: string;
  readonly versionNum: number;
  readonly role: string;
  readonly superuser: boolean;
  readonly database: string;
  readonly encoding: string;
  /** Where tables are made; null when `search_path` names no schema that is there. */
  readonly schema: string | null;
  readonly creates: boolean;
  /** Schemas in which there are tables of a store, when `schema` has none. */
  readonly elsewhere: readonly string[];
  readonly readOnly: boolean;
  readonly standby: boolean;
  /** What is committed survives a crash of the server. */
  readonly durable: boolean;
  /** Connections that this role can still open. */
  readonly room: number;
  /** The folder of the server; null when the role may not know it. */
  readonly folder: string | null;
}

const CONNECT_MS = 5000;
const ANSWER_MS = 5000;

/** Throws what the server says when it cannot be reached. Nothing is left behind, and nothing written. */
export async function lookAtStore(url: string): Promise<StoreLook> {
  const client = connection(url);
  try {
    await client.connect();
    const server = await serverLook(client);
    const medianMs = await medianOf(client);
    return {
      server,
      medianMs,
      clock: await clockOf(client),
      pooling: await poolingOf(client, url),
      schema: await schemaStand(dbOf(client)),
      atWork: await atWorkOn(client),
      arrivals: await arrivalsOf(client),
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function connection(url: string): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'firebreak-doctor',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
  });
  // Without a listener a connection that breaks would end the process.
  client.on('error', () => undefined);
  return client;
}

const dbOf = (client: pg.Client): Db => ({
  query: (sql, values) => client.query(sql, values ? [...values] : undefined),
});

const SERVER = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int as "versionNum",
         current_user::text as role,
         r.rolsuper as superuser,
         current_database()::text as database,
         current_setting('server_encoding') as encoding,
         current_schema()::text as schema,
         coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as creates,
         array(select n.nspname::text
                 from pg_class c
                 join pg_namespace n on n.oid = c.relnamespace
                where c.relname = 'firebreak_migrations' and c.relkind = 'r'
                  and not exists (select from pg_class own
                                   where own.relname = c.relname and own.relkind = 'r'
                                     and own.relnamespace = to_regnamespace(quote_ident(current_schema())))
                order by 1) as elsewhere,
         current_setting('transaction_read_only')::bool as "readOnly",
         pg_is_in_recovery() as standby,
         current_setting('fsync')::bool and current_setting('full_page_writes')::bool
           and current_setting('synchronous_commit') <> 'off' as durable,
         least(current_setting('max_connections')::int
                 - case when r.rolsuper then 0 else current_setting('superuser_reserved_connections')::int end
                 - (select coalesce(sum(numbackends), 0)::int from pg_stat_database),
               nullif(r.rolconnlimit, -1)
                 - (select count(*)::int from pg_stat_activity where usename = current_user),
               nullif(d.datconnlimit, -1)
                 - (select numbackends from pg_stat_database where datid = d.oid)) as room,
         (select setting from pg_settings where name = 'data_directory') as folder
    from pg_roles r, pg_database d
   where r.rolname = current_user and d.datname = current_database()`;

async function serverLook(client: pg.Client): Promise<ServerLook> {
  const row = first(await client.query<Row<ServerLook>>(SERVER));
  if (row === undefined) throw new Error('the server does not know the role that asks');
  return row;
}

type Row<T> = { [Key in keyof T]: T[Key] };

const SAMPLES = 5;

async function medianOf(client: pg.Client): Promise<number> {
  const took: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const begun = performance.now();
    await client.query('select 1');
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)] ?? 0;
}

async function clockOf(client: pg.Client): Promise<StoreLook['clock']> {
  const asked = Date.now();
  const row = first(await client.query<{ at: Date }>('select clock_timestamp() as at'));
  return { theirs: row?.at.getTime() ?? Number.NaN, asked, answered: Date.now() };
}

const ROUNDS = 3;

/**
 * A pooler announces a cancel key of its own, so that the pid in it is not that of the backend. Behind one, two
 * connections that are open at once share a backend only when it is handed from transaction to transaction; where there
 * are several, one is held by a transaction, so that the other connection has to get another one than before.
 */
async function poolingOf(client: pg.Client, url: string): Promise<StoreLook['pooling']> {
  const announced = (client as pg.Client & { readonly processID: number | null }).processID;
  const own = await pidOf(client);
  if (own === announced) return 'none';
  const other = connection(url);
  try {
    await other.connect();
    for (let round = 0; round < ROUNDS; round += 1) {
      if ((await pidOf(other)) === own) return 'transaction';
      await other.query('begin');
      const pid = await pidOf(client);
      await other.query('rollback');
      if (pid !== own) return 'transaction';
    }
    return 'session';
  } catch (error) {
    if (isUnanswered(error)) return 'narrow';
    throw error;
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** The client gave up waiting. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof Error && /^(Query read timeout|timeout expired|.*connection timeout)$/.test(error.message);

const pidOf = async (client: pg.Client): Promise<number | undefined> =>
  first(await client.query<{ pid: number }>('select pg_backend_pid() as pid'))?.pid;

async function atWorkOn(client: pg.Client): Promise<StoreLook['atWork']> {
  const { rowCount } = await client.query(
    `select from pg_stat_activity where application_name = 'firebreak-leases' and datname = current_database()`,
  );
  const heard = await ifThere(
    client.query<{ heard_at: Date }>('select heard_at from presence where only_row'),
  );
  const heardAt = heard[0]?.heard_at;
  return { running: (rowCount ?? 0) > 0, ...(heardAt ? { heardAt } : {}) };
}

async function arrivalsOf(client: pg.Client): Promise<StoreLook['arrivals']> {
  const rows = await ifThere(
    client.query<{ kind: string; at: Date }>('select kind, max(received_at) as at from inbox group by kind'),
  );
  return Object.fromEntries(rows.map(({ kind, at }) => [kind, at]));
}

/** Before the first start there are no tables. */
const ifThere = <T extends pg.QueryResultRow>(read: Promise<pg.QueryResult<T>>): Promise<readonly T[]> =>
  read.then(
    ({ rows }) => rows,
    (error: unknown) => {
      if ((error as { code?: unknown } | null)?.code === '42P01') return [];
      throw error;
    },
  );
