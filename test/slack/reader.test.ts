/** Files: of which Slack does not say the size beforehand, and that lie elsewhere than with Slack. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { createReader } from '../../src/slack/reader.ts';

const CONTENT = 'x'.repeat(3000);

let server: Server;
let elsewhere: Server;
let base: string;
let other: string;
let size: number | null;
let lies: string;
/** What the other server was asked with. */
let shown: (string | undefined)[];
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/moved') return response.writeHead(302, { location: `${other}/file` }).end();
    if (request.url !== '/api/files.info') return response.end(CONTENT);
    const file = { id: 'F1', size, mimetype: 'image/png', url_private_download: lies };
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, file }));
  });
  elsewhere = createServer(({ headers }, response) => {
    shown.push(headers.authorization);
    response.end(CONTENT);
  });
  base = await listening(server);
  other = await listening(elsewhere);
});
afterAll(() => Promise.all([server, elsewhere].map((each) => new Promise((closed) => each.close(closed)))));
beforeEach(() => {
  size = null;
  lies = `${base}/file`;
  shown = [];
});

async function listening(it: Server): Promise<string> {
  await new Promise<void>((done) => it.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(it.address() as AddressInfo).port}`;
}

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

describe('a file that lies elsewhere', () => {
  test.each(['as an address', 'behind a name that begins as that of Slack'])(
    'is not asked for, and no token goes there: %s',
    async (how) => {
      lies = how === 'as an address' ? `${other}/file` : `${base}@${new URL(other).host}/file`;
      expect(await read(3000)).toEqual({ problem: 'not hashed: it lies elsewhere than in Slack' });
      expect(shown).toEqual([]);
    },
  );

  test('and to which Slack itself leads is asked for without the token', async () => {
    lies = `${base}/moved`;
    expect((await read(3000)).bytes?.length).toBe(3000);
    expect(shown).toEqual([undefined]);
  });
});
