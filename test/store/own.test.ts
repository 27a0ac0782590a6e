/** The bot's own store, at the start. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/log.ts';
import { isAway } from '../../src/store/away.ts';
import { openOwnStore } from '../../src/store/own.ts';
import { openStore } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDoor } from '../support/door.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;
let dataDir: string;
let said: string;
const log = createLogger({ destination: { write: (line) => void (said += line) } });
const slack = { link: { kind: 'socket', appToken: 'xapp-1-A0TEST-x' } } as const;

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

const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

test('a database elsewhere that is away is waited for', async () => {
  const door = await createDoor(database.url, { shut: true });
  const opening = openOwnStore({ databaseUrl: door.through(database.url), dataDir, slack }, log);
  await eventually(() => said.includes('the store is away: waiting for it'));
  await door.open();
  const { store, close } = await opening;
  expect(await store.ready()).toEqual({ ok: true });
  await close();
  await door.shut();
});

test.each([
  ['takes our password no more', () => database.urlAs('nobody_of_that_name', 'x')],
  ['does not exist', () => changed((url) => (url.pathname = '/not_there'))],
])('a database that %s fails the start at once', async (_, databaseUrl) => {
  await expect(openOwnStore({ databaseUrl: databaseUrl(), dataDir, slack }, log)).rejects.toThrow();
  expect(said).toBe('');
});

test('a server whose Unix socket is not there is away; a file that a URL names is not', async () => {
  const url = `postgres:///x?host=${dataDir}`;
  const noSocket: unknown = await openStore(url)
    .query('select 1')
    .catch((error: unknown) => error);
  expect(isAway(noSocket)).toBe(true);
  expect(isAway(Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' }))).toBe(false);
});

test('bots of two Slack apps over HTTP keep apart what they keep', async () => {
  const opened = (signingSecret: string) =>
    openOwnStore(
      { databaseUrl: database.url, dataDir, slack: { link: { kind: 'http', signingSecret } } },
      log,
    );
  const [one, other] = [await opened('secret of the one'), await opened('secret of the other')];
  const receivedAt = new Date();
  for (const { spool } of [one, other])
    await spool.keep({ key: 'k', kind: 'command', payload: {}, receivedAt, refused: false });
  await Promise.all([one.close(), other.close()]);
  const folders = await readdir(join(dataDir, 'spool'));
  expect(folders).toHaveLength(2);
  for (const name of folders) expect(await readdir(join(dataDir, 'spool', name))).toHaveLength(1);
  expect(folders.join()).not.toContain('secret');
});
