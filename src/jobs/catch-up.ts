/** Notes that Slack is heard; when it was not for a while, has each incident's channel read. */
import { type CatchUpParts, catchUp } from '../app/catch-up.ts';
import { type CatchUp, delayCatchUp, noteHeard, openCatchUps } from '../store/presence.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';

export interface CatchUpOptions extends Omit<CatchUpParts, 'now'> {
  readonly clock: Clock;
  /** Whether Slack is heard now. */
  readonly connected: () => boolean;
}

const NOTE_EVERY_MS = 5000;
const SILENCE_MS = 30_000;
const RETRY_MS = 10_000;
const DAY_MS = 24 * 3_600_000;

/** Its keys are an incident in a gap. Each instance notes what it hears, whoever reads. */
export function catchUpWorker({ clock, connected, ...options }: CatchUpOptions): Worker {
  const { store, settings } = options;
  const parts: CatchUpParts = { ...options, now: () => clock.now() };
  const open = new Map<string, CatchUp>();
  let next = 0;

  async function note(now: Date): Promise<void> {
    if (now.getTime() < next) return;
    const endedSince = new Date(now.getTime() - settings.capture.messagesDays * DAY_MS);
    await store.transaction((tx) => noteHeard(tx, now, SILENCE_MS, endedSince));
    next = now.getTime() + NOTE_EVERY_MS;
  }

  return {
    name: 'catch-up',
    concurrency: 1,
    async due() {
      if (!connected()) return [];
      const now = clock.now();
      await note(now);
      open.clear();
      for (const work of await openCatchUps(store, now)) open.set(`${work.gap}-${work.incident}`, work);
      return [...open.keys()];
    },
    async work(key, lease, stopping) {
      const work = open.get(key);
      if (!work) return;
      try {
        await catchUp(parts, work, AbortSignal.any([lease.signal, stopping]));
      } catch (error) {
        await delayCatchUp(store, work, new Date(clock.now().getTime() + RETRY_MS));
        if (!stopping.aborted) throw error;
      }
    },
  };
}
