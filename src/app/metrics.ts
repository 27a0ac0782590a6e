/** What the bot tells Prometheus of its work: how much, how late; no names but those of firebreak.yml. */
import { OUTCOMES } from '../domain/alert.ts';
import { gauge, gauges, type Metric } from '../domain/exposition.ts';
import { type Health, isLate, OLD_S, secondsSince } from '../domain/health.ts';
import type { SeveritySpec } from '../domain/policy.ts';
import { RUN_STATES } from '../domain/run.ts';
import {
  alertCounts,
  dueTimers,
  openIncidentCounts,
  proposalCounts,
  refusedDeliveries,
  runCounts,
} from '../store/counts.ts';
import type { Store } from '../store/store.ts';

/** Reads what is counted in the store; throws when it does not answer. */
export async function metricsOfStore(
  store: Store,
  severities: readonly SeveritySpec[],
  now: Date,
): Promise<readonly Metric[]> {
  const incidents = { ...zeros(severities.map(({ name }) => name)), ...(await openIncidentCounts(store)) };
  const late = await dueTimers(store, new Date(now.getTime() - OLD_S * 1000));
  return [
    gauges('firebreak_incidents_open', 'Incidents that have not ended.', 'severity', incidents),
    gauge('firebreak_timers_due', 'Timers that are due and not done.', await dueTimers(store, now)),
    gauge('firebreak_timers_late', `Timers that have been due for ${OLD_S} s and are not done.`, late),
    gauges('firebreak_proposals', 'Proposals, by what became of them.', 'outcome', {
      ...zeros(['incident', 'undecided']),
      ...(await proposalCounts(store)),
    }),
    gauges('firebreak_alerts', 'Alerts that are remembered, by what was done with them.', 'outcome', {
      ...zeros(OUTCOMES),
      ...(await alertCounts(store)),
    }),
    gauges('firebreak_runs', 'Runs of runbooks, by state.', 'state', {
      ...zeros(RUN_STATES),
      ...(await runCounts(store)),
    }),
    gauge(
      'firebreak_deliveries_refused',
      'Deliveries of the last days that were refused for good.',
      await refusedDeliveries(store),
    ),
  ];
}

/** How the bot itself is. */
export function metricsOfHealth({ storeMs, queue, inbox, monitors }: Health, now: Date): readonly Metric[] {
  const each = (value: (monitor: Health['monitors'][number]) => number | undefined) =>
    Object.fromEntries(
      monitors.flatMap((monitor) => {
        const found = value(monitor);
        return found === undefined ? [] : [[monitor.name, found]];
      }),
    );
  return [
    gauge('firebreak_database_seconds', 'How long its own database took to answer.', storeMs / 1000),
    gauge('firebreak_outbox_waiting', 'Deliveries that wait to be sent.', queue.waiting),
    gauge(
      'firebreak_outbox_oldest_seconds',
      'How long the oldest of them waits.',
      age(queue.oldest?.since, now),
    ),
    gauge(
      'firebreak_outbox_stuck_seconds',
      'How long the oldest waits that nothing holds back.',
      age(queue.stuckSince, now),
    ),
    gauge('firebreak_inbox_open', 'Deliveries of Slack that are not dealt with.', inbox.open),
    gauge('firebreak_inbox_oldest_seconds', 'How long the oldest of them waits.', age(inbox.oldest, now)),
    gauges(
      'firebreak_monitor_red',
      '1 while the monitor sees a failure.',
      'monitor',
      each(({ red }) => Number(red)),
    ),
    gauges(
      'firebreak_monitor_last_look_seconds',
      'Seconds since the monitor looked.',
      'monitor',
      each(({ checkedAt }) => checkedAt && age(checkedAt, now)),
    ),
    gauges(
      'firebreak_monitor_late',
      '1 when the monitor has missed three looks, or has not looked yet.',
      'monitor',
      each((monitor) => Number(isLate(monitor, now))),
    ),
  ];
}

/** What waits on disk, which is known while the store is away too. */
export const metricsOfSpool = (spool: Health['spool'], now: Date): readonly Metric[] => [
  gauge(
    'firebreak_spool_waiting',
    'Deliveries of Slack that are kept on disk for the store.',
    spool?.waiting,
  ),
  gauge(
    'firebreak_spool_oldest_seconds',
    'How long the oldest of them waits.',
    spool && age(spool.oldest, now),
  ),
];

/** A series that is not there raises no alert: what can be is told as 0. */
const zeros = (names: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name) => [name, 0]));

/** In seconds; 0 where nothing waits. */
const age = (since: Date | undefined, now: Date): number =>
  since ? Math.max(0, secondsSince(since, now)) : 0;
