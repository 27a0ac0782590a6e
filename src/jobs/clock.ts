/** The one Clock: made by the composition root, handed to whatever asks for the time. */

export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

export interface AdvanceableClock extends Clock {
  advance(ms: number): void;
  /** How far it is ahead: kept, and given again after a restart. */
  readonly offset: number;
}

/** For tests and the sandbox: goes with another clock, and can be put forward. */
export function advanceableClock(base: Clock = systemClock, start = 0): AdvanceableClock {
  let offset = start;
  return {
    now: () => new Date(base.now().getTime() + offset),
    advance(ms) {
      offset += ms;
    },
    get offset() {
      return offset;
    },
  };
}
