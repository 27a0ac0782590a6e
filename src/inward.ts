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
import { createSelfReport, type SelfReportParts } from './self-report.ts';
import { type HttpHandler, SLACK_PATH } from './slack/http.ts';

type Inward = Pick<ReceiverOptions, 'log'> &
  Omit<SelfReportParts, 'counters'> & {
    /** Of alerts. */
    readonly sources: readonly AlertSource[];
    /** The names of all. */
    readonly targets: readonly string[];
    /** Absent in Socket Mode. */
    readonly slack?: HttpHandler | undefined;
  };

/** Makes the receiver with all its ways in; it listens once it is started. */
export function createInward(
  { listen, tokens, secrets }: Config['http'],
  { sources, targets, slack, log, ...parts }: Inward,
): Receiver {
  const { app, now } = parts;
  const counters = createCounters();
  const self = createSelfReport({ ...parts, counters });
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
  const receiver = createReceiver({
    listen,
    gate: { tokens, secrets, now },
    entrances: {
      ...alertEntrances(sources, (delivery) => app.alertsArrived(delivery)),
      '/events/changes': (headers) => (isFromGitHub(headers) ? github : changes),
      '/events/errors': () => errors,
    },
    pages: self.pages,
    ...(slack ? { handlers: { [SLACK_PATH]: { name: 'slack', handle: slack } } } : {}),
    counters,
    log,
  });
  return {
    start: () => receiver.start(),
    stop: () => {
      self.stop();
      return receiver.stop();
    },
  };
}
