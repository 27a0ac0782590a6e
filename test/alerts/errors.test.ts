import { errorsEntrance } from '../../src/alerts/errors.ts';
import { errorCounts, forgetErrorReports, saveErrorReport } from '../../src/store/error-reports.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Answered, startReceiver, type TestReceiver } from '../support/receiver.ts';

const NOW = new Date('2026-03-01T10:00:07Z');
const SLICE = new Date('2026-03-01T10:00:00Z');
const HOUR_MS = 3_600_000;

describe('errors that applications report', () => {
  let database: TestDatabase;
  let store: Store;
  let receiver: TestReceiver;

  beforeAll(async () => {
    database = await createTestDatabase('store');
    store = openStore(database.url);
    const entrance = errorsEntrance({
      targets: { shop: { services: ['orders', 'search'] }, billing: { services: ['search'] } },
      services: ['orders', 'search', 'nobody'],
      report: (report) => saveErrorReport(store, report, NOW),
    });
    receiver = await startReceiver(
      { '/events/errors': () => entrance },
      { now: () => NOW, tokens: [], secrets: { errors: 's3cret' } },
    );
  });
  beforeEach(() => store.query('delete from error_reports'));
  afterAll(async () => {
    await receiver.stop();
    await store.close();
    await database.drop();
  });

  const post = (sent: unknown): Promise<Answered> => receiver.post('/events/errors', JSON.stringify(sent));
  const counted = (target = 'shop', since = NOW) => errorCounts(store)(target, since);

  it('are counted by code, table and ten seconds, over services and reports', async () => {
    const errors = [
      { sqlstate: '42703', relation: 'order_status', count: 4 },
      { sqlstate: '42703', relation: 'order_status' },
      { sqlstate: '40P01' },
      { sqlstate: '42703', relation: 'order_status', at: '2026-03-01T09:59:58Z' },
    ];
    expect(await post({ service: 'orders', errors })).toEqual({
      status: 200,
      body: { ok: true, target: 'shop', counted: 7 },
    });
    await post({ target: 'shop', service: 'search', errors: errors.slice(0, 1) });
    const now = await counted();
    expect(now).toHaveLength(2);
    expect(now).toEqual(
      expect.arrayContaining([
        { at: SLICE, sqlstate: '42703', relation: 'order_status', count: 9 },
        { at: SLICE, sqlstate: '40P01', count: 1 },
      ]),
    );
    expect(await counted('shop', new Date(NOW.getTime() - 10_000))).toHaveLength(3);
    expect(await counted('billing')).toEqual([]);
  });

  it("keep PostgreSQL's own words and the table in them, and nothing of what people wrote", async () => {
    const messages = [
      ['42P01', 'error: relation "shop.orders" does not exist'],
      ['22P02', 'invalid input syntax for type integer: "jane@example.com"'],
      ['P0001', 'Jane Doe may not do that'],
    ] as const;
    await post({ target: 'shop', errors: messages.map(([sqlstate, message]) => ({ sqlstate, message })) });
    expect([...(await counted())].sort((a, b) => (a.sqlstate < b.sqlstate ? -1 : 1))).toEqual([
      { at: SLICE, sqlstate: '22P02', count: 1, sample: 'invalid input syntax for type integer' },
      {
        at: SLICE,
        sqlstate: '42P01',
        relation: 'shop.orders',
        count: 1,
        sample: 'relation "shop.orders" does not exist',
      },
      { at: SLICE, sqlstate: 'P0001', count: 1 },
    ]);
  });

  it('count once for one id, and each time without', async () => {
    const errors = [{ sqlstate: '23505', count: 2 }];
    await post({ target: 'shop', id: 'pod-1:17', errors });
    expect(await post({ target: 'shop', id: 'pod-1:17', errors })).toEqual({
      status: 200,
      body: { ok: true, target: 'shop', counted: 0, known: true },
    });
    expect(receiver.counters.read()).toContainEqual({ entrance: 'errors', outcome: 'known', requests: 1 });
    expect((await post({ target: 'billing', id: 'pod-1:17', errors })).body).toMatchObject({ counted: 2 });
    await post({ target: 'shop', errors });
    await post({ target: 'shop', errors });
    expect(await counted()).toEqual([{ at: SLICE, sqlstate: '23505', count: 6 }]);
  });

  it('make few rows, whatever comes: tables and codes beyond a bound are folded', async () => {
    const tables = Array.from({ length: 300 }, (_, n) => ({ sqlstate: '42P01', relation: `t_${n}` }));
    const codes = Array.from({ length: 300 }, (_, n) => ({ sqlstate: `22${String(n).padStart(3, '0')}` }));
    await post({ target: 'shop', errors: [...tables, ...codes] });
    await post({ target: 'shop', errors: [...tables, ...codes].reverse() });
    const rows = await counted();
    expect(rows.length).toBeLessThanOrEqual(50 + 21 + 2);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(1200);
    expect(rows.filter(({ sqlstate }) => sqlstate === '42P01').map(({ count }) => count)).toContain(560);
  });

  it('add up when many report the same at once', async () => {
    const errors = [{ sqlstate: '57014' }, { sqlstate: '42P01', relation: 'orders' }];
    const all = Array.from({ length: 40 }, (_, n) =>
      post({ target: 'shop', errors: n % 2 ? errors : [...errors].reverse() }),
    );
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 200));
    expect((await counted()).map(({ count }) => count)).toEqual([40, 40]);
  });

  it.each([
    [{ sqlstate: '42703', at: '2026-03-01T08:59:00Z' }, /errors\.0\.at is .*: more than an hour ago/],
    [
      { sqlstate: '42703', at: '2026-03-01T10:06:00Z' },
      /errors\.0\.at is .*: more than 5 minutes in the future/,
    ],
  ])('are refused whole when their time is wrong: %j', async (wrong, message) => {
    const answer = await post({ target: 'shop', errors: [wrong, { sqlstate: '42703' }] });
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(message) as string },
    });
    expect(await counted('shop', new Date(0))).toEqual([]);
  });

  it('by a clock that is a little ahead count as now', async () => {
    await post({ target: 'shop', errors: [{ sqlstate: '42703', at: '2026-03-01T12:04:00+02:00' }] });
    expect(await counted()).toEqual([{ at: SLICE, sqlstate: '42703', count: 1 }]);
  });

  it.each([
    [{ errors: [{ sqlstate: '42703' }] }, 400, 'body is not as expected'],
    [{ target: 'shop', errors: [] }, 400, 'body is not as expected'],
    [{ target: 'shop', errors: [{ sqlstate: '42703', count: 0 }] }, 400, 'body is not as expected'],
    [{ target: 'shop', errors: [{ sqlstate: '00000' }] }, 400, 'body is not as expected'],
    [{ target: 'shop', errors: [{ sqlstate: 'ECONNREFUSED' }] }, 400, 'body is not as expected'],
    [{ target: 'shop', errors: [{ sqlstate: 'EPIPE' }] }, 400, 'body is not as expected'],
    [
      { target: 'shop', errors: [{ sqlstate: '42703', relation: "x' or 1" }] },
      400,
      'body is not as expected',
    ],
    [
      { target: 'shop', errors: Array.from({ length: 1001 }, () => ({ sqlstate: '42703' })) },
      400,
      'body is not',
    ],
    [{ target: 'other', errors: [{ sqlstate: '42703' }] }, 404, 'The target "other" is not known'],
    [{ service: 'other', errors: [{ sqlstate: '42703' }] }, 404, 'The service "other" is not known'],
    [{ service: 'search', errors: [{ sqlstate: '42703' }] }, 400, 'uses the targets shop, billing'],
    [{ service: 'nobody', errors: [{ sqlstate: '42703' }] }, 400, 'uses no target'],
  ])('are refused with the reason: %#', async (sent, status, message) => {
    const answer = await post(sent);
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) as string } });
    expect(answer.body['fix']).not.toBe('');
  });

  it('need the token of their own entrance', async () => {
    const sent = JSON.stringify({ target: 'shop', errors: [{ sqlstate: '42703' }] });
    expect((await receiver.post('/events/errors', sent, {})).status).toBe(401);
    expect(await counted()).toEqual([]);
  });

  it('are forgotten, with their ids', async () => {
    const report = { target: 'shop', errors: [{ sqlstate: '42703' }] };
    await post({ ...report, id: 'once' });
    await forgetErrorReports(store, new Date(NOW.getTime() - HOUR_MS));
    expect((await post({ ...report, id: 'once' })).body).toMatchObject({ known: true });
    await forgetErrorReports(store, new Date(NOW.getTime() + HOUR_MS));
    expect(await counted('shop', new Date(0))).toEqual([]);
    expect((await post({ ...report, id: 'once' })).body).toMatchObject({ counted: 1 });
  });
});
