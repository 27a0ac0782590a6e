/** Has channels looked through in which something may be there twice, when it is time to. */
import { dueChannels } from '../store/repeats.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';

export interface TwinsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Looks through one channel. */
  readonly sweep: (channel: string, signal: AbortSignal) => Promise<void>;
}

/** One channel at a time: history has a limit of its own, and what waits to be sent needs it too. */
export const twinsWorker = ({ store, clock, sweep }: TwinsOptions): Worker => ({
  name: 'twins',
  concurrency: 1,
  due: () => dueChannels(store, clock.now()),
  work: (channel, lease, stopping) => sweep(channel, AbortSignal.any([lease.signal, stopping])),
});
