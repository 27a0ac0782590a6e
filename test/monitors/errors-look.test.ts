import pg from 'pg';
import { openTarget, type Target } from '../../src/databases/target.ts';
import { type ErrorCount, sliceOf } from '../../src/domain/error-counts.ts';
import { createLogger } from '../../src/log.ts';
import type { Looked } from '../../src/monitors/look.ts';
import { lookAtErrors } from '../../src/monitors/looks/errors.ts';
import { eventually } from '../support/eventually.ts';
import { startServer, type TestServer } from '../support/server.ts';

describe('a look at the errors', () => {
  let server: TestServer;
  let admin: pg.Client;
  let site: pg.Client;
  let target: Target;
  let logged: string[];
  let reports: ErrorCount[];
  /** How far the clock of the monitor is ahead. */
  let ahead: number;

  const now = () => new Date(Date.now() + ahead);
  const log = createLogger({ destination: { write: (line) => void logged.push(line) } });
  const reported = (_target: string, since: Date) =>
    Promise.resolve(reports.filter(({ at }) => at.getTime() > since.getTime() - 10_000));
  const make = (of = target, limits: Readonly<Record<string, number>> = {}) =>
    lookAtErrors(of, { kind: 'errors', limits }, { now, log, reported });
  /** As the store hands a memory back. */
  const kept = ({ memory }: Looked): unknown => JSON.parse(JSON.stringify(memory));
  const countsIn = ({ memory }: Looked) => (memory as { readonly counts: readonly ErrorCount[] }).counts;
  const report = (sqlstate: string, count: number, relation?: string): ErrorCount => ({
    sqlstate,
    count,
    relation,
    at: sliceOf(now()),
  });
  const fail = (sql: string): Promise<unknown> => site.query(sql).catch(() => undefined);

  const connect = async (application: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url, application_name: application });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const targetAt = (url: URL): Target =>
    openTarget({
      name: 'shop',
      urls: { diag: url.href },
      tool: 'node-pg-migrate',
      probes: [],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });

  beforeAll(async () => {
    server = await startServer({
      settings: { logging_collector: 'on', log_directory: 'log', log_destination: 'jsonlog' },
    });
    admin = await connect('admin');
    site = await connect('site');
    await admin.query(`create role firebreak_diag login password 'secret'`);
    const url = new URL(server.url);
    [url.username, url.password] = ['firebreak_diag', 'secret'];
    target = targetAt(url);
  }, 60_000);
  beforeEach(() => {
    [logged, reports, ahead] = [[], [], 0];
  });
  afterAll(async () => {
    await target.close();
    await admin.end();
    await site.end();
    await server.stop();
  });

  it('counts what is reported, and says once that the log cannot be read, and how it could', async () => {
    const look = make();
    const first = await look(undefined);
    expect(first).toMatchObject({ symptoms: [], uneasy: false });
    expect(logged.join('')).toContain('GRANT pg_monitor TO firebreak_diag');
    reports = [report('42703', 2, 'order_status')];
    const second = await look(kept(first));
    expect(second).toMatchObject({ symptoms: [], uneasy: false });
    reports.push(report('42703', 1, 'orders'));
    const third = await look(kept(second));
    expect(third.symptoms).toEqual([
      {
        key: 'errors:42703',
        error:
          'Schema does not match code: a column that queries name is not there; 3 errors within a minute',
        sqlstate: '42703',
        relations: ['order_status', 'orders'],
        next: 'db migrations shop',
      },
    ]);
    ahead = 600_000;
    expect(await look(kept(third))).toMatchObject({ symptoms: [], uneasy: false });
    expect(logged).toHaveLength(1);
  });

  it('is red by each code at its own threshold, and tells the most telling first', async () => {
    reports = [
      report('23505', 29),
      report('57014', 10),
      report('XX001', 1),
      report('42P01', 3),
      report('40001', 21),
    ];
    const before = await make()(undefined);
    const { symptoms } = before;
    expect(symptoms.map(({ key }) => key)).toEqual(['errors:42P01', 'errors:XX001', 'errors:57014']);
    // What there is of others all the time keeps nothing from ending.
    reports = [report('23505', 29), report('57014', 3)];
    const less = await make()(kept(before));
    expect(less).toMatchObject({ symptoms: [], uneasy: true });
    reports = [report('23505', 29), report('57014', 2)];
    const well = await make()(kept(less));
    expect(well).toMatchObject({ symptoms: [], uneasy: false });
    reports = [report('23505', 29), report('57014', 3)];
    expect(await make()(kept(well))).toMatchObject({ symptoms: [], uneasy: false });
  });

  it('lives with what the settings allow of a code or a class', async () => {
    reports = [report('23505', 200), report('23514', 30), report('08006', 90)];
    const { symptoms } = await make(target, { '23505': 300, '08': 100 })(undefined);
    expect(symptoms.map(({ key }) => key)).toEqual(['errors:23514']);
  });

  describe('with a log that it may read', () => {
    beforeAll(() =>
      admin.query(`
        grant pg_monitor to firebreak_diag;
        grant execute on function pg_read_binary_file(text, bigint, bigint) to firebreak_diag`),
    );

    it('has them from there, over looks and restarts, and lets them go after a minute', async () => {
      const first = await make()(undefined);
      for (let n = 0; n < 2; n += 1) await fail('select o.total from orders o');
      let last = first;
      await eventually(async () => {
        last = await make()(kept(last));
        return countsIn(last).reduce((sum, { count }) => sum + count, 0) === 2;
      });
      expect(last.symptoms).toEqual([]);
      await fail('select o.total from orders o');
      // The same errors, as the application counts them, are not more.
      reports = [report('42P01', 2, 'orders')];
      await eventually(async () => {
        last = await make()(kept(last));
        return last.symptoms.length > 0;
      });
      expect(last.symptoms).toEqual([
        {
          key: 'errors:42P01',
          error:
            'Schema does not match code: a table that queries name is not there; 3 errors within a minute, ' +
            'such as: relation "orders" does not exist',
          sqlstate: '42P01',
          relations: ['orders'],
          next: 'db migrations shop',
        },
      ]);
      ahead = 71_000;
      expect(await make()(kept(last))).toMatchObject({ symptoms: [], uneasy: false });
      expect(logged).toEqual([]);
    });

    it('neither begins nor ends anything while the database does not answer', async () => {
      const memory = kept(await make()(undefined));
      const nowhere = targetAt(new URL('postgres://firebreak_diag:secret@127.0.0.1:1/postgres'));
      ahead = 71_000;
      const unanswered = await make(nowhere)(memory);
      expect(unanswered).toMatchObject({ symptoms: [], uneasy: true });
      expect(kept(unanswered)).toEqual({ ...(memory as object), counts: [] });
      expect(await make(nowhere)(undefined)).toMatchObject({ symptoms: [], uneasy: false });
      await nowhere.close();
    });
  });
});
