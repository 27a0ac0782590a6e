/** What the running bot says of itself while its parts go away and come back. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { openRunning, type Running } from './scenarios/support.ts';
import { eventually } from './support/eventually.ts';
import { parseExposition, type Series } from './support/exposition.ts';

const ALL_WELL = { ok: true, database: 'ok', slack: 'ok', queue: 'ok', monitors: 'ok' };

describe('the bot, looked at from outside', () => {
  let world: Running;
  let url: string;
  let site: Server;
  /** While it is set the site keeps its visitors waiting. */
  let held: ServerResponse[] | undefined;

  beforeAll(async () => {
    site = createServer((_request, response) => (held ? void held.push(response) : response.end('well')));
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    const { port } = site.address() as AddressInfo;
    const page = { http: { url: `http://127.0.0.1:${port}/` }, every_s: 2, timeout_s: 60 };
    world = await openRunning({ config: () => ({ monitors: { site: page } }), start: false });
    ({ url } = await world.another());
  });
  afterAll(async () => {
    site.closeAllConnections();
    site.close();
    await world.close();
  });

  const ready = async (): Promise<readonly unknown[]> => {
    const response = await fetch(`${url}/readyz`);
    return [response.status, await response.json()];
  };
  const becomes = (status: number, state: object): Promise<unknown> =>
    eventually(async () => {
      const seen = await ready();
      expect(seen).toEqual([status, state]);
      return true;
    });
  const metrics = async (): Promise<Series> => {
    const response = await fetch(`${url}/metrics`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    return parseExposition(await response.text());
  };

  it('is ready once its monitors have looked, and counts what there is', async () => {
    await becomes(200, ALL_WELL);
    await fetch(`${url}/nothing`);
    await world.declare('declare sev2 --private the keys of Mallory leaked');
    const series = Object.fromEntries(await metrics());
    expect(series).toMatchObject({
      'firebreak_incidents_open{severity="sev1"}': 0,
      'firebreak_incidents_open{severity="sev2"}': 1,
      firebreak_database_up: 1,
      firebreak_slack_connected: 1,
      firebreak_outbox_waiting: 0,
      firebreak_outbox_oldest_seconds: 0,
      firebreak_inbox_open: 0,
      firebreak_timers_late: 0,
      firebreak_deliveries_refused: 0,
      'firebreak_alerts{outcome="dropped"}': 0,
      'firebreak_proposals{outcome="undecided"}': 0,
      'firebreak_runs{state="awaiting_approval"}': 0,
      'firebreak_monitor_red{monitor="site"}': 0,
      'firebreak_monitor_late{monitor="site"}': 0,
      'firebreak_http_requests_total{entrance="none",outcome="unknown"}': 1,
    });
    expect(series['firebreak_slack_last_call_seconds']).toBeGreaterThan(0);
    expect(series['process_resident_memory_bytes']).toBeGreaterThan(
      series['nodejs_heap_size_used_bytes'] ?? NaN,
    );
    expect(series['nodejs_eventloop_lag_p99_seconds']).toBeGreaterThanOrEqual(0);
    expect(Object.keys(series).join('\n')).not.toMatch(/Mallory|keys|U0/);
  });

  it('is not ready while a monitor is late', async () => {
    held = [];
    await eventually(() => held?.length);
    await world.advanceAlone(30_000);
    await becomes(503, { ...ALL_WELL, ok: false, monitors: 'late: site' });
    expect((await metrics()).get('firebreak_monitor_late{monitor="site"}')).toBe(1);
    for (const response of held) response.end('well');
    held = undefined;
    await becomes(200, ALL_WELL);
  });

  it('is alive, and not ready, while its database is away', async () => {
    const { pathname } = new URL(world.database.url);
    const name = pathname.slice(1);
    const admin = new pg.Client({ connectionString: process.env['FIREBREAK_TEST_SERVER'] });
    await admin.connect();
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    const unknown = 'not known while the database is away';
    await becomes(503, {
      ok: false,
      database: expect.stringMatching(/^the store does not answer: /) as string,
      slack: 'ok',
      queue: unknown,
      monitors: unknown,
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const series = await metrics();
    expect([series.get('firebreak_database_up'), series.has('firebreak_outbox_waiting')]).toEqual([0, false]);
    expect(series.get('firebreak_spool_waiting')).toBe(0);
    expect(await world.say('oncall', 'incidents', 'declare sev3 the search is slow')).toContain(
      'kept on disk',
    );
    await becomes(503, {
      ok: false,
      database: expect.anything() as string,
      slack: 'ok',
      queue: expect.stringMatching(/^not known .*; 1 kept on disk, the oldest for \d+ s$/) as string,
      monitors: unknown,
    });
    expect((await metrics()).get('firebreak_spool_waiting')).toBe(1);
    expect((await metrics()).get('firebreak_spool_oldest_seconds')).toBeLessThan(10);
    await admin.query(`alter database ${name} allow_connections true`);
    await admin.end();
    await becomes(200, ALL_WELL);
    await eventually(async () => (await metrics()).get('firebreak_spool_waiting') === 0);
    // As old as a replay wants it; its monitor looks again meanwhile.
    await world.advanceAlone(20_000);
    await eventually(async () => (await metrics()).get('firebreak_incidents_open{severity="sev3"}') === 1);
    await becomes(200, ALL_WELL);
  });

  it('is not ready while what could be sent waits', async () => {
    await world.control('POST', 'faults', {
      method: 'chat.postMessage',
      kind: 'timeout',
      effect: 'before',
      times: 1,
    });
    await world.say('oncall', 'incidents', 'declare sev1 orders are down');
    await eventually(async () => (await metrics()).get('firebreak_outbox_waiting'));
    await world.advanceAlone(90_000);
    await eventually(async () => {
      const [status, body] = await ready();
      expect([status, body]).toEqual([
        503,
        expect.objectContaining({ slack: 'ok', queue: expect.stringContaining('waited') as string }),
      ]);
      return true;
    });
    expect((await metrics()).get('firebreak_outbox_stuck_seconds')).toBeGreaterThan(60);
  });

  it('is not ready while Slack is away, which the queue is not blamed for', async () => {
    await world.slack.stop();
    await becomes(503, { ...ALL_WELL, ok: false, slack: 'not connected' });
    const series = await metrics();
    expect(series.get('firebreak_slack_connected')).toBe(0);
    expect(series.get('firebreak_outbox_waiting')).toBeGreaterThan(0);
  });
});
