/** What the page in a browser relies on: its files, links to messages, and word of every change. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type LocalSlack, startLocalSlack } from '../../../sandbox/server/main.ts';
import { type Answer, client, eventually } from './support.ts';

let slack: LocalSlack;
let webDir: string;

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), 'firebreak-page-'));
  await writeFile(join(webDir, 'index.html'), '<title>page</title>');
  await writeFile(join(webDir, 'main.js'), 'export {};');
  slack = await startLocalSlack({ manifestPath: 'manifest.yml', webDir });
});
afterAll(async () => {
  await slack.stop();
  await rm(webDir, { recursive: true });
});

test('it listens on this machine only, unless told otherwise', async () => {
  expect(slack.url).toBe(`http://127.0.0.1:${slack.port}`);
  const open = await startLocalSlack({ manifestPath: 'manifest.yml', host: '0.0.0.0' });
  expect(open.url).toBe(`http://0.0.0.0:${open.port}`);
  await open.stop();
});

test.each([
  ['/', 200, 'text/html; charset=utf-8'],
  ['/channels/incidents', 200, 'text/html; charset=utf-8'],
  ['/main.js', 200, 'text/javascript; charset=utf-8'],
  ['/none.js', 404, 'application/json; charset=utf-8'],
  ['/%2e%2e%2f%2e%2e%2fetc%2fhosts.txt', 404, 'application/json; charset=utf-8'],
  ['/%zz.js', 400, 'application/json; charset=utf-8'],
])('%s is answered with %d and %s', async (path, status, type) => {
  const response = await fetch(slack.url + path);
  expect([response.status, response.headers.get('content-type')]).toEqual([status, type]);
});

test('the link of a message leads to the page', async () => {
  const web = client(slack);
  const channel = slack.channels['incidents'] ?? '';
  const { ts = '' } = await web.chat.postMessage({ channel, text: 'x' });
  const { permalink = '' } = await web.chat.getPermalink({ channel, message_ts: ts });
  const response = await fetch(permalink, { redirect: 'manual' });
  expect(response.headers.get('location')).toBe(`/#/archives/${channel}/${ts}`);
});

test('the page hears of every change and every call, other pages do not', async () => {
  const heard: Answer[] = [];
  const address = `${slack.url.replace('http', 'ws')}/sandbox/live`;
  const socket = new WebSocket(address);
  socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8')) as Answer));
  const next = async (kind: string) => {
    await eventually(() => heard.some((one) => one['kind'] === kind), kind);
    return heard.splice(0, 1 + heard.findIndex((one) => one['kind'] === kind)).at(-1);
  };
  await next('changed');
  await client(slack).auth.test();
  expect(await next('call')).toMatchObject({ method: 'auth.test', answer: { ok: true } });
  await next('changed');
  // What belongs to the call has all come by then; the message has to be told by itself.
  await new Promise((resolve) => setTimeout(resolve, 50));
  heard.length = 0;
  const message = { user: 'dba', channel: 'incidents', text: 'look' };
  await fetch(`${slack.url}/sandbox/messages`, { method: 'POST', body: JSON.stringify(message) });
  await next('changed');
  socket.close();
  const foreign = new WebSocket(address, { origin: 'http://example.com' });
  await expect(new Promise((_resolve, reject) => foreign.once('error', reject))).rejects.toThrow('403');
});

test('a page whose name was made to mean this machine is foreign, with and without an origin', async () => {
  const { port } = new URL(slack.url);
  const statusFor = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', path: '/sandbox/state', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  const named = `rebound.example.com:${port}`;
  expect(await statusFor({ host: named })).toBe(403);
  expect(await statusFor({ host: named, origin: `http://${named}` })).toBe(403);
  expect(await statusFor({ host: `127.0.0.1:${port}`, origin: 'http://example.com' })).toBe(403);
  expect(await statusFor({ host: `localhost:${port}` })).toBe(200);
});
