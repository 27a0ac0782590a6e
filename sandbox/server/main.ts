/** The local Slack: starts it on a port of this machine and stops it again. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCallLog } from './api/calls.ts';
import { createFaults } from './api/faults.ts';
import { createClock } from './clock.ts';
import type { ExtraRoutes, Slack } from './context.ts';
import { serve } from './http/serve.ts';
import { upgrade } from './http/upgrade.ts';
import { secret } from './ids.ts';
import { createLive } from './live.ts';
import { readManifest } from './manifest.ts';
import { createRates } from './rules/rates.ts';
import { createHttpSender, oneEndpoint } from './wire/http.ts';
import { createLinks } from './wire/links.ts';
import { createOutbound } from './wire/outbound.ts';
import { createSocketHub } from './wire/socket.ts';
import { createWatchers } from './wire/watch.ts';
import { createWorld, identityOf } from './world.ts';

export interface LocalSlackOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly host?: string;
  readonly manifestPath: string;
  /** Replaces the name of the manifest's slash command. */
  readonly command?: string;
  /** Where the app takes what it is sent over HTTP; Socket Mode without it. */
  readonly httpUrl?: string;
  /** A folder with the page that is served at `/`. */
  readonly webDir?: string;
  /** How long nothing new must have come before an act is answered; 300 ms unless told. */
  readonly quietMs?: number;
  /** More of the control surface, by method and path: `GET info`. */
  readonly routes?: ExtraRoutes;
  /** Told whenever the local Slack's clock is advanced. */
  readonly onClock?: (advanceMs: number) => void;
}

export interface LocalSlack {
  readonly url: string;
  readonly port: number;
  readonly botToken: string;
  readonly appToken: string;
  /** For `apps.manifest.export`. */
  readonly configToken: string;
  readonly signingSecret: string;
  /** Ids by name. */
  readonly users: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, string>>;
  /** From now on over HTTP to this address, or through Socket Mode again. */
  deliverTo(httpUrl: string | undefined): void;
  advanceClock(ms: number): void;
  /** Deliveries that are not acked yet: they were sent, or are events that will be tried again. */
  unanswered(): number;
  stop(): Promise<void>;
}

export async function startLocalSlack(options: LocalSlackOptions): Promise<LocalSlack> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = createServer();
  const url = () => `http://${host}:${(server.address() as AddressInfo).port}`;
  const slack = await assemble(options, url);
  server.on('request', (request, response) => void serve(slack, request, response));
  server.on('upgrade', (request, socket, head: Buffer) => upgrade(slack, request, socket, head));
  await listen(server, port, host);
  return {
    url: url(),
    port: (server.address() as AddressInfo).port,
    botToken: slack.botToken,
    appToken: slack.appToken,
    configToken: slack.configToken,
    signingSecret: slack.signingSecret,
    users: byName(slack.world.users.values()),
    channels: byName(slack.world.channels.values()),
    deliverTo(httpUrl) {
      slack.endpoints = httpUrl === undefined ? undefined : oneEndpoint(httpUrl);
    },
    advanceClock: (ms) => slack.clock.advance(ms),
    unanswered: () => slack.hub.unanswered() + slack.http.unanswered(),
    stop: () => stop(slack, server),
  };
}

async function assemble(options: LocalSlackOptions, url: () => string): Promise<Slack> {
  const manifest = await readManifest(options.manifestPath, options.command);
  const clock = createClock(options.onClock);
  const { appId, team } = identityOf(manifest);
  const live = createLive();
  const signingSecret = secret();
  const slack: Slack = {
    world: createWorld(manifest, clock),
    url,
    clock,
    manifest,
    endpoints: options.httpUrl === undefined ? manifest.endpoints : oneEndpoint(options.httpUrl),
    http: createHttpSender({ clock, signingSecret, endpoints: () => slack.endpoints }),
    signingSecret,
    botToken: `xoxb-${secret()}`,
    appToken: `xapp-1-${appId}-${secret()}`,
    configToken: `xoxe.xoxp-1-${secret()}`,
    verificationToken: secret(12),
    hub: createSocketHub({ clock, url, appId }),
    outbound: createOutbound((delivery) => transport(slack).send(delivery), clock),
    links: createLinks(clock, url, team.id),
    watchers: createWatchers(live.changed, options.quietMs),
    rates: createRates(clock),
    faults: createFaults(),
    calls: createCallLog(clock, live.called),
    live,
    webDir: options.webDir,
    routes: options.routes ?? {},
  };
  return slack;
}

const transport = ({ endpoints, http, hub }: Slack) => (endpoints ? http : hub);

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function stop(slack: Slack, server: Server): Promise<void> {
  slack.watchers.stop();
  slack.live.stop();
  slack.http.stop();
  await slack.hub.stop();
  slack.clock.stop();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

function byName(things: Iterable<{ readonly name: string; readonly id: string }>): Record<string, string> {
  return Object.fromEntries([...things].map(({ name, id }) => [name, id]));
}
