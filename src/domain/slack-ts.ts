/** Slack's timestamps (`1717408800.000100`): they name messages, and say when. Of one width, so that they sort as text. */

/** To the millisecond; without floating point, so that one timestamp is always the same time. */
export function timeOf(ts: string): Date {
  const [seconds = '0', fraction = ''] = ts.split('.');
  return new Date(Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)));
}

/** The timestamp of a time of our own. */
export const tsOf = (time: Date): string => {
  const ms = time.getTime();
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000`;
};
