/**
 * Who may work on what: this process holds its leases on one connection, and loses them all with it. PostgreSQL frees
 * the locks of a killed process at once, and those of a frozen one after 10 s, since a live one pings.
 */
import type { Logger } from '../log.ts';
import {
  type LeaseClient,
  type LeaseMark,
  nextEpoch,
  openLeaseClient,
  tryLock,
  unlock,
} from '../store/leases.ts';
import type { Store } from '../store/store.ts';

export interface Lease extends LeaseMark {
  /** Fires when the lease is lost: stop at once, outcomes are refused from now on. */
  readonly signal: AbortSignal;
}

export interface Leases {
  /**
   * Runs `work` while this process holds the lease. False: somebody else holds it, in this process or another one.
   * Throws what `work` throws, and when the store cannot be reached.
   */
  withLease(kind: string, key: string, work: (lease: Lease) => Promise<void>): Promise<boolean>;
  /** Gives all leases back by closing their connection; what still works under one is aborted. */
  close(): Promise<void>;
}

const PING_MS = 3000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Connects on first use, and again after the connection was lost. */
export function openLeases(store: Store, log: Logger): Leases {
  // Advisory locks are re-entrant within a session, so that a process has to exclude itself.
  const held = new Set<string>();
  let session: Promise<Session> | undefined;
  let closed = false;

  function current(): Promise<Session> {
    if (closed) throw new Error('The leases are closed');
    session ??= openSession(store, (reason) => {
      session = undefined;
      if (!closed) log.warn({ err: reason }, 'lease connection lost: work under a lease is aborted');
    }).catch((error: unknown) => {
      session = undefined;
      throw error;
    });
    return session;
  }

  return {
    async withLease(kind, key, work) {
      const name = `${kind}:${key}`;
      if (held.has(name)) return false;
      held.add(name);
      try {
        return await (await current()).hold(kind, key, work);
      } finally {
        held.delete(name);
      }
    },
    async close() {
      closed = true;
      const open = await session?.catch(() => undefined);
      await open?.end();
    },
  };
}

interface Session {
  hold(kind: string, key: string, work: (lease: Lease) => Promise<void>): Promise<boolean>;
  end(): Promise<void>;
}

async function openSession(store: Store, onLost: (reason: unknown) => void): Promise<Session> {
  const client = await openLeaseClient(store);
  const turn = turns();
  const holders = new Set<AbortController>();
  let lost = false;

  function lose(reason: unknown): void {
    if (lost) return;
    lost = true;
    clearInterval(ping);
    for (const holder of holders) holder.abort(reason);
    onLost(reason);
    // What does not answer any more is not waited for; the server ends the session by itself.
    client.end().catch(() => undefined);
  }

  /** A statement that fails leaves open what is held: the connection is given up rather than guessed about. */
  async function ask<T>(question: (client: LeaseClient) => Promise<T>): Promise<T> {
    try {
      return await turn(() => question(client));
    } catch (error) {
      lose(error);
      throw error;
    }
  }

  const ping = setInterval(() => void ask((on) => on.query('select 1')).catch(() => undefined), PING_MS);
  client.on('error', lose);
  client.on('end', () => lose(new Error('The connection has ended')));

  return {
    async hold(kind, key, work) {
      const epoch = await ask((on) => take(on, kind, key));
      if (epoch === undefined) return false;
      const holder = new AbortController();
      holders.add(holder);
      if (lost) holder.abort();
      try {
        await work({ kind, key, epoch, signal: holder.signal });
      } finally {
        holders.delete(holder);
        if (!lost) await ask((on) => unlock(on, kind, key)).catch(() => undefined);
      }
      return true;
    },
    async end() {
      lose(new Error('The leases are closed'));
      await client.end().catch(() => undefined);
    },
  };
}

/** Undefined: held by another process, or one that held it is still writing. */
async function take(client: LeaseClient, kind: string, key: string): Promise<number | undefined> {
  if (!(await tryLock(client, kind, key))) return undefined;
  try {
    return await nextEpoch(client, kind, key);
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    await unlock(client, kind, key);
    return undefined;
  }
}

/** One statement after the other: a pg client takes no second one while it is busy. */
function turns(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const mine = last.then(act, act);
    last = mine.catch(() => undefined);
    return mine;
  };
}
