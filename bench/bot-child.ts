/** The whole bot in a process of its own, with a clock that is put forward and a memory that can be asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../src/config.ts';
import { advanceableClock } from '../src/jobs/clock.ts';
import { insertSlot, slotOf } from '../src/jobs/ticks.ts';
import { createLogger } from '../src/log.ts';
import { startFirebreak } from '../src/main.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { answer } from './child.ts';
import { peakMb } from './memory.ts';

export interface Memory {
  /** The lowest of several collections. */
  readonly heapMb: number;
  readonly rssMb: number;
  /** The largest that it ever was. */
  readonly peakMb: number;
}

const MB = 1024 * 1024;
const COLLECTIONS = 5;
const clock = advanceableClock();
/** In which the bench writes: the bot's own is the bot's. */
let store: Store;
let monitors: readonly { readonly name: string; readonly everySeconds: number }[] = [];

answer({
  async open(file: string) {
    const config = loadConfig(file);
    store = openStore(config.databaseUrl ?? '');
    monitors = config.monitors.flatMap(({ name, schedule }) =>
      'everySeconds' in schedule ? [{ name, everySeconds: schedule.everySeconds }] : [],
    );
    const log = createLogger({ level: 'error', secrets: config.secrets });
    const { url } = await startFirebreak(config, { clock, log });
    return url;
  },
  /** node-cron ticks by the seconds that really pass: the slots that the clock passes now are inserted as it would. */
  async advance(ms: number) {
    clock.advance(ms);
    const now = clock.now();
    for (const { name, everySeconds } of monitors)
      await insertSlot(name, slotOf({ everySeconds }, now, now), { db: store, clock });
    return now.getTime();
  },
  async memory() {
    // What ends in a finalizer is gone after the second time, and what is under way at one moment is not at another.
    const heaps: number[] = [];
    for (let time = 0; time < COLLECTIONS; time += 1) {
      globalThis.gc?.();
      heaps.push(process.memoryUsage().heapUsed);
      await sleep(100);
    }
    return {
      heapMb: Math.min(...heaps) / MB,
      rssMb: process.memoryUsage().rss / MB,
      peakMb: peakMb(),
    } satisfies Memory;
  },
});
