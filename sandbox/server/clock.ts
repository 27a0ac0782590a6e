/** The local Slack's own time: wall clock plus what it was advanced by; its timers follow an advance at once. */
export interface Clock {
  now(): number;
  advance(ms: number): void;
  /** Runs `run` once `ms` of this clock have passed; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
  stop(): void;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  handle?: NodeJS.Timeout;
}

/** What Node's timers can hold; beyond it they fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export function createClock(onAdvance: (ms: number) => void = () => undefined): Clock {
  let offset = 0;
  const timers = new Set<Timer>();
  const now = () => Date.now() + offset;
  const fire = (timer: Timer) => {
    clearTimeout(timer.handle);
    if (timers.delete(timer)) timer.run();
  };
  const arm = (timer: Timer) => {
    clearTimeout(timer.handle);
    const wait = timer.due - now();
    const next = wait > LONGEST_MS ? () => arm(timer) : () => fire(timer);
    timer.handle = setTimeout(next, Math.min(LONGEST_MS, Math.max(0, wait)));
  };
  return {
    now,
    advance(ms) {
      offset += ms;
      const due = [...timers].filter((timer) => timer.due <= now());
      for (const timer of due.sort((a, b) => a.due - b.due)) fire(timer);
      for (const timer of timers) arm(timer);
      onAdvance(ms);
    },
    after(ms, run) {
      const timer: Timer = { due: now() + ms, run };
      timers.add(timer);
      arm(timer);
      return () => {
        clearTimeout(timer.handle);
        timers.delete(timer);
      };
    },
    stop() {
      for (const timer of timers) clearTimeout(timer.handle);
      timers.clear();
    },
  };
}
