/** The site and its customers: a steady stream of status pages and order events, and the truth of what was promised. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { SITE_QUERY } from './queries.ts';
import { type Random, randomOf } from './seed.ts';
import { createTally, sqlstateOf, type Tally, type TrafficReport } from './tally.ts';
import { type CustomerWrite, projectOrder, type WriteResult, type Written, writeEvent } from './writes.ts';

export interface TrafficOptions {
  readonly appUrl: string;
  readonly seed: number;
  /** The orders that the shop was created with. */
  readonly orders: number;
  readonly readsPerSecond?: number;
  readonly writesPerSecond?: number;
  readonly statementTimeoutMs?: number;
  /** Is given each session of the site when it is opened. */
  readonly onConnect?: (client: pg.ClientBase) => void;
}

export interface Traffic {
  readonly ledger: Ledger;
  report(): TrafficReport;
  /** Failed reads and writes after a time in milliseconds since 1970. */
  errorsSince(time: number): number;
  /** Lets what is under way end, then brings the status rows up to date; answers how many could not be. */
  stop(drainMs?: number): Promise<number>;
}

/** The hidden truth: what the shop began with, and every write of which a customer may expect to see the result. */
export interface Ledger {
  readonly seed: number;
  readonly orders: number;
  readonly acknowledged: Written[];
  /** The answer to COMMIT was lost: to be found or not to be found are both right. */
  readonly unknown: Written[];
}

interface Site {
  readonly pool: pg.Pool;
  readonly random: Random;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly backlog: Set<number>;
  readonly stopping: AbortSignal;
}

const READERS = 4;
const WRITERS = 2;
const PROJECTOR_PAUSE_MS = 200;
const DRAIN_MS = 10_000;

export function emptyLedger(seed: number, orders: number): Ledger {
  return { seed, orders, acknowledged: [], unknown: [] };
}

export function startTraffic(options: TrafficOptions): Traffic {
  const stopping = new AbortController();
  const site: Site = {
    pool: openPool(options.appUrl, options.statementTimeoutMs ?? 2000, options.onConnect),
    random: randomOf(options.seed),
    tally: createTally(),
    ledger: emptyLedger(options.seed, options.orders),
    backlog: new Set(),
    stopping: stopping.signal,
  };
  const loops = [
    ...workers(READERS, options.readsPerSecond ?? 40, site, readOne),
    ...workers(WRITERS, options.writesPerSecond ?? 8, site, writeOne),
    repeat(PROJECTOR_PAUSE_MS, site, projectBacklog),
  ];
  return {
    ledger: site.ledger,
    report: () => site.tally.report(site.backlog.size),
    errorsSince: (time) => site.tally.errorsSince(time),
    stop: async (drainMs = DRAIN_MS) => {
      stopping.abort();
      await Promise.all(loops);
      await drain(site, drainMs);
      await site.pool.end();
      return site.backlog.size;
    },
  };
}

function openPool(url: string, statementTimeoutMs: number, onConnect: TrafficOptions['onConnect']): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'shop-web',
    max: READERS + WRITERS + 1,
    connectionTimeoutMillis: 3000,
    statement_timeout: statementTimeoutMs,
  });
  // A connection that is cut shows in the next statement; as an event it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  if (onConnect) pool.on('connect', onConnect);
  return pool;
}

function workers(
  count: number,
  perSecond: number,
  site: Site,
  work: (site: Site) => Promise<void>,
): Promise<void>[] {
  if (perSecond <= 0) return [];
  return Array.from({ length: count }, () => repeat((1000 * count) / perSecond, site, work));
}

/** Starts `work` every `everyMs`, never two at a time. */
async function repeat(everyMs: number, site: Site, work: (site: Site) => Promise<void>): Promise<void> {
  while (!site.stopping.aborted) {
    const started = performance.now();
    await work(site);
    const rest = everyMs - (performance.now() - started);
    if (rest > 0) await pause(rest, undefined, { signal: site.stopping }).catch(() => undefined);
  }
}

/** An order that has no status is as bad for its customer as an error. */
async function readOne({ pool, random, tally, ledger }: Site): Promise<void> {
  try {
    const { rowCount } = await pool.query(SITE_QUERY, [1 + random.below(ledger.orders)]);
    if (rowCount === 1) tally.readOk();
    else tally.readFailed('no row');
  } catch (error) {
    tally.readFailed(sqlstateOf(error));
  }
}

async function writeOne(site: Site): Promise<void> {
  remember(site, await writeEvent(site.pool, nextWrite(site)));
}

function remember({ tally, ledger, backlog }: Site, result: WriteResult): void {
  if (result.kind === 'failed') {
    tally.writeFailed(result.sqlstate);
    return;
  }
  if (result.kind === 'acknowledged') tally.acknowledged();
  else tally.unknown();
  ledger[result.kind].push(result.written);
  if (!result.projected || result.kind === 'unknown') backlog.add(result.written.event.order_id);
}

function nextWrite({ random, ledger }: Site): CustomerWrite {
  const now = new Date().toISOString();
  const isNew = random.below(5) === 0;
  const letters = random
    .below(36 ** 5)
    .toString(36)
    .padStart(5, '0')
    .toUpperCase();
  return {
    order: isNew
      ? { customer_id: 1 + random.below(50_000), placed_at: now, total_cents: 500 + random.below(40_000) }
      : 1 + random.below(ledger.orders),
    event: {
      at: now,
      status: isNew ? 'placed' : random.pick(['shipped', 'out for delivery', 'delivered', 'delayed']),
      carrier: isNew ? null : random.pick(['DHL', 'UPS', 'FedEx', 'GLS']),
      tracking_code: isNew ? null : `LIVE${letters}`,
      eta: `2024-06-${10 + random.below(20)}`,
    },
  };
}

/** An order leaves the backlog before its attempt: a write that fails meanwhile puts it back for good. */
async function projectBacklog({ pool, backlog }: Site): Promise<void> {
  for (const orderId of [...backlog]) {
    backlog.delete(orderId);
    if (await projectOrder(pool, orderId)) continue;
    backlog.add(orderId);
    return;
  }
}

async function drain(site: Site, forMs: number): Promise<void> {
  const until = Date.now() + forMs;
  for (;;) {
    await projectBacklog(site);
    if (site.backlog.size === 0 || Date.now() >= until) return;
    await pause(PROJECTOR_PAUSE_MS);
  }
}
