/** The bot's own HTTP server: what other systems send it, and whether it is alive and ready. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import { type Answer, refusal, send } from './answers.ts';
import { type Counters, outcomeOf } from './counters.ts';
import { type Entrance, enter, type Gate } from './entrance.ts';

/** What can be read by everybody, by path. */
export type Pages = Readonly<Record<string, () => Promise<Answer>>>;

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ReceiverOptions {
  /** Loopback unless told. Port 0 takes a free one. */
  readonly listen: { readonly host?: string; readonly port: number };
  readonly gate: Gate;
  /** What can be posted to, by path; of two at one path the headers say which is meant. */
  readonly entrances: Readonly<Record<string, (headers: IncomingHttpHeaders) => Entrance>>;
  readonly pages: Pages;
  /** What answers a path by itself, with a proof of its own. */
  readonly handlers?: Readonly<Record<string, { readonly name: string; readonly handle: Handler }>>;
  readonly counters: Counters;
  readonly log: Logger;
}

export interface Receiver {
  /** Resolves to the URL it listens at. */
  start(): Promise<string>;
  /** Accepts nothing more; resolves when what is being answered has been answered. */
  stop(): Promise<void>;
}

/** Who sends slowly keeps a connection no longer than this; Node looks only every 30 s unless told. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
};

/** Makes the server; it listens once it is started. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const routes = routesOf(options);
  const server = createServer(LIMITS, (request, response) => {
    const handler = options.handlers?.[pathOf(request)];
    if (handler && request.method === 'POST') {
      response.once('finish', () => options.counters.count(handler.name, outcomeOf(response.statusCode)));
      handler.handle(request, response);
      return;
    }
    answer(request, routes, options)
      .then((given) => send(response, given))
      .catch((error: unknown) => options.log.debug({ err: error }, 'answer could not be sent'));
  });
  server.maxConnections = 200;
  server.maxHeadersCount = 100;
  // Who does not read the answer, either.
  server.setTimeout(30_000);
  return { start: () => listen(server, options.listen), stop: () => close(server) };
}

interface Route {
  readonly method: 'GET' | 'POST';
  answer(request: IncomingMessage): Promise<Answer>;
}

/** What is posted to it never comes here. */
const POST_ONLY: Route = {
  method: 'POST',
  answer: () => Promise.reject(new Error('a handler answers it')),
};

type Routes = ReadonlyMap<string, Route>;

const routesOf = (options: ReceiverOptions): Routes =>
  new Map<string, Route>([
    ['/healthz', { method: 'GET', answer: () => Promise.resolve({ status: 200, body: { ok: true } }) }],
    ...Object.entries(options.pages).map(([path, page]): [string, Route] => [
      path,
      { method: 'GET', answer: page },
    ]),
    ...Object.keys(options.handlers ?? {}).map((path): [string, Route] => [path, POST_ONLY]),
    ...Object.entries(options.entrances).map(([path, entranceFor]): [string, Route] => [
      path,
      { method: 'POST', answer: (request) => post(request, entranceFor(request.headers), options) },
    ]),
  ]);

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?')[0] ?? '/';

async function answer(
  request: IncomingMessage,
  routes: Routes,
  { counters, log }: ReceiverOptions,
): Promise<Answer> {
  const path = pathOf(request);
  const route = routes.get(path);
  if (!route) {
    counters.count('none', 'unknown');
    return refusal(404, 'There is nothing here.', `Known are: ${[...routes.keys()].join(', ')}.`);
  }
  if (request.method !== route.method) {
    return {
      ...refusal(405, `${path} does not take ${request.method ?? ''}.`, `Use ${route.method}.`),
      headers: { allow: route.method },
    };
  }
  return route.answer(request).catch((error: unknown) => defect(error, request, log));
}

async function post(
  request: IncomingMessage,
  entrance: Entrance,
  { gate, counters, log }: ReceiverOptions,
): Promise<Answer> {
  const given = await enter(request, entrance, gate).catch((error: unknown) => defect(error, request, log));
  counters.count(entrance.name, given.outcome ?? outcomeOf(given.status));
  return given;
}

function defect(error: unknown, request: IncomingMessage, log: Logger): Answer {
  // Who goes away in the middle is no defect of ours, and must not fill the log.
  if (!request.complete) return refusal(400, 'The request ended before its body did.', 'Send it again.');
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
