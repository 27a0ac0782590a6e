/** The shipped runbooks, each on a real database with the very fault that it is for. */
import type pg from 'pg';
import type { JournalRun } from '../../src/domain/run.ts';
import type { CheckResult, SweepReport } from '../../src/domain/sweep.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import { loadSteps, runnable } from '../../src/runbooks/step.ts';
import { RUNBOOKS } from '../../src/version.ts';
import { BAD, createShop, type Shop } from '../databases/shop.ts';
import { type Bench, openBench, settingsWith } from '../jobs/run-step-support.ts';
import { eventually } from '../support/eventually.ts';
import { startServer, type TestServer } from '../support/server.ts';

const steps = await loadSteps();
const runbooks = [...(await loadRunbooks(RUNBOOKS, steps)).values()];

describe('the runbook', () => {
  let server: TestServer;
  let shop: Shop;
  let bench: Bench;
  const clients: pg.Client[] = [];
  beforeAll(async () => {
    server = await startServer({
      // An archive that takes nothing, and room for few.
      settings: { wal_level: 'replica', archive_mode: 'on', archive_command: 'false', max_connections: '25' },
    });
    shop = await createShop({}, server.url);
    bench = await openBench([...runnable(steps).values()], runbooks, {
      settings: { ...settingsWith({ shop: shop.config }), breaker: { dangerousPerHour: 100 } },
      target: () => shop.target,
      app: { captured: () => Promise.resolve([BAD]), roster: () => Promise.resolve(undefined) },
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.end().catch(() => undefined);
    await bench.store.query('update runs set ended_at = now(), due_at = null where ended_at is null');
  });
  afterAll(async () => {
    await bench.close();
    await shop.close();
    await server.stop();
  });

  async function connect(application: string): Promise<pg.Client> {
    const client = await shop.connect('app', application);
    clients.push(client);
    return client;
  }
  const begin = async (runbook: string, params: Record<string, string> = {}): Promise<JournalRun> =>
    bench.work((await bench.start(runbook, params)).id);
  const stepOf = ({ steps: all }: JournalRun, name: string) => {
    const step = all.find((each) => each.name === name);
    if (!step) throw new Error(`no step ${name} among ${all.map((each) => each.name).join(', ')}`);
    return step;
  };
  const findingOf = (run: JournalRun, name: string): CheckResult => {
    const [found] = (stepOf(run, name).output as SweepReport).checks;
    if (!found) throw new Error(`${name} found nothing`);
    return found;
  };
  const answer = async (run: JournalRun, what: 'yes' | 'no'): Promise<JournalRun> => {
    expect(await bench.runs.steer({ run: run.id, by: 'UTWO', what })).toMatchObject({ ok: true });
    return bench.work(run.id);
  };

  /** Holds a row that another session wants. */
  async function blocked(): Promise<{ readonly pid: number; readonly start: string }> {
    const holder = await connect('billing');
    await holder.query('begin; update orders set total_cents = 1 where id = 1');
    void (await connect('shipping'))
      .query('update orders set total_cents = 2 where id = 1')
      .catch(() => undefined);
    await shop.lockWaits(1);
    const { offers = [] } = await eventually(async () => {
      const found = findingOf(await begin('check', { check: 'blocking' }), 'look');
      return found.offers && found;
    });
    const [, pid = '', start = ''] = /pid=(\d+) backend_start=(\S+)/.exec(offers[0]?.line ?? '') ?? [];
    return { pid: Number(pid), start };
  }

  it('first-five-minutes names what is wrong, and reads only', async () => {
    await blocked();
    const run = await begin('first-five-minutes');
    expect(run).toMatchObject({ state: 'done' });
    expect((run.steps[0]?.output as SweepReport).top.join('\n')).toContain('`billing`');
  });

  it('blocked-queries shows the root, and ends it once somebody else has approved', async () => {
    const { pid, start } = await blocked();
    const look = await begin('blocked-queries');
    expect(look).toMatchObject({
      state: 'done',
      steps: [{ state: 'done' }, { state: 'skipped' }, { state: 'done' }],
    });
    expect(findingOf(look, 'who waits for whom').verdict).toContain(`pid ${pid}`);
    const run = await begin('blocked-queries', { pid: String(pid), backend_start: start });
    expect(run).toMatchObject({ state: 'awaiting_approval' });
    await bench.approve(run.id);
    expect(await bench.work(run.id)).toMatchObject({ state: 'done' });
    expect(await shop.query('select from pg_stat_activity where pid = $1', [pid])).toEqual([]);
  });

  it('connections-exhausted names who holds them, and calls for the owner while there is no room', async () => {
    const leak = await Promise.all(Array.from({ length: 12 }, () => connect('leaky pool')));
    for (const client of leak.slice(0, 3)) await client.query('begin; select 1');
    await shop.query(`alter role ${shop.roles.app} connection limit 12`);
    const run = await begin('connections-exhausted');
    expect(findingOf(run, 'who holds them')).toMatchObject({ status: 'crit' });
    expect(findingOf(run, 'who holds them').verdict).toContain('leaky pool');
    expect(run).toMatchObject({ state: 'waiting' });
    expect(stepOf(run, 'call the owner')).toMatchObject({ state: 'waiting', waitsFor: 'person' });
    await Promise.all(leak.map((client) => client.end()));
    await shop.query(`alter role ${shop.roles.app} connection limit -1`);
    expect(await answer(run, 'yes')).toMatchObject({ state: 'done' });
    const quiet = await begin('connections-exhausted');
    expect(stepOf(quiet, 'call the owner')).toMatchObject({ state: 'skipped' });
  });

  it('replication-lag names the slot that nobody reads, and goes on once it is gone', async () => {
    await shop.query(`select pg_create_physical_replication_slot('left_behind', true)`);
    const run = await begin('replication-lag');
    expect(findingOf(run, 'who is behind')).toMatchObject({ status: 'crit' });
    expect(findingOf(run, 'who is behind').verdict).toContain('left_behind');
    expect(stepOf(run, 'mend it')).toMatchObject({ state: 'waiting' });
    const still = await answer(run, 'yes');
    expect(stepOf(still, 'wait until it has caught up')).toMatchObject({ state: 'pending', retries: 1 });
    await shop.query(`select pg_drop_replication_slot('left_behind')`);
    bench.clock.advance(30_000);
    expect(await bench.work(run.id)).toMatchObject({ state: 'done' });
    expect(stepOf(await begin('replication-lag'), 'mend it')).toMatchObject({ state: 'skipped' });
  });

  it('disk-filling names the archive that takes no WAL, and what is largest', async () => {
    await shop.query('select pg_switch_wal()');
    const failing = await eventually(async () => {
      const [row] = await shop.query<{ failed: string }>(
        'select failed_count::text as failed from pg_stat_archiver',
      );
      return Number(row?.failed) > 0;
    });
    expect(failing).toBe(true);
    const run = await begin('disk-filling');
    expect(findingOf(run, 'WAL and its archive').status).toMatch(/warn|crit/);
    expect(findingOf(run, 'WAL and its archive').verdict).toContain('archiv');
    expect(findingOf(run, 'the largest tables').verdict).toContain('order');
    expect(await answer(run, 'yes')).toMatchObject({ state: 'done' });
  });

  it('bad-deploy looks, has the code taken back first, and then undoes the migration that it brought', async () => {
    await shop.apply(BAD);
    const run = await begin('bad-deploy', { migration: BAD.name });
    expect((stepOf(run, 'look › sweep').output as SweepReport).top.join('\n')).toContain(
      'schema does not match code',
    );
    expect(stepOf(run, 'take the code back')).toMatchObject({ state: 'waiting' });
    const planned = await answer(run, 'yes');
    expect(planned).toMatchObject({ state: 'awaiting_approval' });
    await bench.approve(run.id);
    const ended = await bench.work(run.id);
    expect(ended).toMatchObject({ state: 'done' });
    expect(stepOf(ended, 'look from outside').verdict).toBe('1 of 1 probes are green.');
    expect(await shop.query(`select from pgmigrations where name = '${BAD.name}'`)).toEqual([]);
  });
});
