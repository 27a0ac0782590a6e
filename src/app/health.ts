/** Reads how the bot itself is. */
import type { Health } from '../domain/health.ts';
import type { Store } from '../store/store.ts';
import { looksOf, openDeliveries, stuckSince, waitingToSend } from '../store/vitals.ts';

/** What only the running bot knows of itself. */
export interface Vitals {
  readonly slack: () => NonNullable<Health['slack']>;
  readonly monitors: readonly {
    readonly name: string;
    readonly schedule: { readonly everySeconds: number } | { readonly cron: string };
  }[];
  readonly targets: () => NonNullable<Health['targets']>;
  readonly spool?: () => NonNullable<Health['spool']>;
}

/** `inboxKey`: the delivery that asks, which is open itself. */
export async function healthOf(
  store: Store,
  vitals: Vitals | undefined,
  inboxKey: string | undefined,
  now: Date,
): Promise<Health> {
  const begun = performance.now();
  const queue = await waitingToSend(store);
  const storeMs = performance.now() - begun;
  const stuck = await stuckSince(store, now);
  const inbox = await openDeliveries(store, inboxKey);
  const looks = await looksOf(store);
  const known = vitals?.monitors ?? [];
  return {
    storeMs,
    queue: {
      waiting: queue.count,
      ...(stuck ? { stuckSince: stuck } : {}),
      ...(queue.lane !== undefined && queue.since
        ? {
            oldest: {
              lane: queue.lane,
              since: queue.since,
              ...(queue.error === undefined ? {} : { error: queue.error }),
            },
          }
        : {}),
    },
    inbox: { open: inbox.count, ...(inbox.oldest ? { oldest: inbox.oldest } : {}) },
    ...(vitals ? { slack: vitals.slack(), targets: vitals.targets() } : {}),
    ...(vitals?.spool ? { spool: vitals.spool() } : {}),
    monitors: known.map(({ name, schedule }) => ({
      name,
      ...('everySeconds' in schedule ? { everySeconds: schedule.everySeconds } : {}),
      red: looks[name]?.red ?? false,
      ...(looks[name] ? { checkedAt: looks[name].checkedAt } : {}),
    })),
  };
}
