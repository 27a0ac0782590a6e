/** All durable work of one instance: deliveries, timers, runs, replays and the monitors' ticks. */
import type { App, Directory } from '../app/app.ts';
import type { Reader } from '../app/reader.ts';
import type { Effect } from '../domain/effects.ts';
import type { OutgoingPage } from '../domain/outgoing-page.ts';
import type { Logger } from '../log.ts';
import type { MonitorPorts } from '../monitors/contract.ts';
import { createGuardMonitor, GUARDS, GUARDS_EVERY_SECONDS, type GuardPorts } from '../monitors/guards.ts';
import { createHoldMonitor, HOLDS, HOLDS_EVERY_SECONDS, type HoldPorts } from '../monitors/holds.ts';
import { createMonitor, type Monitor } from '../monitors/monitor.ts';
import type { Watched } from '../monitors/watch.ts';
import { forgetAlerts } from '../store/alerts.ts';
import { forgetChanges } from '../store/changes.ts';
import { forgetErrorReports } from '../store/error-reports.ts';
import { listHolds, markReturned } from '../store/holds.ts';
import { forgetSettled } from '../store/inbox.ts';
import { loadMonitor, saveMonitor } from '../store/monitors.ts';
import { type Delivery, forgetDelivered, type OutboxRow } from '../store/outbox.ts';
import type { Spool } from '../store/spool.ts';
import type { Store } from '../store/store.ts';
import { isSomebodyUnheard } from '../store/vitals.ts';
import { capturesWorker } from './captures.ts';
import { catchUpWorker } from './catch-up.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';
import { type DeliverOptions, deliverWorker } from './deliver.ts';
import { createDrain } from './drain.ts';
import { openLeases } from './lease.ts';
import { remindersWorker } from './reminders.ts';
import { createTicks } from './ticks.ts';
import { escalationDue, monitorTick, pageTeam, timersWorker } from './timers.ts';
import { type TwinsOptions, twinsWorker } from './twins.ts';
import { tellRefusal, tellUnsent } from './undelivered.ts';

export interface JobsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly app: App;
  readonly directory: Directory;
  readonly reader: Reader;
  /** Whether Slack is heard now. */
  readonly connected: () => boolean;
  /** What goes to Slack. */
  readonly perform: DeliverOptions['perform'];
  /** Deletes what is there twice in a channel of Slack. */
  readonly sweep: TwinsOptions['sweep'];
  /** What goes to PagerDuty and webhooks. */
  readonly page: (page: OutgoingPage, effectId: string, signal: AbortSignal) => Promise<Delivery>;
  /** What goes to a tracker. */
  readonly track: (
    what: Extract<Effect, { kind: 'track' }>,
    row: OutboxRow,
    signal: AbortSignal,
  ) => Promise<Delivery>;
  /** Does what a crash left in the inbox; `isDue`: something is not to wait for its turn. */
  readonly replay: { isDue(): boolean; work(stopping: AbortSignal): Promise<void> };
  /** What is kept on disk; without it, nothing is. */
  readonly spool?: Pick<Spool, 'state'>;
  readonly watched: readonly Watched[];
  /** What is applied to a target, for what is held on it. */
  readonly history: HoldPorts['history'];
  /** What guarded deploys wrote down in the targets. */
  readonly journals: GuardPorts['journals'];
  readonly runs: Worker;
}

export interface Jobs {
  start(): void;
  /** Begins nothing new; resolves when what is running has ended. */
  stop(): Promise<void>;
}

export function assembleJobs(parts: JobsParts): Jobs {
  const { store, clock, log, app, watched } = parts;
  const perform: DeliverOptions['perform'] = (row, signal) => {
    const { effect } = row;
    if (effect.kind === 'send-page') return parts.page(effect.page, row.effectId, signal);
    return effect.kind === 'track' ? parts.track(effect, row, signal) : parts.perform(row, signal);
  };
  const monitors = new Map<string, { tick(signal?: AbortSignal): Promise<unknown> }>([
    ...watched.map((each) => [each.settings.name, monitorOf(each, parts)] as const),
    [HOLDS, holdMonitor(parts)],
    [ALERTS, { tick: () => app.reconsiderAlerts() }],
    [GUARDS, createGuardMonitor({ ...parts, pickUp: (...it) => app.guardSeen(...it) }, log)],
  ]);
  const leases = openLeases(store, log);
  const handlers = {
    'escalation-due': escalationDue(app, { waits: () => unheard(parts), now: () => clock.now() }),
    'page-team': pageTeam(app),
    monitor: monitorTick(monitors),
  };
  const onUnsent: DeliverOptions['onUnsent'] = (row, reason, final) => tellUnsent(app, row, reason, final);
  const onRefused: DeliverOptions['onRefused'] = (row, reason) => tellRefusal(app, row, reason);
  const drain = createDrain({
    store,
    leases,
    log,
    workers: [
      deliverWorker({ store, clock, log, perform, onRefused, onUnsent }),
      timersWorker({ store, clock, log, handlers }),
      remindersWorker({ store, clock, app }),
      parts.runs,
      catchUpWorker({ ...parts, settings: app.settings }),
      capturesWorker({ ...parts, settings: app.settings }),
      inboxWorker(parts),
      twinsWorker(parts),
    ],
  });
  const ticking = [
    ...watched.map(({ settings }) => settings),
    { name: HOLDS, schedule: { everySeconds: HOLDS_EVERY_SECONDS } },
    { name: ALERTS, schedule: { everySeconds: ALERTS_EVERY_SECONDS } },
    { name: GUARDS, schedule: { everySeconds: GUARDS_EVERY_SECONDS } },
  ];
  const ticks = createTicks({ db: store, clock, log, monitors: ticking, timezone: app.settings.timezone });
  return {
    start() {
      drain.start();
      ticks.start();
    },
    async stop() {
      await ticks.stop();
      await drain.stop();
      await leases.close();
    },
  };
}

/** The name under which alerts that were held back are looked at again. */
const ALERTS = 'firebreak:alerts';
const ALERTS_EVERY_SECONDS = 30;

const REPLAY_EVERY_MS = 5000;
const HOUR_MS = 3_600_000;
/** How long what is settled is remembered: longer than Slack repeats a delivery. */
const REMEMBERED_MS = 7 * 24 * HOUR_MS;
/** An error of yesterday is no symptom of today. */
const ERRORS_REMEMBERED_MS = 24 * HOUR_MS;
/** What the incidents of those days were told stays in their timelines. */
const CHANGES_KEPT_MS = 90 * 24 * HOUR_MS;
/** How long an alert that became no incident can be listed. */
const ALERTS_REMEMBERED_MS = 90 * 24 * HOUR_MS;

/** One key: only one instance at a time replays; not at each look, since most find nothing. */
export function inboxWorker({ store, replay, clock }: Pick<JobsParts, 'store' | 'replay' | 'clock'>): Worker {
  let next = 0;
  let nextForgetting = 0;
  return {
    name: 'replay',
    due() {
      const now = clock.now().getTime();
      if (now < next && !replay.isDue()) return Promise.resolve([]);
      next = now + REPLAY_EVERY_MS;
      return Promise.resolve(['inbox']);
    },
    async work(_key, _lease, stopping) {
      await replay.work(stopping);
      const now = clock.now().getTime();
      if (now < nextForgetting) return;
      // They look at every row: not each time.
      nextForgetting = now + HOUR_MS;
      const before = new Date(now - REMEMBERED_MS);
      await forgetSettled(store, before);
      await forgetDelivered(store, before);
      await forgetErrorReports(store, new Date(now - ERRORS_REMEMBERED_MS));
      await forgetChanges(store, new Date(now - CHANGES_KEPT_MS));
      await forgetAlerts(store, before, new Date(now - ALERTS_REMEMBERED_MS));
    },
  };
}

function monitorOf(
  { settings, look, recentMigrations }: Watched,
  { store, clock, log, app }: JobsParts,
): Monitor {
  const ports: MonitorPorts = {
    recentMigrations,
    now: () => clock.now(),
    memory: { load: (name) => loadMonitor(store, name), save: (state) => saveMonitor(store, state) },
    propose: (sighting) => app.propose(sighting),
    revise: (proposal, sighting) => app.revise(proposal, sighting),
    onGreen: (proposal, at) => app.monitorTurned(settings.name, proposal, 'green', at),
    onRedAgain: (proposal, at) => app.monitorTurned(settings.name, proposal, 'red', at),
  };
  return createMonitor(settings, look, ports, log.child({ monitor: settings.name }));
}

const holdMonitor = ({ store, app, history, log }: JobsParts): ReturnType<typeof createHoldMonitor> =>
  createHoldMonitor(
    {
      holds: () => listHolds(store),
      history,
      onBack: (hold, appliedAt) => app.heldIsBack(hold, appliedAt),
      onGone: async (hold) => {
        await markReturned(store, hold, undefined);
      },
    },
    log,
  );

/** What people said and is not done yet, on disk or in the inbox. */
const unheard = async ({ spool, store }: JobsParts): Promise<boolean> =>
  (spool?.state().waiting ?? 0) > 0 || (await isSomebodyUnheard(store));
