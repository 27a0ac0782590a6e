/** What a browser opens: the page and its files, links to messages, shared files. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { textOf } from '../acts/files.ts';
import type { Slack } from '../context.ts';
import { sendBytes, sendJson } from './reply.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const PLAIN = 'text/plain; charset=utf-8';

export async function servePage(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { pathname } = url;
  const link = messageLink(url);
  if (request.method !== 'GET' && request.method !== 'HEAD') missing(response, pathname);
  else if (link !== undefined) response.writeHead(302, { location: link }).end();
  else if (pathname.startsWith('/files/')) serveShared(slack, response, pathname);
  else await serveStatic(slack.webDir, response, pathname);
}

/** A permalink is answered with the page, opened at that message. */
function messageLink({ pathname, search }: URL): string | undefined {
  const [, channel, seconds, fraction] = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(pathname) ?? [];
  if (channel === undefined) return /^\/archives\/\w+$/.test(pathname) ? `/#${pathname}` : undefined;
  return `/#/archives/${channel}/${seconds ?? ''}.${fraction ?? ''}${search}`;
}

/** A file as a person opens it, who needs no token; never as something that a browser runs. */
function serveShared(slack: Slack, response: ServerResponse, pathname: string): void {
  const file = slack.world.files.get(pathname.split('/')[3] ?? '');
  if (!file?.bytes) missing(response, pathname);
  else sendBytes(response, textOf(file) === undefined ? 'application/octet-stream' : PLAIN, file.bytes);
}

/** Paths without an ending are the page's own affair. */
async function serveStatic(
  webDir: string | undefined,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  if (webDir === undefined) {
    if (pathname === '/') sendBytes(response, PLAIN, 'The local Slack is running.\n');
    else missing(response, pathname);
    return;
  }
  const name = extname(pathname) === '' ? '/index.html' : decodeURIComponent(pathname);
  const bytes = await readInside(webDir, name);
  if (bytes) sendBytes(response, TYPES[extname(name)] ?? 'application/octet-stream', bytes);
  else missing(response, pathname);
}

async function readInside(folder: string, name: string): Promise<Buffer | undefined> {
  const root = normalize(folder + sep);
  const file = join(root, name);
  if (!file.startsWith(root) || name.includes('\0')) return undefined;
  return readFile(file).catch(() => undefined);
}

function missing(response: ServerResponse, pathname: string): void {
  sendJson(response, 404, { error: 'not_found', detail: `there is nothing at ${pathname}` });
}
