import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { readEntries } from '../../src/databases/log-entries.ts';
import { type LogPosition, type LogRead, readServerLog } from '../../src/databases/server-log.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import { eventually } from '../support/eventually.ts';
import { startServer, type TestServer } from '../support/server.ts';

type Read = Extract<LogRead, { kind: 'read' }>;

describe("the errors in a server's log", () => {
  let server: TestServer;
  let admin: pg.Client;
  let target: Target;
  const clients: pg.Client[] = [];

  async function connect(application: string, database = 'postgres'): Promise<pg.Client> {
    const url = new URL(server.url);
    url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href, application_name: application });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }
  const fail = (client: pg.Client, sql: string, params: unknown[] = []): Promise<unknown> =>
    client.query(sql, params).catch(() => undefined);
  const look = async (before?: LogPosition): Promise<Read> => {
    const read = await readServerLog(target, before, new Date());
    if (read.kind !== 'read') throw new Error(read.reason);
    return read;
  };
  /** Reads on until this many errors have come. */
  async function until(errors: number, before: LogPosition): Promise<Read> {
    const counts: Read['counts'][number][] = [];
    let position = before;
    return eventually(async () => {
      const read = await look(position);
      ({ position } = read);
      counts.push(...read.counts);
      const found = counts.reduce((sum, { count }) => sum + count, 0);
      return found >= errors && { ...read, counts };
    });
  }
  const told = ({ counts }: Read) =>
    counts.map(({ sqlstate, relation = '-', count }) => `${count} × ${sqlstate} ${relation}`).sort();
  /** Where the log ends now. */
  const end = async (): Promise<LogPosition> => (await look()).position;

  beforeAll(async () => {
    server = await startServer({
      settings: { logging_collector: 'on', log_directory: 'log', log_timezone: 'Asia/Kolkata' },
    });
    admin = await connect('admin');
    await admin.query(`
      create role firebreak_diag login password 'secret';
      create table orders (id int primary key);
      create table order_status (id int, state text)`);
    await admin.query('create database other');
    const url = new URL(server.url);
    [url.username, url.password] = ['firebreak_diag', 'secret'];
    target = openTarget({
      name: 'shop',
      urls: { diag: url.href },
      tool: 'node-pg-migrate',
      probes: [],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });
  }, 60_000);
  afterAll(async () => {
    await target.close();
    for (const client of clients) await client.end().catch(() => undefined);
    await server.stop();
  });

  it('cannot be read without the right, and not as plain text: each with what to do', async () => {
    const refused = await readServerLog(target, undefined, new Date());
    if (refused.kind !== 'unreadable') throw new Error('it was read');
    expect(refused.reason).toMatch(/^The role firebreak_diag may not read the server's log\./);
    await admin.query(refused.fix);
    expect(await readServerLog(target, undefined, new Date())).toMatchObject({
      kind: 'unreadable',
      reason: 'The server writes its log as plain text only, in which errors have no code.',
      fix: expect.stringContaining('jsonlog') as string,
    });
  });

  it('cannot be told apart in CSV of another language', async () => {
    // No locale but C is sure to be there.
    const german: Target = {
      ...target,
      read: async <Row extends object>(...asked: Parameters<Target['read']>) => {
        const rows = await target.read<Row>(...asked);
        return rows.map((row) => ({ ...row, csv: 'log/a.csv', language: 'de_DE.UTF-8' }));
      },
    };
    expect(await readServerLog(german, undefined, new Date())).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('de_DE.UTF-8') as string,
      fix: expect.stringContaining("lc_messages = 'C'") as string,
    });
  });

  describe.each([
    ['jsonlog', '.json'],
    ['csvlog', '.csv'],
  ])('written as %s', (format, suffix) => {
    let site: pg.Client;
    beforeAll(async () => {
      await admin.query(`alter system set log_destination = '${format}'`);
      await admin.query('select pg_reload_conf()');
      await eventually(async () => (await look()).position.file.endsWith(suffix));
      site = await connect('site');
    });

    it('are counted by code and table, ours and those of other databases left out', async () => {
      const start = await end();
      const other = await connect('site', 'other');
      const own = await connect('firebreak');
      for (const client of [other, own]) await fail(client, 'select * from nowhere');
      await fail(site, 'select * from nowhere');
      for (let n = 0; n < 3; n += 1)
        await fail(site, 'select o.id, s."Zustand" from orders o join order_status s on s.id = o.id');
      await fail(site, 'insert into order_status (id) values ($1)', [
        'jane@example.com\n2026-01-01 00:00:00.000 UTC,"x"',
      ]);
      await fail(site, `do $$ begin raise exception 'Jane, "doe"' using errcode = 'XX001'; end $$`);
      const read = await until(6, start);
      expect(told(read)).toEqual([
        '1 × 22P02 order_status',
        '1 × 42P01 nowhere',
        '1 × XX001 -',
        '3 × 42703 order_status',
      ]);
      expect(read.counts.map(({ sample }) => sample)).toContain('relation "nowhere" does not exist');
      expect(JSON.stringify(read)).not.toMatch(/jane/i);
      const ages = read.counts.map(({ at }) => Date.now() - at.getTime());
      expect(Math.max(...ages)).toBeLessThan(60_000);
      expect((await look(read.position)).counts).toEqual([]);
    });

    it('are read on in the next file, from where the last one was left', async () => {
      const start = await end();
      await fail(site, 'select 1 / 0');
      // A file is named by its second: within the same one there is no next file.
      await eventually(
        async () => {
          await admin.query('select pg_rotate_logfile()');
          return (await look(start)).position.file !== start.file;
        },
        { every: 200 },
      );
      await fail(site, 'table nowhere');
      expect(told(await until(2, start))).toEqual(['1 × 22012 -', '1 × 42P01 nowhere']);
    });

    it('are read at most 1 MiB a look: the end counts, and what was passed over is told', async () => {
      const start = await end();
      await fail(site, `select '${'ä,"\n'.repeat(400_000)}'::int`);
      await fail(site, 'table nowhere');
      const read = await eventually(async () => {
        const found = await look(start);
        return told(found).includes('1 × 42P01 nowhere') && found;
      });
      expect(told(read)).toEqual(['1 × 42P01 nowhere']);
      expect(read.passedOver).toBeGreaterThan(200_000);
      expect((await look(read.position)).passedOver).toBe(0);
    });
  });

  it('that are older than a minute say nothing about now', async () => {
    const start = await end();
    const site = await connect('site');
    await fail(site, 'table nowhere');
    const { position } = await until(1, start);
    const file = join(server.cluster, position.file);
    const now = (await readFile(file, 'utf8')).split('\n').find((line) => line.includes(',42P01,'));
    await appendFile(file, `${now?.replace(/^\d{4}/, '2020') ?? ''}\n`);
    await fail(site, 'table elsewhere');
    expect(told(await until(1, position))).toEqual(['1 × 42P01 elsewhere']);
  });
});

describe('entries of a log', () => {
  const json = (message: string): string =>
    `{"timestamp":"2026-03-01 10:00:00.123 UTC","dbname":"shop","error_severity":"ERROR","state_code":"42P01","message":${JSON.stringify(message)},"statement":"table \\"ä\\"","cursor_position":7}\n`;
  const csv = (message: string): string =>
    `2026-03-01 10:00:00.123 UTC,"site","shop",7,"[local]",65a.7,3,"SELECT",2026-03-01 09:00:00 UTC,2/3,0,ERROR,42P01,"${message.replaceAll('"', '""')}",,,,,,"table ""ä""",7,,"site","client backend",,0\n`;

  it.each(['json', 'csv'] as const)('in %s wait until they are whole', (format) => {
    const entry = format === 'json' ? json : csv;
    const [first, second] = [entry('relation "ä" does not exist'), entry('two\nlines, "quoted"')];
    const whole = Buffer.from(first + second);
    for (let cut = Buffer.byteLength(first); cut < whole.length; cut += 1) {
      const read = readEntries(whole.subarray(0, cut), format, false);
      expect([read.entries.length, read.bytes]).toEqual([1, Buffer.byteLength(first)]);
    }
    const read = readEntries(whole, format, false);
    expect(read.bytes).toBe(whole.length);
    expect(read.entries).toEqual([
      expect.objectContaining({
        at: expect.stringContaining('2026-03-01 10:00:00.123') as string,
        database: 'shop',
        severity: 'ERROR',
        sqlstate: '42P01',
        message: 'relation "ä" does not exist',
        statement: 'table "ä"',
        position: 7,
      }),
      expect.objectContaining({ message: 'two\nlines, "quoted"' }),
    ]);
  });

  it.each(['json', 'csv'] as const)('in %s are found again behind what is cut off', (format) => {
    const entry = format === 'json' ? json : csv;
    const text = Buffer.from(entry('first, "cut"') + entry('second'));
    expect(readEntries(text.subarray(20), format, true).entries.map(({ message }) => message)).toEqual([
      'second',
    ]);
    const rest = Buffer.from(`rest of a ""long"" statement",7,,"site"\n${entry('second')}`);
    expect(readEntries(rest, format, false).entries.map(({ message }) => message)).toEqual(['second']);
    const torn = Buffer.concat([text.subarray(0, 90), Buffer.from('\n'), text]);
    expect(readEntries(torn, format, false).entries.map(({ message }) => message)).toContain('second');
  });

  it('in CSV that somebody wrote into a value are not believed', () => {
    const forged = csv('x').trimEnd();
    const read = readEntries(Buffer.from(csv(`invalid input: "1\n${forged}\n"`)), 'csv', false);
    expect(read.entries).toHaveLength(1);
  });
});
