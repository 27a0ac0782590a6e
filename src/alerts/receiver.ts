/** The bot's own HTTP server: what deploys send it, and whether it is alive and ready. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import { type Answer, readBody, refusal, send } from './answers.ts';
import { type ChangesOptions, receiveChanges } from './changes.ts';
import { refuseStranger } from './tokens.ts';

type Readiness = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface ReceiverOptions extends ChangesOptions {
  /** Loopback unless told. Port 0 takes a free one. */
  readonly listen: { readonly host?: string; readonly port: number };
  readonly tokens: readonly string[];
  readonly ready: () => Promise<Readiness>;
  readonly log: Logger;
}

export interface Receiver {
  /** Resolves to the URL it listens at. */
  start(): Promise<string>;
  /** Accepts nothing more; resolves when what is being answered has been answered. */
  stop(): Promise<void>;
}

const MIB = 1024 * 1024;

/** Makes the server; it listens once it is started. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const server = createServer({ requestTimeout: 15_000, headersTimeout: 5000 }, (request, response) => {
    answer(request, options)
      .catch((error: unknown) => defect(error, options.log))
      .then((given) => send(response, given))
      .catch((error: unknown) => options.log.debug({ err: error }, 'answer could not be sent'));
  });
  server.maxConnections = 200;
  return { start: () => listen(server, options.listen), stop: () => close(server) };
}

async function answer(request: IncomingMessage, options: ReceiverOptions): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const route = ROUTES[path];
  if (!route) return refusal(404, 'There is nothing here.', `Known are: ${Object.keys(ROUTES).join(', ')}.`);
  if (request.method !== route.method) {
    return {
      ...refusal(405, `${path} does not take ${request.method ?? ''}.`, `Use ${route.method}.`),
      headers: { allow: route.method },
    };
  }
  return route.answer(request, options);
}

interface Route {
  readonly method: 'GET' | 'POST';
  answer(request: IncomingMessage, options: ReceiverOptions): Promise<Answer>;
}

const ROUTES: Readonly<Record<string, Route | undefined>> = {
  '/healthz': { method: 'GET', answer: () => Promise.resolve({ status: 200, body: { ok: true } }) },
  '/readyz': { method: 'GET', answer: (_request, { ready }) => readiness(ready) },
  '/events/changes': { method: 'POST', answer: changes },
};

async function readiness(ready: ReceiverOptions['ready']): Promise<Answer> {
  const state = await ready();
  return { status: state.ok ? 200 : 503, body: { ...state } };
}

async function changes(request: IncomingMessage, options: ReceiverOptions): Promise<Answer> {
  const stranger = refuseStranger(request, options.tokens);
  if (stranger) return stranger;
  const body = await readBody(request, MIB);
  if (body !== undefined) return receiveChanges(body, options);
  return {
    ...refusal(413, 'The body is larger than 1 MiB.', 'Send the migrations in several requests.'),
    headers: { connection: 'close' },
  };
}

function defect(error: unknown, log: Logger): Answer {
  log.error({ err: error }, 'request failed');
  return refusal(
    500,
    'The request could not be served.',
    'Send it again; if that does not help, read the log.',
  );
}

const listen = (server: Server, { host = '127.0.0.1', port }: ReceiverOptions['listen']): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { address, family, port: taken } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`);
    });
  });

function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
