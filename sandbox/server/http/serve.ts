/** The HTTP side: Web API, uploads and downloads, response URLs, control surface. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fillFile } from '../acts/files.ts';
import { saidShape, say } from '../acts/responses.ts';
import { answerCall } from '../api/dispatch.ts';
import type { Slack } from '../context.ts';
import { findRoute } from '../control/routes.ts';
import { ControlError, SlackError } from '../refusal.ts';
import { addressOf, bearer, readArguments, readBytes } from './body.ts';
import { refuseForeign } from './guard.ts';
import { servePage } from './page.ts';
import { sendBytes, sendJson } from './reply.ts';

type Handler = (
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | void;

const handlers: readonly (readonly [prefix: string, Handler])[] = [
  ['/api/', serveApi],
  ['/sandbox/', serveControl],
  ['/actions/', serveResponseUrl],
  ['/upload/v1/', serveUpload],
  ['/files-pri/', serveDownload],
];

export async function serve(slack: Slack, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = addressOf(request);
    const handler = handlers.find(([prefix]) => url.pathname.startsWith(prefix))?.[1];
    await (handler ?? servePage)(slack, request, response, url);
  } catch (error) {
    refuse(response, error);
  }
  if (request.method !== 'GET') slack.live.changed();
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof ControlError) {
    sendJson(response, error.status, { error: error.code, detail: error.message });
    return;
  }
  process.stderr.write(
    `local Slack: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  sendJson(response, 500, { ok: false, error: 'internal_error' });
}

async function serveApi(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const args = await readArguments(request, url);
  answerCall(slack, url.pathname.slice('/api/'.length), bearer(request, args), args, response);
}

async function serveControl(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const method = request.method ?? 'GET';
  refuseForeign(request);
  const path = url.pathname.slice('/sandbox/'.length);
  const extra = slack.routes[`${method} ${path}`];
  if (extra) {
    sendJson(response, 200, await extra(await readArguments(request, url)));
    return;
  }
  const found = findRoute(method, path);
  if (!found) throw new ControlError(404, 'not_found', `there is no ${method} ${url.pathname}`);
  const answer = await found.route(slack, await readArguments(request, url), found.rest);
  sendJson(response, 200, answer);
}

async function serveResponseUrl(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const parsed = saidShape.safeParse(await readArguments(request, url));
  if (!parsed.success) {
    sendJson(response, 400, { ok: false, error: 'invalid_payload' });
    return;
  }
  try {
    say(slack, slack.links.use(url.pathname.split('/').at(-1) ?? ''), parsed.data, 'response_url');
    sendJson(response, 200, { ok: true });
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    sendJson(response, 404, { ok: false, error: error.code, ...error.details });
  }
}

async function serveUpload(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const file = slack.world.files.get(url.pathname.split('/').at(-1) ?? '');
  if (!file) {
    sendJson(response, 404, { ok: false, error: 'file_not_found' });
    return;
  }
  const multipart = request.headers['content-type']?.startsWith('multipart/form-data') ?? false;
  const bytes = multipart
    ? Object.values(await readArguments(request, url)).find((part) => Buffer.isBuffer(part))
    : await readBytes(request);
  fillFile(file, Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0));
  sendBytes(response, 'text/plain; charset=utf-8', `OK - ${file.size}`);
}

function serveDownload(slack: Slack, request: IncomingMessage, response: ServerResponse, url: URL): void {
  const id = /^\/files-pri\/[^/]+-([^/-]+)\//.exec(url.pathname)?.[1] ?? '';
  const file = slack.world.files.get(id);
  const allowed = bearer(request, {}) === slack.botToken && slack.manifest.scopes.has('files:read');
  if (!file?.bytes || !allowed) {
    sendJson(response, allowed ? 404 : 403, { ok: false, error: 'file_not_found' });
    return;
  }
  sendBytes(response, 'application/octet-stream', file.bytes);
}
