/** Faults put into the Web API on demand: an error before, after or long after the effect. */
export interface Fault {
  readonly method?: string | undefined;
  readonly kind: 'ratelimit' | 'error' | 'timeout' | 'latency' | 'drop';
  /** Whether the call still takes effect: `before` never, `after` at once, `late` after `ms`. */
  readonly effect: 'before' | 'after' | 'late';
  readonly error?: string | undefined;
  readonly retry_after?: number | undefined;
  readonly ms?: number | undefined;
}

export interface Faults {
  add(fault: Fault, times: number): void;
  /** The fault for this call, used up by it. */
  take(method: string): Fault | undefined;
  reset(): void;
}

export function createFaults(): Faults {
  const waiting: { fault: Fault; left: number }[] = [];
  return {
    add: (fault, times) => waiting.push({ fault, left: times }),
    take(method) {
      const found = waiting.find(
        ({ fault, left }) => left > 0 && (fault.method === undefined || fault.method === method),
      );
      if (!found) return undefined;
      found.left -= 1;
      return found.fault;
    },
    reset: () => waiting.splice(0),
  };
}
