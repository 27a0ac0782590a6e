/** Whether the bot can do its work, part by part. */
import { type Health, isLate, isOld, type Spool, secondsSince } from './health.ts';
import { duration } from './metrics.ts';

/** `ok`, or why not. */
export type Readiness = Readonly<Record<'database' | 'slack' | 'queue' | 'monitors', string>>;

const OK = 'ok';
const UNKNOWN = 'not known while the database is away';

export const isReady = (readiness: Readiness): boolean =>
  Object.values(readiness).every((part) => part === OK);

/** What can be said while the store does not answer, for this reason. */
export const readyWithout = (
  reason: string,
  connected: boolean,
  spool: Spool | undefined,
  now: Date,
): Readiness => ({
  database: reason,
  slack: slackState(connected),
  queue: spool?.oldest ? `${UNKNOWN}; ${keptOnDisk(spool, spool.oldest, now)}` : UNKNOWN,
  monitors: UNKNOWN,
});

/** A queue that Slack's absence holds up is no second trouble. */
export function readinessOf({ slack, queue, spool, monitors }: Health, now: Date): Readiness {
  const connected = slack?.connected ?? true;
  const late = monitors.filter((monitor) => isLate(monitor, now)).map(({ name }) => name);
  return {
    database: OK,
    slack: slackState(connected),
    queue: queueState(queue.stuckSince, connected, spool, now),
    monitors: late.length === 0 ? OK : `late: ${late.join(', ')}`,
  };
}

function queueState(
  stuckSince: Date | undefined,
  connected: boolean,
  spool: Spool | undefined,
  now: Date,
): string {
  const stuck = connected && stuckSince !== undefined && isOld(stuckSince, now);
  if (stuck) return `what could be sent has waited for ${ago(stuckSince, now)}`;
  return spool?.oldest && isOld(spool.oldest, now) ? keptOnDisk(spool, spool.oldest, now) : OK;
}

const keptOnDisk = ({ waiting }: Spool, oldest: Date, now: Date): string =>
  `${waiting} kept on disk, the oldest for ${ago(oldest, now)}`;

const slackState = (connected: boolean): string => (connected ? OK : 'not connected');

const ago = (at: Date, now: Date): string => duration(Math.round(secondsSince(at, now)));
