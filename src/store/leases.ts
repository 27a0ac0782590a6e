/** Leases in SQL: a session advisory lock says who holds one, its epoch refuses what earlier holders still write. */
import { createHash } from 'node:crypto';
import { type Db, first, type Store } from './store.ts';

export type LeaseClient = ReturnType<Store['dedicated']>;

/** Under which lease an outcome is written. */
export interface LeaseMark {
  readonly kind: string;
  readonly key: string;
  readonly epoch: number;
}

/**
 * Opens the connection that holds the leases of this process. A live one pings well within 10 s; of a frozen one the
 * server ends the session, and its locks with it. `lock_timeout`: taking a lease waits for writers under the old epoch.
 */
export async function openLeaseClient(store: Store): Promise<LeaseClient> {
  const client = store.dedicated({
    application_name: 'firebreak-leases',
    query_timeout: 5000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set idle_session_timeout = '10s'`);
    await client.query(`set lock_timeout = '2s'`);
    return client;
  } catch (error) {
    // It is opened anew each second: one that is left open would soon be all the connections of the server.
    client.end().catch(() => undefined);
    throw error;
  }
}

/** Takes the lock of the lease when nobody holds it. */
export async function tryLock(client: LeaseClient, kind: string, key: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', [
    hash(kind),
    hash(key),
  ]);
  return rows[0]?.held === true;
}

/** Gives the lock back. */
export async function unlock(client: LeaseClient, kind: string, key: string): Promise<void> {
  await client.query('select pg_advisory_unlock($1, $2)', [hash(kind), hash(key)]);
}

/** Begins a new epoch: from here on the outcomes of earlier holders are refused. */
export async function nextEpoch(client: LeaseClient, kind: string, key: string): Promise<number> {
  const { rows } = await client.query<{ epoch: number }>(
    `insert into leases (kind, key, epoch) values ($1, $2, 1)
     on conflict (kind, key) do update set epoch = leases.epoch + 1
     returning epoch`,
    [kind, key],
  );
  return rows[0]?.epoch ?? 0;
}

/**
 * Whether the lease is still the newest of its key. Within a transaction this holds until its end: the next holder
 * waits, so that what the transaction writes is complete when that one begins.
 */
export async function stillHeld(tx: Db, lease: LeaseMark): Promise<boolean> {
  const result = await tx.query<{ epoch: number }>(
    'select epoch from leases where kind = $1 and key = $2 and epoch = $3 for share',
    [lease.kind, lease.key, lease.epoch],
  );
  return first(result) !== undefined;
}

/** Begins a statement that writes only under its lease: parameters $1 to $3 are the lease, the rest follows from $4. */
export const HELD_LEASE = `
  with lease as (
    select epoch from leases where kind = $1 and key = $2 and epoch = $3 for share)`;

/** Runs a statement that begins with HELD_LEASE. False: the lease is no longer ours, nothing was written. */
export async function writeUnder(
  db: Db,
  lease: LeaseMark,
  sql: string,
  values: readonly unknown[],
): Promise<boolean> {
  const { rowCount } = await db.query(sql, [lease.kind, lease.key, lease.epoch, ...values]);
  return rowCount === 1;
}

/** Two keys with one hash only wait for each other: the epoch is kept by the key itself. */
const hash = (text: string): number => createHash('sha256').update(text).digest().readInt32BE(0);
