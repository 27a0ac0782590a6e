/** What comes into the bot, besides Slack: over its own HTTP. */
import { changesEntrance } from './alerts/changes.ts';
import { createCounters } from './alerts/counters.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from './alerts/receiver.ts';
import type { App } from './app/app.ts';
import type { Config } from './config.ts';

type Inward = Pick<ReceiverOptions, 'ready' | 'log'> & {
  readonly app: App;
  readonly now: () => Date;
  /** The names of all. */
  readonly targets: readonly string[];
};

/** Makes the receiver with all its ways in; it listens once it is started. */
export function createInward(
  { listen, tokens, secrets }: Config['http'],
  { app, now, targets, ready, log }: Inward,
): Receiver {
  const changes = changesEntrance({ targets, capture: (name, migrations) => app.capture(name, migrations) });
  return createReceiver({
    listen,
    gate: { tokens, secrets, now },
    entrances: { '/events/changes': () => changes },
    ready,
    counters: createCounters(),
    log,
  });
}
