/** Percentiles of what was measured, by the nearest rank: always a value that occurred. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error('There are no percentiles of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] as number;
}

export const median = (values: readonly number[]): number => percentile(values, 50);
