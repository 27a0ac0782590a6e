/** Chance that a seed decides: the same seed, the same draws. */

export interface Random {
  /** An integer from 0 to below - 1. */
  below(limit: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** True so often in a hundred. */
  percent(share: number): boolean;
}

/** mulberry32 over the seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    percent: (share) => below(100) < share,
  };
}
