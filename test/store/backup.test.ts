/** A store as one file: what comes out is what went in, whatever it was, and on whatever server it is filled again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { backUp } from '../../src/store/backup.ts';
import { copyIn } from '../../src/store/copy.ts';
import { migrate, shippedMigrations } from '../../src/store/migrate.ts';
import { restore } from '../../src/store/restore.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { TABLES } from '../../src/store/tables.ts';
import { PACKAGE_ROOT, VERSION } from '../../src/version.ts';
import { firebreak } from '../cli/support.ts';
import { createTestApp, PEOPLE, type TestApp } from '../support/app.ts';
import { MAIN } from '../support/built.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startServer, type TestServer } from '../support/server.ts';

const OLDER = '/usr/lib/postgresql/15/bin';
const NOW = new Date('2026-06-03T11:00:00Z');
const ODD =
  'tab\there, a line\n\\.\nand \\N, "quoted" \'so\', \u{1f525} Ünïcödé, {"a": 1}, ${x}, \\x00, end\\';

let full: TestApp;
let folder: string;
let file: string;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  full = await createTestApp();
  await fill(full);
  folder = await mkdtemp(join(tmpdir(), 'firebreak-backup-'));
  file = join(folder, 'store.fbk');
  await backUp(full.store, file, NOW);
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});
afterAll(async () => {
  await full.close();
  await rm(folder, { recursive: true });
});

test('the tables of a backup are all that the store has, each after those that it refers to', async () => {
  const { rows: there } = await full.store.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  );
  const { rows: references } = await full.store.query<{ from: string; to: string }>(
    `select conrelid::regclass::text as from, confrelid::regclass::text as to from pg_constraint where contype = 'f'`,
  );
  expect([...TABLES, 'firebreak_migrations'].sort()).toEqual(there.map(({ name }) => name).sort());
  expect(references.length).toBeGreaterThan(10);
  expect(references.filter(({ from, to }) => TABLES.indexOf(from) < TABLES.indexOf(to))).toEqual([]);
});

test('the file is for its owner alone, and nothing is left beside it', async () => {
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).filter((name) => name.startsWith('store'))).toEqual(['store.fbk']);
});

test('a file that is there is kept, whatever it is', async () => {
  const there = join(folder, 'firebreak.yml');
  await writeFile(there, 'slack: {}');
  await expect(backUp(full.store, there, NOW)).rejects.toMatchObject({ code: 'BACKUP_THERE' });
  expect(await readFile(there, 'utf8')).toBe('slack: {}');
});

test('a database without a store is no backup, and leaves no file', async () => {
  const empty = await emptyStore();
  await expect(backUp(empty, join(folder, 'none'), NOW)).rejects.toMatchObject({ code: 'BACKUP_NOTHING' });
  expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
});

(existsSync(OLDER) ? test : test.skip)(
  'goes to PostgreSQL 15, as a role that is no superuser, and back, and every value is the same',
  async () => {
    const older = await startServer({ bin: OLDER });
    opened.push(() => older.stop());
    const there = await ownedStore(older);
    await restore(there, file);
    const again = join(folder, 'again');
    await backUp(there, again, NOW);
    expect((await contentOf(again)) === (await contentOf(file))).toBe(true);
    const back = await emptyStore();
    await restore(back, again);
    const { rows } = await back.query('select name, bytes from stored_files order by file_id');
    const { rows: before } = await full.store.query('select name, bytes from stored_files order by file_id');
    expect(rows).toEqual(before);
    const { rows: texts } = await back.query<{ text: string }>(
      `select content ->> 'text' as text from timeline_contents where content ->> 'text' like 'tab%'`,
    );
    expect(texts).toEqual([{ text: ODD }]);
    await rm(again);
  },
  60_000,
);

test('the restored store goes on: the next number, the append-only timeline, the present schema', async () => {
  const store = await emptyStore();
  const { header, rows } = await restore(store, file);
  expect(header).toMatchObject({ program: VERSION, made_at: NOW.toISOString() });
  expect(rows).toMatchObject({ incidents: 1 });
  expect(await migrate(store)).toEqual([]);
  const { rows: next } = await store.query(`select nextval(pg_get_serial_sequence('incidents', 'id')) as id`);
  // Incident 2 was taken and is gone: its number does not come back.
  expect(next).toEqual([{ id: 3 }]);
  await expect(store.query('delete from timeline')).rejects.toThrow('append-only');
});

test('what is written meanwhile is whole or not there', async () => {
  const busy = join(folder, 'busy');
  const over = new AbortController();
  const noting = (async () => {
    while (!over.signal.aborted) await full.say(PEOPLE.oncall, 'note inc-1 meanwhile');
  })();
  await backUp(full.store, busy, NOW);
  over.abort();
  await noting;
  const store = await emptyStore();
  await restore(store, busy);
  const { rows } = await store.query(
    `select count(*) as links, count(c.seq) as contents, max(t.seq) as last
       from timeline t left join timeline_contents c using (incident_id, seq)`,
  );
  const [{ links, contents, last }] = rows as [{ links: number; contents: number; last: number }];
  expect({ links, contents }).toEqual({ links: last, contents: last });
  await rm(busy);
});

test('the backup of an older schema is brought up to the present one', async () => {
  const migrations = join(PACKAGE_ROOT, 'src/store/migrations');
  const shipped = await shippedMigrations();
  const older = await mkdtemp(join(tmpdir(), 'firebreak-older-'));
  for (const name of shipped.slice(0, 2)) await copyFile(join(migrations, name), join(older, name));
  const store = await emptyStore();
  await migrate(store, VERSION, older);
  await store.query(
    `insert into incidents (title, severity, status, status_since, declared_by, declared_at)
     values ('old', 'sev1', 'open', now(), 'U1', now())`,
  );
  const old = join(older, 'old');
  await backUp(store, old, NOW);
  const present = await emptyStore();
  await restore(present, old);
  expect(await migrate(present)).toEqual([]);
  expect((await present.query('select title, left_out from incidents')).rows).toEqual([
    { title: 'old', left_out: [] },
  ]);
  await rm(older, { recursive: true });
});

test('one of a newer schema says which version it wants', async () => {
  const newer = await forged((text) =>
    text.replace(`"program":"${VERSION}"`, '"program":"7.1.0"').replace('.sql"]', '.sql","9000_later.sql"]'),
  );
  const store = await emptyStore();
  await expect(restore(store, newer)).rejects.toMatchObject({
    code: 'BACKUP_TOO_NEW',
    fix: expect.stringContaining('7.1.0') as string,
  });
  expect(await tablesOf(store)).toEqual([]);
});

test('a timeline that somebody changed in the file is restored, and named', async () => {
  const changed = await forged((text) => text.replaceAll('order status page is down', 'nothing was down'));
  const store = await emptyStore();
  const { code, err } = await firebreak(['restore', changed], { DATABASE_URL: plain(store.url) });
  expect(code).toBe(1);
  expect(err).toContain('changed around Firebreak: inc-1.');
});

test.each([
  ['cut', (it: string) => truncate(it, 900), 'unexpected end of file'],
  ['cut before it begins', (it: string) => truncate(it, 0), 'unexpected end of file'],
  ['of nothing', (it: string) => rewrite(it, () => ''), 'it is empty'],
  ['with another byte', flip, 'incorrect data check'],
  ['that is none', (it: string) => writeFile(it, 'create table x ();'), 'incorrect header check'],
  ['without its end', (it: string) => rewrite(it, (text) => text.replace(/\{"rows.*\n$/, '')), 'its end'],
  [
    'with other words and the old checksum',
    (it: string) => rewrite(it, (text) => text.replace('Ünïcödé', 'Unicode')),
    'checksum',
  ],
])('a file %s restores nothing', async (_how, spoil, reason) => {
  const spoiled = join(folder, 'spoiled');
  await copyFile(file, spoiled);
  await spoil(spoiled);
  const store = await emptyStore();
  await expect(restore(store, spoiled)).rejects.toMatchObject({
    code: 'BACKUP_BROKEN',
    message: expect.stringMatching(reason) as string,
  });
  expect(await tablesOf(store)).toEqual([]);
});

test('a store with anything in it is refused, and stays as it is', async () => {
  const store = await emptyStore();
  await migrate(store);
  await store.query(`insert into people (user_id, name, seen_at) values ('U1', 'one', now())`);
  await expect(restore(store, file)).rejects.toMatchObject({
    code: 'STORE_NOT_EMPTY',
    message: expect.stringContaining('people') as string,
  });
  expect((await store.query('select user_id from people')).rows).toEqual([{ user_id: 'U1' }]);
  expect((await store.query('select id from incidents')).rows).toEqual([]);
});

test('a store that a bot is connected to is refused', async () => {
  const store = await emptyStore();
  const bot = openStore(plain(store.url));
  opened.push(() => bot.close());
  await migrate(bot);
  await bot.query('select 1');
  await expect(restore(store, file)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
});

test.each([
  ['refused at its beginning', 'copy nowhere (id) from stdin', 'relation "nowhere" does not exist'],
  ['refused at its end', 'copy people (user_id) from stdin', 'null value in column "name"'],
])("a COPY that is %s ends with the server's reason", async (_how, sql, reason) => {
  const client = full.store.dedicated({ application_name: 'test', query_timeout: 0 });
  await client.connect();
  opened.push(() => client.end());
  await expect(pipeline(Readable.from([Buffer.from('U9\n')]), copyIn(client, sql))).rejects.toThrow(reason);
  expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
});

test('a restore that is killed half-way leaves nothing, and can be begun again', async () => {
  const store = await emptyStore();
  await migrate(store);
  const blocker = store.dedicated({ application_name: 'somebody' });
  await blocker.connect();
  await blocker.query('begin; lock table timers in exclusive mode');
  const child = spawn(process.execPath, [MAIN, 'restore', file], {
    env: { ...process.env, DATABASE_URL: plain(store.url) },
    stdio: 'ignore',
  });
  const waits = `select pid from pg_stat_activity where application_name = 'firebreak-restore'`;
  await eventually(async () => {
    const { rows } = await store.query(
      `${waits} and wait_event_type = 'Lock' and query like 'copy "timers"%'`,
    );
    return rows.length === 1;
  });
  await killed(child);
  await blocker.query('rollback');
  await blocker.end();
  await eventually(async () => (await store.query(waits)).rows.length === 0);
  const { rows } = await store.query('select from incidents union all select from people');
  expect(rows).toEqual([]);
  expect(await restore(store, file)).toMatchObject({ rows: { incidents: 1 } });
});

async function fill(bot: TestApp): Promise<void> {
  const { store } = bot;
  await bot.say(PEOPLE.oncall, 'declare sev2 order status page is down');
  await bot.say(PEOPLE.oncall, 'note inc-1 x');
  await bot.say(PEOPLE.dba, 'timeline inc-1 redact 2 a pasted password');
  await store.query(`select nextval(pg_get_serial_sequence('incidents', 'id'))`);
  const { rows } = await store.query<{ n: number }>('select max(seq) as n from timeline');
  const seq = (rows[0]?.n ?? 0) + 1;
  await store.query(`insert into timeline values (1, $1, now(), now(), 'note', 'U1', 'not', 'chained')`, [
    seq,
  ]);
  await store.query(
    'insert into timeline_contents (incident_id, seq, salt, content) values (1, $1, $2, $3)',
    [seq, 's', JSON.stringify({ text: ODD, details: { deep: [null, 1.5, { '': ODD }] } })],
  );
  await store.query(
    `insert into messages (channel_id, ts, incident_id, author, posted_at) values ('C1', '1.1', 1, $1, now())`,
    [ODD],
  );
  const bytes = Buffer.alloc(3_000_000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
  for (const [id, content] of [
    ['F1', bytes],
    ['F2', Buffer.alloc(0)],
    ['F3', null],
  ] as const)
    await store.query(
      `insert into stored_files (channel_id, ts, file_id, name, type, size, bytes) values ('C1', '1.1', $1, $2, '', 9007199254740991, $3)`,
      [id, ODD, content],
    );
  await store.query(
    `insert into changes (source, external_id, kind, title, services, targets, at, received_at, details)
     values ('x', $1, 'deploy', '', $2, '{}', '2026-06-03 10:00:00.123456+05', 'infinity', '{}')`,
    [ODD, [ODD, 'NULL', '']],
  );
}

/** All but the first line, which has the time of the backup. */
async function contentOf(path: string): Promise<string> {
  const text = gunzipSync(await readFile(path)).toString('utf8');
  return text.slice(text.indexOf('\n'));
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  const inItsSum = bytes.length - 6;
  bytes[inItsSum] = (bytes[inItsSum] ?? 0) ^ 0xff;
  await writeFile(path, bytes);
}

const rewrite = async (path: string, change: (text: string) => string): Promise<void> =>
  writeFile(path, gzipSync(change(gunzipSync(await readFile(path)).toString('utf8'))));

/** The backup with other content, and a checksum that says nothing of it. */
async function forged(change: (text: string) => string): Promise<string> {
  const path = join(folder, 'forged');
  await copyFile(file, path);
  await rewrite(path, (text) => {
    const end = text.lastIndexOf('{"rows"');
    const content = change(text.slice(0, end));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return `${content}${JSON.stringify({ ...(JSON.parse(text.slice(end)) as object), sha256 })}\n`;
  });
  return path;
}

const emptyStore = async (): Promise<Store> => storeOf(await createTestDatabase('empty'));

function storeOf(database: TestDatabase, url = database.url): Store {
  // Under a name of its own: a restore refuses a store that a Firebreak is connected to.
  const store = openStore(`${url}?application_name=test`);
  opened.push(
    () => database.drop(),
    () => store.close(),
  );
  return store;
}

const plain = (url: string): string => url.replace(/\?.*/, '');

/** On another server, of a role that may do nothing but own its database. */
async function ownedStore(server: TestServer): Promise<Store> {
  const database = await createTestDatabase('empty', server.url);
  const admin = openStore(server.url);
  await admin.query(`create role keeper login password 'keeper'`);
  await admin.query(`alter database ${database.name} owner to keeper`);
  await admin.close();
  return storeOf(database, database.urlAs('keeper', 'keeper'));
}

async function tablesOf(store: Store): Promise<readonly unknown[]> {
  const { rows } = await store.query(`select 1 from pg_class where relnamespace = 'public'::regnamespace`);
  return rows;
}

const killed = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGKILL');
  });
