/** The loop that finds durable work and has it done: at once when it is announced, by a poll each second in any case. */
import { setMaxListeners } from 'node:events';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import { createCrew, type Worker } from './crew.ts';
import type { Leases } from './lease.ts';
import { createListener } from './listen.ts';

export interface DrainOptions {
  readonly store: Store;
  readonly leases: Leases;
  readonly log: Logger;
  readonly workers: readonly Worker[];
  readonly pollMs?: number;
}

export interface Drain {
  start(): void;
  /** Looks for work now, without waiting for the poll. */
  wake(): void;
  /** Begins nothing new; resolves when what is running has ended. */
  stop(): Promise<void>;
}

/** Between two looks for the work that a key may have left: not noticed, and no load if it cannot be done. */
const PAUSE_MS = 10;

/** Serves all workers. While the store is away it waits, and goes on by itself. */
export function createDrain({ store, leases, log, workers, pollMs = 1000 }: DrainOptions): Drain {
  const stopping = new AbortController();
  // Each work in hand listens to it: as many as all workers together may have, and no leak.
  setMaxListeners(0, stopping.signal);
  const listener = createListener(store, wake);
  const crews = workers.map((worker) =>
    createCrew({
      worker,
      leases,
      log,
      stopping: stopping.signal,
      onServed: () => void setTimeout(wake, PAUSE_MS),
    }),
  );
  let looking: Promise<void> | undefined;
  let again = false;
  let away = false;
  let poll: NodeJS.Timeout | undefined;

  function wake(): void {
    if (stopping.signal.aborted) return;
    again = looking !== undefined;
    looking ??= look().finally(() => {
      looking = undefined;
      if (again) wake();
    });
  }

  /** One worker's trouble does not keep the others from theirs. */
  async function look(): Promise<void> {
    const looks = await Promise.allSettled([listener.ensure(), ...crews.map((crew) => crew.look())]);
    const failed = looks.find((result) => result.status === 'rejected');
    if (failed && !away) log.warn({ err: failed.reason as unknown }, 'work cannot be looked for: waiting');
    if (!failed && away) log.info('work is looked for again');
    away = failed !== undefined;
  }

  return {
    start() {
      poll ??= setInterval(wake, pollMs);
      wake();
    },
    wake,
    async stop() {
      stopping.abort();
      clearInterval(poll);
      await looking;
      await Promise.all(crews.map((crew) => crew.idle()));
      await listener.close();
    },
  };
}
