/** The bot's own store, at the start. */
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/log.ts';
import { openOwnStore } from '../../src/store/own.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;
let dataDir: string;
let said: string;
const log = createLogger({ destination: { write: (line) => void (said += line) } });
const slack = { appToken: 'xapp-1-A0TEST-x' };

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'firebreak-own-'));
});
beforeEach(() => {
  said = '';
});
afterAll(async () => {
  await rm(dataDir, { recursive: true });
  await database.drop();
});

const listening = (server: Server, port: number): Promise<number> =>
  new Promise((done) => {
    server.listen(port, '127.0.0.1', () => done((server.address() as AddressInfo).port));
  });
const closed = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server, 0);
  await closed(server);
  return port;
}

const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

test('a database elsewhere that is away is waited for', async () => {
  const port = await freePort();
  const databaseUrl = changed((url) => (url.port = String(port)));
  const opening = openOwnStore({ databaseUrl, dataDir, slack }, log);
  await eventually(() => said.includes('the store is away: waiting for it'));

  const upstream = Number(new URL(database.url).port);
  const proxy = createServer((client) => client.pipe(connect(upstream, '127.0.0.1')).pipe(client));
  await listening(proxy, port);
  const { store, close } = await opening;
  expect(await store.ready()).toEqual({ ok: true });
  await close();
  await closed(proxy);
});

test.each([
  ['takes our password no more', () => database.urlAs('nobody_of_that_name', 'x')],
  ['does not exist', () => changed((url) => (url.pathname = '/not_there'))],
])('a database that %s fails the start at once', async (_, databaseUrl) => {
  await expect(openOwnStore({ databaseUrl: databaseUrl(), dataDir, slack }, log)).rejects.toThrow();
  expect(said).toBe('');
});
