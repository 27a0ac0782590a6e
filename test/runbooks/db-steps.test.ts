import type pg from 'pg';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { SweepReport } from '../../src/domain/sweep.ts';
import { silentLogger } from '../../src/log.ts';
import { loadRunbooks } from '../../src/runbooks/load.ts';
import {
  isWaiting,
  loadSteps,
  type PlainStep,
  runnable,
  type StepContext,
  type Waiting,
} from '../../src/runbooks/step.ts';
import { RUNBOOKS } from '../../src/version.ts';
import { BAD, createShop, type Shop } from '../databases/shop.ts';
import { openBench } from '../jobs/run-step-support.ts';

const kinds = await loadSteps();
const START = new Date('2026-11-22T14:00:00Z');

describe('a step that looks at the database', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  const contextAt = (seconds: number, more: Partial<StepContext> = {}): StepContext => ({
    target: shop.target,
    now: new Date(START.getTime() + seconds * 1000),
    incident: 1,
    captured: [],
    snapshotSchema: 'firebreak_1',
    earlier: [],
    log: silentLogger,
    signal: new AbortController().signal,
    since: START,
    memo: undefined,
    key: 'k',
    programs: {},
    secrets: {},
    roster: () => Promise.resolve(undefined),
    incidentOf: () => Promise.resolve(undefined),
    ...more,
  });
  const run = (kind: string, input: unknown, context = contextAt(0)) =>
    (kinds.get(kind) as PlainStep).run(context, input);
  async function withProbe<T>(sql: string, work: (target: Target) => Promise<T>): Promise<T> {
    const target = openTarget({ ...shop.config, probes: [{ name: 'p', sql }] });
    try {
      return await work(target);
    } finally {
      await target.close();
    }
  }

  it('db-check fails by what it finds only when it has to be ok, and brings the report all the same', async () => {
    await withProbe('select false as ok', async (target) => {
      const context = contextAt(0, { target });
      const input = { check: 'probes' };
      expect(await run('db-check', input, context)).toMatchObject({ ok: true });
      const failed = await run('db-check', { ...input, expect: 'ok' }, context);
      expect(failed).toMatchObject({ ok: false, output: { checks: [{ check: 'probes', status: 'crit' }] } });
    });
    expect(await run('db-check', { expect: 'ok' })).toMatchObject({ ok: true });
  });

  it('db-check is not ok where nothing could be seen', async () => {
    const target = openTarget({ ...shop.config, probes: [] });
    expect(await run('db-check', { check: 'probes', expect: 'ok' }, contextAt(0, { target }))).toMatchObject({
      ok: false,
    });
    await target.close();
  });

  describe('db-watch', () => {
    const watch = async (seconds: number, memo?: unknown, input: object = {}) =>
      run('db-watch', input, contextAt(seconds, { memo: memo === undefined ? undefined : roundTrip(memo) }));
    /** As the journal keeps it. */
    const roundTrip = (memo: unknown): unknown => JSON.parse(JSON.stringify(memo));
    const waiting = (result: Awaited<ReturnType<typeof watch>>): Waiting => {
      if (!isWaiting(result)) throw new Error('it does not wait');
      return result;
    };

    it('says nothing while all stays as it is, and looks again in time', async () => {
      const first = waiting(await watch(0));
      expect(first).toMatchObject({
        waitsFor: 'time',
        until: new Date(START.getTime() + 30_000),
        effects: [],
        verdict: 'Looks every 30 s until 30 min are over: nothing is wrong.',
      });
      expect((first.output as SweepReport).checks.length).toBeGreaterThan(5);
      const second = waiting(await watch(30, first.memo));
      expect(second.effects).toEqual([]);
      expect(second.until).toEqual(new Date(START.getTime() + 60_000));
    });

    it('says once what has changed, and once that it is over', async () => {
      const before = waiting(await watch(0, undefined, { check: 'blocking' }));
      const holder: pg.Client = await shop.connect('app', '<!channel>');
      await holder.query('begin; select 1 from orders limit 1');
      const waits = shop.query('alter table orders add column x int').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const during = waiting(await watch(30, before.memo, { check: 'blocking' }));
      expect(during.effects).toEqual([
        {
          kind: 'say',
          to: { kind: 'incident', id: 1 },
          text: expect.stringMatching(
            /^:large_yellow_circle: `shop` blocking is warn, was ok: pid .*&lt;!channel&gt;.* blocks 1 session/,
          ) as string,
        },
      ]);
      expect(waiting(await watch(60, during.memo, { check: 'blocking' })).effects).toEqual([]);
      await holder.query('rollback');
      await holder.end();
      await waits;
      const after = waiting(await watch(90, during.memo, { check: 'blocking' }));
      expect(after.effects).toEqual([
        expect.objectContaining({
          text: expect.stringContaining(':white_check_mark: `shop` blocking is ok again.') as string,
        }),
      ]);
    });

    it('ends when its time is over', async () => {
      const input = { every: '10s', for: '1m' };
      const waits = waiting(await watch(40, {}, input));
      expect(waits.until).toEqual(new Date(START.getTime() + 50_000));
      expect(await watch(50, waits.memo, input)).toMatchObject({
        ok: true,
        verdict: 'The 1 min are over: nothing is wrong.',
      });
    });

    it('never looks more often than every 5 s', async () => {
      expect(waiting(await watch(0, undefined, { every: '1s' })).until).toEqual(
        new Date(START.getTime() + 5000),
      );
    });
  });

  it('db-watch goes on by itself as a run of its runbook, and ends', async () => {
    const runbooks = [...(await loadRunbooks(RUNBOOKS, kinds)).values()];
    const bench = await openBench([...runnable(kinds).values()], runbooks, { target: () => shop.target });
    try {
      const incident = await bench.incident();
      const said = async () => (await bench.effects(incident)).filter(({ kind }) => kind === 'say').length;
      const before = await said();
      const { id } = await bench.start('watch', { every: '20s', for: '1m', check: 'connection' }, incident);
      for (let turn = 0; turn < 2; turn += 1) {
        expect(await bench.work(id)).toMatchObject({
          state: 'running',
          steps: [
            {
              state: 'waiting',
              waitsFor: 'time',
              verdict: expect.stringMatching(/^Looks every 20 s/) as string,
            },
          ],
        });
        bench.clock.advance(20_000);
      }
      expect(await bench.work(id)).toMatchObject({ state: 'done', steps: [{ state: 'done' }] });
      expect(await said()).toBe(before);
    } finally {
      await bench.close();
    }
  });

  it('a fresh migration is offered to be rolled back, on this target', async () => {
    await shop.apply(BAD);
    const result = await run('db-check', { check: 'migrations' }, contextAt(0, { now: new Date() }));
    expect(result.output).toMatchObject({
      checks: [{ offers: [{ label: 'Plan the rollback', line: `rollback ${BAD.name} shop` }] }],
    });
  });
});
