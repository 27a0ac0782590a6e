/** What comes into the bot, besides Slack: over its own HTTP. */
import { alertEntrances } from './alerts/alerts.ts';
import { changesEntrance } from './alerts/changes.ts';
import { createCounters } from './alerts/counters.ts';
import { errorsEntrance } from './alerts/errors.ts';
import { githubEntrance, isFromGitHub } from './alerts/github.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from './alerts/receiver.ts';
import type { AlertSource } from './alerts/source.ts';
import type { App } from './app/app.ts';
import type { Config } from './config.ts';

type Inward = Pick<ReceiverOptions, 'ready' | 'log'> & {
  readonly app: App;
  readonly now: () => Date;
  /** Of alerts. */
  readonly sources: readonly AlertSource[];
  /** The names of all. */
  readonly targets: readonly string[];
};

/** Makes the receiver with all its ways in; it listens once it is started. */
export function createInward(
  { listen, tokens, secrets }: Config['http'],
  { app, now, sources, targets, ready, log }: Inward,
): Receiver {
  const { services } = app.settings;
  const changed: App['changed'] = (reported) => app.changed(reported);
  const changes = changesEntrance({
    targets,
    services: Object.keys(services),
    capture: (name, migrations) => app.capture(name, migrations),
    changed,
  });
  const github = githubEntrance({ services, changed });
  const errors = errorsEntrance({
    targets: app.settings.targets,
    services: Object.keys(services),
    report: (report) => app.errorsReported(report),
  });
  return createReceiver({
    listen,
    gate: { tokens, secrets, now },
    entrances: {
      ...alertEntrances(sources, (delivery) => app.alertsArrived(delivery)),
      '/events/changes': (headers) => (isFromGitHub(headers) ? github : changes),
      '/events/errors': () => errors,
    },
    ready,
    counters: createCounters(),
    log,
  });
}
