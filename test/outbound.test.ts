/** What goes out over HTTP: which addresses are asked, and that no name and no redirect leads to another. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkedLookup, isForbidden, outbound } from '../src/outbound.ts';

let server: Server;
let port: number;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url !== '/away') return void response.end('here');
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const reasonOf = (address: string, init?: RequestInit): Promise<unknown> =>
  outbound(address, { signal: AbortSignal.timeout(3000), ...init }).then(
    ({ status }) => status,
    (error: unknown) => (error as { cause?: { code?: string } }).cause?.code,
  );

test('loopback may be reached, by its name and by its figures', async () => {
  expect(await reasonOf(`http://127.0.0.1:${port}/`)).toBe(200);
  expect(await reasonOf(`http://localhost:${port}/`)).toBe(200);
});

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xA9.254.0251.0376/',
  'http://169.254.170.2/v2/credentials',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
  'http://[fd00:ec2::254]/',
  'http://[::ffff:169.254.169.254]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[fe80::1]/',
  'https://169.254.169.254/',
])('%s is never asked', async (address) => {
  expect(await reasonOf(address)).toBe('ADDRESS_REFUSED');
});

test('private networks of the operator may be', () => {
  const theirs = ['10.0.0.1', '172.16.3.4', '192.168.1.1', '127.0.0.1', '::1', 'fd12:3456::1', '8.8.8.8'];
  expect(theirs.filter(isForbidden)).toEqual([]);
});

test('a redirect is not followed; where it is, it leads to no forbidden address', async () => {
  expect(await reasonOf(`http://127.0.0.1:${port}/away`)).toBe(302);
  expect(await reasonOf(`http://127.0.0.1:${port}/away`, { redirect: 'follow' })).toBe('ADDRESS_REFUSED');
  expect(asked).toEqual(['/away', '/away']);
});

test('a name is connected to by the addresses that were checked, all or one', async () => {
  const found = (all: boolean) =>
    new Promise((resolve) => checkedLookup('localhost', { all }, (...given) => resolve(given)));
  expect(await found(true)).toEqual([null, expect.arrayContaining([{ address: '127.0.0.1', family: 4 }])]);
  expect(await found(false)).toEqual([
    null,
    expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/),
    expect.any(Number),
  ]);
});

test('a name that means a forbidden address is refused', async () => {
  // A numeric name is looked up as itself: the same way as one of a name server.
  const given = await new Promise((resolve) =>
    checkedLookup('169.254.169.254', { all: true }, (...answer) => resolve(answer)),
  );
  expect(given).toEqual([expect.objectContaining({ code: 'ADDRESS_REFUSED' }), []]);
});
