/** Ages, sizes and counts as a person says them. */

/** An age of so many seconds: `0.4 s`, `40 s`, `3 min 40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`. */
export function age(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return two(whole, 60, 'min', 1, 's');
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  return whole < 86_400 ? two(whole, 3600, 'h', 60, 'min') : two(whole, 86_400, 'd', 3600, 'h');
}

function two(seconds: number, large: number, unit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${unit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** So many bytes: `512 bytes`, `1.5 MB`, `40 GB`. */
export function size(bytes: number): string {
  let [amount, unit] = [Math.max(0, bytes), 0];
  for (; amount >= 1024 && unit < UNITS.length - 1; unit += 1) amount /= 1024;
  return `${amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${UNITS[unit] ?? ''}`;
}

/** `1 session`, `5 sessions`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
