/** The store's pools and transactions. Times and ids come in as parameters; SQL asks no clock. */
import pg from 'pg';
import { createSockets } from '../closing.ts';

/** A pool or the client of a transaction: what the table modules need. */
export interface Db {
  query<Row extends pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
    /** A name: each connection plans it once. For what every act asks, since planning takes longer than the rest. */
    prepared?: string,
  ): Promise<pg.QueryResult<Row>>;
}

export interface Store extends Db {
  readonly url: string;
  /** A small pool of its own, so that busy workers never keep Slack waiting for its ack. */
  readonly inbox: Db;
  /**
   * Runs `work` in one transaction; a throw rolls it back. A connection that breaks fails it, nothing else. Statements
   * go to the server as soon as they are asked, in that order: several that need no answer of one another are one round
   * trip, and one that nobody waits for goes with the commit, which fails when it does.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /** A connection outside the pools: leases and LISTEN live on it. It is cut when the store is closed. */
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

/** No statement of the store takes nearly as long; migrations run on a connection without this limit. */
const QUERY_TIMEOUT_MS = 30_000;

/** A frozen process must not keep the rows that it had locked from the others. */
const BEGIN = `begin; set local idle_in_transaction_session_timeout = '10s'`;

/** Opens the pools of the store; connects on first use. */
export function openStore(
  url: string,
  onError: (error: Error) => void = () => undefined,
  queryTimeoutMs = QUERY_TIMEOUT_MS,
): Store {
  const sockets = createSockets();
  const connection: pg.ClientConfig = {
    connectionString: url,
    types,
    connectionTimeoutMillis: 5000,
    // A host that fell silent must not be waited for without end: neither for an answer nor for an announcement.
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const pool = new pg.Pool({
    ...connection,
    stream: sockets.open,
    max: 8,
    application_name: 'firebreak',
    pipeline: true,
  });
  const inbox = new pg.Pool({
    ...connection,
    stream: sockets.open,
    max: 3,
    application_name: 'firebreak-inbox',
    connectionTimeoutMillis: 1000,
    query_timeout: 1500,
  });
  // An idle client whose server went away would otherwise end the process.
  let closing = false;
  const broken = (error: Error): void => (closing ? undefined : onError(error));
  for (const each of [pool, inbox]) {
    each.on('error', broken);
    // Whoever takes a connection listens to it once they have it: one that ends in the same breath in which it was made
    // would end the process.
    each.on('connect', (client) => client.on('error', () => undefined));
  }
  const run = (target: pg.Pool | pg.PoolClient): Db => ({
    query: (text, values, name) =>
      target.query({ text, ...(values ? { values: [...values] } : {}), ...(name ? { name } : {}) }),
  });
  return {
    url,
    ...run(pool),
    inbox: run(inbox),
    transaction: (work) => inTransaction(pool, run, work),
    ready: () =>
      inbox.query('select').then(
        () => ({ ok: true }),
        (error: unknown) => ({
          ok: false,
          reason: `the store does not answer: ${error instanceof Error ? error.message : String(error)}`,
        }),
      ),
    dedicated: (settings = {}) => new pg.Client({ ...connection, ...settings, stream: sockets.open }),
    async close() {
      closing = true;
      await sockets.ended(Promise.all([pool.end(), inbox.end()]).then(() => undefined));
    },
  };
}

async function inTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Db,
  work: (tx: Db) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const breaks = (error: Error): void => void (broken ??= error);
  // The pool listens to idle clients only: without a listener a connection that breaks would end the process.
  client.on('error', breaks);
  try {
    const { tx, commit } = begin(client, run(client));
    const result = await work(tx);
    await commit();
    return result;
  } catch (error) {
    // Behind a statement that was never answered, nothing else would be.
    if (isUnanswered(error)) breaks(error);
    else await client.query('rollback').catch(breaks);
    if (isOutdated(error)) breaks(error);
    throw error;
  } finally {
    client.release(broken);
    client.off('error', breaks);
  }
}

/**
 * Reads go out together with BEGIN: were it to fail, they would do no harm outside of it. A write waits for it, and what
 * follows for the write. Of several that fail, the first is why.
 */
function begin(client: pg.PoolClient, db: Db): { readonly tx: Db; readonly commit: () => Promise<void> } {
  const begun = client.query(BEGIN);
  let [open, writes] = [false, false];
  let failed: Error | undefined;
  const fails = (error: Error): void => void (failed ??= error);
  begun.then(() => (open = true), fails);
  const send = async <Row extends pg.QueryResultRow>(
    ...[sql, values, prepared]: Parameters<Db['query']>
  ): Promise<pg.QueryResult<Row>> => {
    writes ||= !READ.test(sql);
    if (!open && writes) await begun;
    const answer = db.query<Row>(sql, values, prepared);
    answer.catch(fails);
    await begun;
    return answer.catch((error: unknown) => Promise.reject(failed ?? (error as Error)));
  };
  return {
    tx: {
      query<Row extends pg.QueryResultRow>(...asked: Parameters<Db['query']>) {
        const answer = send<Row>(...asked);
        // Whoever does not wait for it learns of it by the commit.
        answer.catch(() => undefined);
        return answer;
      },
    },
    async commit() {
      await begun;
      // PostgreSQL answers so, without an error, where a statement has failed.
      if ((await client.query('commit')).command === 'ROLLBACK') throw failed ?? new Error('rolled back');
    },
  };
}

const READ = /^\s*select\b/i;

/** The client gave up waiting; it has no other word for it. */
const isUnanswered = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Query read timeout';

/** A migration has changed the table: the connection keeps its plan, and would fail each time. */
const isOutdated = (error: unknown): error is Error =>
  error instanceof pg.DatabaseError && error.code === '0A000';

/** The one row of an answer; undefined when there is none. */
export const first = <Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row | undefined =>
  result.rows[0];
