/**
 * Notices that the process stood still (SIGSTOP, a machine that slept, a blocked loop) while Slack waited for its acks.
 * A virtual machine whose host pauses it is not told so by any clock of its own, and nor are we.
 */
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Slack waits 3 s for an ack; what it sent before such a standstill it has given up, and said so to the person. */
const STANDSTILL_MS = 3000;
const TICK_MS = 1000;

export interface Freezes {
  /** How many there were until now. To be asked before anything that may have waited through one is taken. */
  readonly count: () => number;
  /** When the last one was over, by the clock. Undefined: there was none. */
  readonly lastEnd: () => Date | undefined;
  /** Calls it after each. */
  readonly onEnd: (listener: () => void) => void;
  readonly stop: () => void;
}

/**
 * Milliseconds, by a clock that nobody sets and that goes on while the machine sleeps: on Linux performance.now() stops
 * then, elsewhere uptime() has whole seconds only.
 */
const elapsed = (): number => (process.platform === 'linux' ? uptime() * 1000 : performance.now());

/** Watches from now on, until `stop`. */
export function watchFreezes(now: () => Date, standstillMs = STANDSTILL_MS): Freezes {
  let alive = elapsed();
  let count = 0;
  let end: Date | undefined;
  const listeners: (() => void)[] = [];
  // What came in is read before timers run: so whoever asks looks, too.
  const look = (): void => {
    const stood = elapsed() - alive;
    alive += stood;
    if (stood < standstillMs) return;
    count += 1;
    end = now();
    for (const listener of listeners) listener();
  };
  const timer = setInterval(look, TICK_MS);
  timer.unref();
  return {
    count: () => {
      look();
      return count;
    },
    lastEnd: () => {
      look();
      return end;
    },
    onEnd: (listener) => void listeners.push(listener),
    stop: () => clearInterval(timer),
  };
}
