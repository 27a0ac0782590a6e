/** The store's pools and transactions. Times and ids come in as parameters; SQL asks no clock. */
import pg from 'pg';

/** A pool or the client of a transaction: what the table modules need. */
export interface Db {
  query<Row extends pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

export interface Store extends Db {
  readonly url: string;
  /** A small pool of its own, so that busy workers never keep Slack waiting for its ack. */
  readonly inbox: Db;
  /** Runs `work` in one transaction; a throw rolls it back. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /** A connection outside the pools: leases and LISTEN live on it. */
  dedicated(settings?: pg.ClientConfig): pg.Client;
  /** Whether the store answers. */
  ready(): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  close(): Promise<void>;
}

const INT8: number = pg.types.builtins.INT8;

/** Ids fit a number: 2^53 incidents are enough. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    (oid as number) === INT8 ? Number : (pg.types.getTypeParser(oid, format) as (value: string) => unknown),
};

/** Opens the pools of the store; connects on first use. */
export function openStore(url: string, onError: (error: Error) => void = () => undefined): Store {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    types,
    application_name: 'firebreak',
    connectionTimeoutMillis: 5000,
  });
  const inbox = new pg.Pool({
    connectionString: url,
    max: 3,
    types,
    application_name: 'firebreak-inbox',
    connectionTimeoutMillis: 1000,
    query_timeout: 1500,
  });
  // An idle client whose server went away would otherwise end the process.
  let closing = false;
  const broken = (error: Error): void => (closing ? undefined : onError(error));
  pool.on('error', broken);
  inbox.on('error', broken);
  const run = (target: pg.Pool | pg.PoolClient): Db => ({
    query: (sql, values) => target.query(sql, values ? [...values] : undefined),
  });
  return {
    url,
    ...run(pool),
    inbox: run(inbox),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('begin');
        const result = await work(run(client));
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch((lost: unknown) => (broken = lost as Error));
        throw error;
      } finally {
        client.release(broken);
      }
    },
    ready: () =>
      inbox.query('select').then(
        () => ({ ok: true }),
        (error: unknown) => ({
          ok: false,
          reason: `the store does not answer: ${error instanceof Error ? error.message : String(error)}`,
        }),
      ),
    dedicated: (settings = {}) => new pg.Client({ connectionString: url, types, ...settings }),
    async close() {
      closing = true;
      await Promise.all([pool.end(), inbox.end()]);
    },
  };
}

/** The one row of an answer; undefined when there is none. */
export const first = <Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row | undefined =>
  result.rows[0];
