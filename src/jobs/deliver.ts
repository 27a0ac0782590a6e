/** Delivers the outbox: each lane strictly by sequence, stopping at the first row that cannot be sent yet. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Effect } from '../domain/effects.ts';
import { laneOf, slotOf } from '../domain/effects.ts';
import type { Logger } from '../log.ts';
import { placeOf } from '../store/live-messages.ts';
import {
  type Delivery,
  enqueue,
  markTried,
  nextOf,
  type OutboxRow,
  pendingLanes,
  settleLater,
  settleRefused,
  settleSent,
} from '../store/outbox.ts';
import type { Store } from '../store/store.ts';
import { retryAt } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';
import type { Lease } from './lease.ts';
import { TOLD_AT_ATTEMPT } from './undelivered.ts';

export interface DeliverOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** One attempt. What it throws is tried again. */
  readonly perform: (row: OutboxRow, signal: AbortSignal) => Promise<Delivery>;
  /** How a permanent refusal is told: written in the transaction that records it. */
  readonly onRefused: (row: OutboxRow, reason: string) => Promise<readonly Effect[]>;
  /** Tells what reaches nobody in its incident, before its row is settled; true when the row was such a one. */
  readonly onUnsent?: (row: OutboxRow, reason: string, final: boolean) => Promise<boolean>;
}

/** The worker that serves the lanes of the outbox. */
export function deliverWorker(options: DeliverOptions): Worker {
  const { store, clock } = options;
  return {
    name: 'outbox',
    concurrency: 8,
    due: () => pendingLanes(store, clock.now()),
    async work(lane, lease, stopping) {
      let on = true;
      while (on && !stopping.aborted && !lease.signal.aborted) {
        const row = await nextOf(store, lane, clock.now());
        on = row !== undefined && (await deliver(row, lease, options));
      }
    },
  };
}

/** Slack allows 50 edits a minute: what changes in one breath becomes one edit, rendered at its end. */
const BREATH_MS = 500;

async function takeBreath({ effect, createdAt }: OutboxRow, { store, clock }: DeliverOptions): Promise<void> {
  if (effect.kind !== 'live' || !(await placeOf(store, slotOf(effect.subject)))) return;
  const left = createdAt.getTime() + BREATH_MS - clock.now().getTime();
  if (left > 0) await sleep(Math.min(left, BREATH_MS));
}

/** Delivers one row; says whether the lane goes on. */
async function deliver(row: OutboxRow, lease: Lease, options: DeliverOptions): Promise<boolean> {
  await takeBreath(row, options);
  const { store, clock } = options;
  // Committed before the attempt: after a crash it is known that the row may have been sent.
  if (!(await markTried(store, lease, row, clock.now()))) return false;
  const delivery = await attempt(row, lease, options);
  switch (delivery.kind) {
    case 'sent':
      return settleSent(store, lease, row, clock.now());
    case 'refused':
      return refuse(row, lease, delivery.reason, options);
    case 'wait':
      // A pager that holds us back for ever reaches nobody either.
      if (row.effect.kind === 'send-page') await tellLate(row, 'it asks to be tried later', options);
      await settleLater(store, lease, row, after(clock.now(), delivery.seconds), null);
      return false;
    case 'retry':
      if (isWorthALine(row.attempts + 1)) warn(row, delivery, options);
      await tellLate(row, delivery.error, options);
      await settleLater(store, lease, row, retryAt(clock.now(), row.attempts + 1), delivery.error);
      return false;
  }
}

async function tellLate(row: OutboxRow, reason: string, { onUnsent }: DeliverOptions): Promise<void> {
  if (row.attempts + 1 === TOLD_AT_ATTEMPT) await onUnsent?.(row, reason, false);
}

/** The 1st, 2nd, 4th, 8th attempt: neither silent nor a flood. */
const isWorthALine = (attempts: number): boolean => Number.isInteger(Math.log2(attempts));

function warn(
  { lane, id, effect, attempts }: OutboxRow,
  { error, fix }: Extract<Delivery, { kind: 'retry' }>,
  { log }: DeliverOptions,
): void {
  const known = { lane, row: id, effect: effect.kind, attempts: attempts + 1, error };
  if (fix === undefined) log.warn(known, 'not delivered yet: tried again');
  else log.error({ ...known, fix }, 'cannot be delivered until somebody mends it: tried again');
}

async function attempt(row: OutboxRow, lease: Lease, { perform, log }: DeliverOptions): Promise<Delivery> {
  try {
    return await perform(row, lease.signal);
  } catch (error) {
    log.error({ err: error, lane: row.lane, row: row.id, effect: row.effect.kind }, 'delivery failed');
    return { kind: 'retry', error: error instanceof Error ? error.message : String(error) };
  }
}

async function refuse(
  row: OutboxRow,
  lease: Lease,
  reason: string,
  options: DeliverOptions,
): Promise<boolean> {
  const { store, clock, log, onRefused } = options;
  log.warn({ lane: row.lane, row: row.id, effect: row.effect.kind, reason }, 'delivery refused');
  const known = await options.onUnsent?.(row, reason, true);
  // Told in its own lane it would be refused again, and told again, for ever.
  const told = (known ? [] : await onRefused(row, reason)).filter((effect) => laneOf(effect) !== row.lane);
  return store.transaction(async (tx) => {
    const settled = await settleRefused(tx, lease, row, clock.now(), reason);
    if (settled) await enqueue(tx, told, clock.now());
    return settled;
  });
}

const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000);
