/** One kind of work, a few keys at a time: each key under its lease, never twice at once. */
import type { Logger } from '../log.ts';
import type { Lease, Leases } from './lease.ts';

/** A kind of work. Its name is the kind of its leases. */
export interface Worker {
  readonly name: string;
  /** How many keys are worked on at a time; 4 unless told. */
  readonly concurrency?: number;
  /** The keys that can be worked on now; not those that have to wait, or the loop spins. */
  due(): Promise<readonly string[]>;
  /** Does what is due for the key. When `stopping` fires: finish what is begun, begin nothing new. */
  work(key: string, lease: Lease, stopping: AbortSignal): Promise<void>;
}

export interface Crew {
  /** Finds the keys that are due and begins with them. */
  look(): Promise<void>;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

export interface CrewOptions {
  readonly worker: Worker;
  readonly leases: Leases;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  /** A key was worked on, and may have work left. */
  readonly onServed: () => void;
}

/** Does the work of one worker. */
export function createCrew({ worker, leases, log, stopping, onServed }: CrewOptions): Crew {
  const limit = worker.concurrency ?? 4;
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const failing = new Set<string>();

  function fill(): void {
    for (const key of waiting) {
      if (stopping.aborted || running.size >= limit) return;
      waiting.delete(key);
      running.set(key, serve(key));
    }
  }

  async function serve(key: string): Promise<void> {
    const served = await attempt(key);
    running.delete(key);
    fill();
    // Somebody else's key, and one that failed, have time until the next poll.
    if (served) onServed();
  }

  async function attempt(key: string): Promise<boolean> {
    const { signal, forget } = following(stopping);
    try {
      const mine = await leases.withLease(worker.name, key, (lease) => worker.work(key, lease, signal));
      failing.delete(key);
      return mine;
    } catch (error) {
      if (!failing.has(key)) log.error({ err: error, worker: worker.name, key }, 'work failed: tried again');
      failing.add(key);
      return false;
    } finally {
      forget();
    }
  }

  return {
    async look() {
      for (const key of await worker.due()) if (!running.has(key)) waiting.add(key);
      fill();
    },
    async idle() {
      waiting.clear();
      await Promise.all(running.values());
    },
  };
}

/** A signal that lives no longer than its work: one that lasts keeps for ever what AbortSignal.any made of it. */
function following(stopping: AbortSignal): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort(stopping.reason);
  if (stopping.aborted) stop();
  stopping.addEventListener('abort', stop, { once: true });
  return { signal: controller.signal, forget: () => stopping.removeEventListener('abort', stop) };
}
