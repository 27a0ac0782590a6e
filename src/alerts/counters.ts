/** How many requests each way in has taken and refused, and why: counted in memory since the start. */

export type Outcome =
  | 'accepted'
  | 'known'
  | 'unsigned'
  | 'malformed'
  | 'too-large'
  | 'replayed'
  | 'unknown'
  | 'failed';

export interface Counted {
  /** The name of the way in; `none` for paths that are not there. */
  readonly entrance: string;
  readonly outcome: Outcome;
  readonly requests: number;
}

export interface Counters {
  count(entrance: string, outcome: Outcome): void;
  /** Only what was counted at least once. */
  read(): readonly Counted[];
}

/** All at zero. */
export function createCounters(): Counters {
  const counted = new Map<string, Counted>();
  return {
    count(entrance, outcome) {
      const key = `${entrance} ${outcome}`;
      counted.set(key, { entrance, outcome, requests: (counted.get(key)?.requests ?? 0) + 1 });
    },
    read: () => [...counted.values()],
  };
}

/** What an HTTP status says of the request it answers. */
export function outcomeOf(status: number): Outcome {
  if (status < 300) return 'accepted';
  return OUTCOMES[status] ?? 'malformed';
}

const OUTCOMES: Readonly<Record<number, Outcome | undefined>> = {
  401: 'unsigned',
  404: 'unknown',
  409: 'replayed',
  413: 'too-large',
  500: 'failed',
  502: 'failed',
  503: 'failed',
};
