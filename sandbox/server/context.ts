/** Everything the parts of one local Slack share. */
import type { CallLog } from './api/calls.ts';
import type { Faults } from './api/faults.ts';
import type { Clock } from './clock.ts';
import type { Live } from './live.ts';
import type { Manifest } from './manifest.ts';
import type { Json } from './model.ts';
import type { Rates } from './rules/rates.ts';
import type { Endpoints, HttpSender } from './wire/http.ts';
import type { Links } from './wire/links.ts';
import type { Outbound } from './wire/outbound.ts';
import type { SocketHub } from './wire/socket.ts';
import type { Watchers } from './wire/watch.ts';
import type { World } from './world.ts';

/** What whoever starts the local Slack answers itself under /sandbox. */
export type ExtraRoutes = Readonly<Record<string, (input: Json) => unknown>>;

export interface Slack {
  /** Replaced as a whole by a reset. */
  world: World;
  readonly url: () => string;
  readonly clock: Clock;
  readonly manifest: Manifest;
  /** Where the app is sent things over HTTP; without it, Socket Mode. */
  endpoints: Endpoints | undefined;
  readonly http: HttpSender;
  readonly signingSecret: string;
  readonly botToken: string;
  readonly appToken: string;
  /** Of a person, for what configures apps. */
  readonly configToken: string;
  readonly verificationToken: string;
  readonly hub: SocketHub;
  readonly outbound: Outbound;
  readonly links: Links;
  readonly watchers: Watchers;
  readonly rates: Rates;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly live: Live;
  readonly webDir: string | undefined;
  readonly routes: ExtraRoutes;
}

export const seconds = (slack: Slack) => Math.floor(slack.clock.now() / 1000);
