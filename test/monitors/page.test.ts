import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lookAtPage } from '../../src/monitors/looks/page.ts';

/** Writes for as long as somebody reads. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    if (response.destroyed) return;
    if (response.write('x'.repeat(16_384))) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}

/** Where something listened a moment ago. */
async function silentAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

describe('a look at a page', () => {
  let server: Server;
  let base: string;
  let followed = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/hangs') return;
      if (path === '/breaks') request.socket.destroy();
      if (path === '/elsewhere') followed += 1;
      if (path === '/moved') response.writeHead(302, { location: '/elsewhere' });
      if (path === '/broken') response.writeHead(500);
      if (path === '/endless') endless(response);
      else response.end('all is fine');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const look = async (url: string, contains?: string, timeoutMs = 5000) => {
    const page = { kind: 'http' as const, url, status: 200, ...(contains === undefined ? {} : { contains }) };
    return (await lookAtPage(page, timeoutMs)(undefined)).symptoms.map(({ error }) =>
      error.replace(base, ''),
    );
  };

  it('is green when it answers as it should', async () => {
    expect(await look(`${base}/ok?key=1`, 'is fine')).toEqual([]);
  });

  it.each([
    ['/broken?token=hunter2', undefined, '/broken answers 500, not 200'],
    ['/moved', undefined, '/moved answers 302, not 200'],
    ['/ok', 'Welcome', '/ok answers without the words "Welcome"'],
    ['/endless', 'Welcome', '/endless answers without the words "Welcome"'],
    ['/breaks', undefined, '/breaks closes the connection without an answer'],
  ])('of %s says what is wrong', async (path, contains, error) => {
    expect(await look(`${base}${path}`, contains)).toEqual([error]);
    expect(followed).toBe(0);
  });

  it('says in plain words why no answer came', async () => {
    expect(await look(`${base}/hangs`, undefined, 50)).toEqual(['/hangs does not answer within 0.05 s']);
    expect(await look(await silentAddress())).toEqual([
      expect.stringMatching(/ cannot be reached: nothing listens there$/),
    ]);
    expect(await look(base.replace('http:', 'https:'))).toEqual([
      expect.stringMatching(/ does not speak TLS as it should$/),
    ]);
    expect(await look('http://nowhere.invalid/')).toEqual([
      expect.stringMatching(/cannot be reached: .*\(DNS\)$/),
    ]);
  });
});
