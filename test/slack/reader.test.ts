/** Files of which Slack does not say the size beforehand. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { createReader } from '../../src/slack/reader.ts';

const CONTENT = 'x'.repeat(3000);

let server: Server;
let base: string;
let size: number | null;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url !== '/api/files.info') return response.end(CONTENT);
    const file = { id: 'F1', size, mimetype: 'image/png', url_private_download: `${base}/file` };
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, file }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((closed) => server.close(closed)));

const read = (maxImageBytes: number) => {
  const client = new WebClient('xoxb-test', { slackApiUrl: `${base}/api/` });
  const reader = createReader(client, { known: () => undefined, get: () => Promise.reject(new Error()) });
  const file = { id: 'F1', name: 'screen.png', type: 'image/png', size: 0 };
  return reader.file(file, maxImageBytes, new AbortController().signal);
};

describe.each([null, CONTENT.length])('an image whose size Slack gives as %j', (said) => {
  beforeEach(() => {
    size = said;
  });

  test('is kept up to the cap', async () => {
    expect((await read(3000)).bytes?.length).toBe(3000);
  });

  test('beyond the cap is hashed, and not kept', async () => {
    const { sha256, bytes } = await read(2999);
    expect(sha256).toHaveLength(64);
    expect(bytes).toBeUndefined();
  });
});
