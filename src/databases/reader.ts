/** Reads as a target's diag role: each one in a transaction that can neither hang, nor grow, nor leave anything behind. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createSockets } from '../closing.ts';
import { FirebreakError } from '../errors.ts';
import { connectionLost, errorText, sqlstateOf } from './pg-errors.ts';

export interface ReadLimits {
  readonly timeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /** Every row counts: row security that would hide some makes the statement fail. */
  readonly everyRow?: boolean;
}

export interface Reader {
  /**
   * One statement in a read-only transaction with short timeouts, rolled back. An answer of more than 16 MB is cut off
   * and thrown as ANSWER_TOO_LARGE: a LIMIT bounds rows, not their width.
   */
  readonly read: <Row extends object>(
    sql: string,
    params?: readonly unknown[],
    limits?: ReadLimits,
  ) => Promise<Row[]>;
  /** How many reads there were: each ends by ROLLBACK, which the server counts as if something had failed. */
  readonly reads: () => number;
  /** Opens a connection at once, and another one when the last has broken. What cannot be opened, the next read tries. */
  readonly keepWarm: () => void;
  readonly close: () => Promise<void>;
}

/** What the server's own timeout is given before the client stops waiting for an answer. */
export const ANSWER_GRACE_MS = 2000;
/** Of a read, unless its caller has another one. */
export const STATEMENT_TIMEOUT_MS = 3000;
const CONNECT_TIMEOUT_MS = 3000;
const LOCK_TIMEOUT_MS = 300;
const IDLE_TIMEOUT_MS = 10_000;
/** After so long the second connection is closed. */
const IDLE_CONNECTION_MS = 30_000;
const MEGABYTE = 1024 * 1024;
const MAX_ANSWER_MB = 16;
/** Shorter than what a check of the connection may take. */
const TURN_MS = 2000;

/** Nothing connects until it reads. At most two connections; the last one is never closed for being idle. */
export function createReader(url: string, idleMs = IDLE_CONNECTION_MS): Reader {
  const sockets = createSockets();
  const pool = new pg.Pool({
    ...connection(url),
    stream: sockets.open,
    max: 2,
    min: 1,
    idleTimeoutMillis: idleMs,
  });
  // A connection that breaks while idle is replaced; the next read reports what it finds.
  pool.on('error', () => undefined);
  // One that ends in the same breath in which it was made is nobody's yet.
  pool.on('connect', (client) => client.on('error', () => undefined));
  let reads = 0;
  return {
    reads: () => reads,
    read: async <Row extends object>(
      sql: string,
      params: readonly unknown[] = [],
      limits: ReadLimits = {},
    ) => {
      reads += 1;
      const once = (): Promise<Row[]> => readOnce(pool, sql, params, limits);
      return once().catch((error: unknown) => {
        if (!(error instanceof Stale)) throw error;
        return once();
      });
    },
    keepWarm: () => keepOneOpen(pool),
    close: () => sockets.ended(pool.end()),
  };
}

export const connection = (url: string) => ({
  connectionString: url,
  application_name: 'firebreak',
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
});

/** A statement that is answered at once, or not at all. */
export const soon = (text: string): pg.QueryConfig =>
  ({ text, query_timeout: CONNECT_TIMEOUT_MS }) as pg.QueryConfig;

/** The client gave up waiting; it has no other word for it. */
export const isUnanswered = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Query read timeout';

/** Ends a connection without a word. */
export const cut = (client: pg.ClientBase): void => void streamOf(client).destroy();

const streamOf = (client: pg.ClientBase): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

function keepOneOpen(pool: pg.Pool): void {
  const open = async (): Promise<void> => {
    if (pool.ending || pool.totalCount > 0) return;
    // One try: a server that is full or refuses the password is not to be asked again and again.
    await pool.connect().then(
      (client) => client.release(),
      () => undefined,
    );
  };
  pool.on('remove', () => void open());
  void open();
}

/** The connection was dead before anything was asked: it had broken while idle, unnoticed. Another one may do. */
class Stale extends Error {}

/** Nothing is set for longer than the transaction: behind a pooler the session belongs to the application. */
async function readOnce<Row extends object>(
  pool: pg.Pool,
  sql: string,
  params: readonly unknown[],
  limits: ReadLimits,
): Promise<Row[]> {
  const timeoutMs = limits.timeoutMs ?? STATEMENT_TIMEOUT_MS;
  const client = await checkOut(pool);
  let broken: Error | undefined;
  const breaks = (error: Error): void => void (broken ??= error);
  // The pool listens to idle clients only: without a listener a connection that breaks would end the process.
  client.on('error', breaks);
  const weighed = weigh(client, breaks);
  try {
    await begin(client, envelope(timeoutMs, limits));
    const result = await client.query<Row>(extended(sql, params, timeoutMs + ANSWER_GRACE_MS));
    return result.rows;
  } catch (error) {
    // Behind a statement that was never answered, nothing else would be: not even the ROLLBACK.
    if (isUnanswered(error)) breaks(error);
    throw broken instanceof FirebreakError ? broken : error;
  } finally {
    weighed();
    if (!broken) await client.query(soon('rollback')).catch(breaks);
    client.release(broken);
    client.off('error', breaks);
  }
}

/** When the server takes no new connection, the one that is there is waited for. */
async function checkOut(pool: pg.Pool): Promise<pg.PoolClient> {
  const deadline = performance.now() + TURN_MS;
  for (;;) {
    try {
      return await pool.connect();
    } catch (error) {
      const left = deadline - performance.now();
      if (sqlstateOf(error) !== '53300' || pool.totalCount === 0 || left <= 0) throw error;
      // Not by asking again and again: each refusal costs a full server as well.
      await nextRelease(pool, left);
    }
  }
}

async function nextRelease(pool: pg.Pool, ms: number): Promise<void> {
  const given = new AbortController();
  const released = once(pool, 'release', { signal: given.signal });
  await Promise.race([released.catch(() => undefined), sleep(ms, undefined, { signal: given.signal })]);
  given.abort();
}

async function begin(client: pg.ClientBase, envelope: pg.QueryConfig): Promise<void> {
  try {
    await client.query(envelope);
  } catch (error) {
    if (isUnanswered(error) || !connectionLost(error)) throw error;
    throw new Stale(errorText(error), { cause: error });
  }
}

/** Cuts a connection whose answer grows too large; answers how to stop looking. */
function weigh(client: pg.ClientBase, breaks: (error: Error) => void): () => void {
  const stream = streamOf(client);
  let bytes = 0;
  const add = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_MB * MEGABYTE) return;
    breaks(new FirebreakError('ANSWER_TOO_LARGE', { allowed: MAX_ANSWER_MB }));
    stream.destroy();
  };
  stream.on('data', add);
  return () => stream.off('data', add);
}

const envelope = (timeoutMs: number, limits: ReadLimits): pg.QueryConfig =>
  soon(
    [
      'begin read only',
      `set local statement_timeout = ${Math.ceil(timeoutMs)}`,
      `set local lock_timeout = ${Math.ceil(limits.lockTimeoutMs ?? LOCK_TIMEOUT_MS)}`,
      `set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS}`,
      ...(limits.everyRow === true ? ['set local row_security = off'] : []),
    ].join('; '),
  );

/** The extended protocol takes one statement only: a second one in the text is refused by the server. */
const extended = (text: string, values: readonly unknown[], queryTimeout: number) =>
  ({ text, values: [...values], queryMode: 'extended', query_timeout: queryTimeout }) as pg.QueryConfig;
