/** What comes into the bot, besides Slack: over its own HTTP. */
import { changesEntrance } from './alerts/changes.ts';
import { createCounters } from './alerts/counters.ts';
import { errorsEntrance } from './alerts/errors.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from './alerts/receiver.ts';
import type { App } from './app/app.ts';
import type { Config } from './config.ts';
import { saveErrorReport } from './store/error-reports.ts';
import type { Store } from './store/store.ts';

type Inward = Pick<ReceiverOptions, 'ready' | 'log'> & {
  readonly app: App;
  readonly store: Store;
  readonly now: () => Date;
  /** The names of all. */
  readonly targets: readonly string[];
};

/** Makes the receiver with all its ways in; it listens once it is started. */
export function createInward(
  { listen, tokens, secrets }: Config['http'],
  { app, store, now, targets, ready, log }: Inward,
): Receiver {
  const changes = changesEntrance({ targets, capture: (name, migrations) => app.capture(name, migrations) });
  const errors = errorsEntrance({
    targets: app.settings.targets,
    services: Object.keys(app.settings.services),
    report: (report, at) => saveErrorReport(store, report, at),
  });
  return createReceiver({
    listen,
    gate: { tokens, secrets, now },
    entrances: { '/events/changes': () => changes, '/events/errors': () => errors },
    ready,
    counters: createCounters(),
    log,
  });
}
