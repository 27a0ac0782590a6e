/** Whether the bot can do its work, part by part. */
import { type Health, isLate, isOld, secondsSince } from './health.ts';
import { duration } from './metrics.ts';

/** `ok`, or why not. */
export type Readiness = Readonly<Record<'database' | 'slack' | 'queue' | 'monitors', string>>;

const OK = 'ok';
const UNKNOWN = 'not known while the database is away';

export const isReady = (readiness: Readiness): boolean =>
  Object.values(readiness).every((part) => part === OK);

/** What can be said while the store does not answer, for this reason. */
export const readyWithout = (reason: string, connected: boolean): Readiness => ({
  database: reason,
  slack: slackState(connected),
  queue: UNKNOWN,
  monitors: UNKNOWN,
});

/** A queue that Slack's absence holds up is no second trouble. */
export function readinessOf({ slack, queue, monitors }: Health, now: Date): Readiness {
  const connected = slack?.connected ?? true;
  const { stuckSince } = queue;
  const stuck = connected && stuckSince !== undefined && isOld(stuckSince, now);
  const late = monitors.filter((monitor) => isLate(monitor, now)).map(({ name }) => name);
  return {
    database: OK,
    slack: slackState(connected),
    queue: stuck ? `what could be sent has waited for ${ago(stuckSince, now)}` : OK,
    monitors: late.length === 0 ? OK : `late: ${late.join(', ')}`,
  };
}

const slackState = (connected: boolean): string => (connected ? OK : 'not connected');

const ago = (at: Date, now: Date): string => duration(Math.round(secondsSince(at, now)));
