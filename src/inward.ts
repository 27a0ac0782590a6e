/** What comes in to the bot by HTTP, and whether it is ready for it. */
import { createReceiver, type Receiver } from './alerts/receiver.ts';
import type { App } from './app/app.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Store } from './store/store.ts';

interface Inside {
  readonly app: App;
  readonly store: Store;
  readonly log: Logger;
  readonly slack: { readonly connected: () => boolean };
  readonly targets: { readonly names: readonly string[] };
}

export const createInward = (
  { http }: Pick<Config, 'http'>,
  { app, store, log, slack, targets }: Inside,
): Receiver =>
  createReceiver({
    listen: http,
    tokens: http.token === undefined ? [] : [http.token],
    targets: targets.names,
    capture: (name, migrations) => app.capture(name, migrations),
    ready: async () => (slack.connected() ? store.ready() : { ok: false, reason: 'not connected to Slack' }),
    log,
  });
