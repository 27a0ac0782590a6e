/** Durations as people and runbooks write them: `30s`, `5m`, `2h`. */
const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds; undefined for anything else, also for nothing at all and for more than 30 days. */
export function parseDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d{1,7}(?:\.\d{1,3})?)\s?(s|m|min|h|d)$/.exec(text.trim()) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  return ms > 0 && ms <= 30 * 86_400_000 ? ms : undefined;
}
