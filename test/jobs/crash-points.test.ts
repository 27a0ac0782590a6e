/** `kill -9` at every point of a run of ten steps, and SIGSTOP in the worst: no effect twice, no finished step lost. */
import { spawn } from 'node:child_process';
import pg from 'pg';
import { declareIncident } from '../../src/app/incidents.ts';
import type { Run } from '../../src/domain/run.ts';
import { loadTimeline } from '../../src/store/timeline.ts';
import { built } from '../support/built.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, openInstance } from './crash-kinds.ts';
import { settingsWith } from './run-step-support.ts';

const CHILD = built('test/jobs/crash-child');

describe('kill -9', () => {
  let store: TestDatabase;
  let target: TestDatabase;
  let admin: pg.Client;
  let instance: Instance;
  beforeAll(async () => {
    store = await createTestDatabase('store');
    target = await createTestDatabase('empty');
    admin = new pg.Client({ connectionString: target.url });
    await admin.connect();
    await admin.query('create table effects (run bigint not null, step int not null)');
    instance = openInstance({ store: store.url, target: target.url });
  });
  afterAll(async () => {
    await instance.close();
    await admin.end();
    await store.drop();
    await target.drop();
  });

  async function started(on: string): Promise<Run> {
    const wish = { by: 'UASK', title: 'Order status', severity: 'sev1', anyway: true } as const;
    const declared = await declareIncident(instance.store, wish, {}, new Date(), settingsWith(), new Set());
    if (!declared.ok) throw new Error(declared.code);
    const incident = declared.incident.id;
    const begun = await instance.runs.startRun({
      incident,
      runbook: 'ten-steps',
      params: { target: on },
      by: 'UASK',
    });
    if (!begun.ok) throw new Error(begun.code);
    return begun.run;
  }

  const spawned = (run: Run, at: number, signal: string) =>
    spawn(process.execPath, [CHILD, store.url, target.url, String(run.id), String(at), signal], {
      stdio: ['ignore', 'pipe', signal === 'SIGKILL' ? 'inherit' : 'ignore'],
    });

  /** The number of points passed; undefined when it was killed. */
  const childOn = (run: Run, at: number): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const child = spawned(run, at, 'SIGKILL');
      let said = '';
      child.stdout.on('data', (text) => (said += String(text)));
      child.once('close', (code, signal) => {
        if (signal === 'SIGKILL') resolve(undefined);
        else if (code === 0) resolve(Number(said));
        else reject(new Error(`the child ended with ${code}`));
      });
    });

  /** Another instance takes the run over; what was not carried out is tried again by a person. */
  async function takenOver(id: number): Promise<Run> {
    return eventually(
      async () => {
        const run = await instance.bringForward(id);
        // A lease or a transaction of the killed one may be open for a moment yet.
        if (run.state === 'unknown')
          await instance.store.query('update runs set due_at = requested_at where id = $1', [id]);
        if (run.state === 'stopped') await instance.runs.steer({ run: id, what: 'retry', by: 'UASK' });
        return run.state === 'done' && run;
      },
      { within: 20_000 },
    );
  }

  const finished = ({ steps }: Run) => steps.filter(({ state }) => state === 'done' || state === 'stopped');

  async function expectOnce(run: Run): Promise<void> {
    const { rows } = await admin.query<{ step: number; times: number }>(
      'select step, count(*)::int as times from effects where run = $1 group by step order by step',
      [run.id],
    );
    expect(rows).toEqual([3, 5, 7, 10].map((step) => ({ step, times: 1 })));
    const said = await instance.store.query<{ text: string; times: number }>(
      `select effect ->> 'text' as text, count(*)::int as times
         from outbox
        where lane = $1 and effect ->> 'text' like 'told %'
        group by 1 order by 1`,
      [`incident:${run.incidentId}`],
    );
    expect(said.rows).toEqual(['told 2', 'told 6', 'told 9'].map((text) => ({ text, times: 1 })));
    const timeline = await loadTimeline(instance.store, run.incidentId);
    for (const { name } of run.steps) {
      const ends = timeline.filter(
        ({ kind, text }) =>
          (kind === 'step' || kind === 'diagnosis') &&
          text?.includes(`, ${name} on`) &&
          /(?:Acted|Told|Looked|: carried out, as the target says)/.test(text),
      );
      expect([name, ends.length]).toEqual([name, 1]);
    }
  }

  /** In the middle of a transaction that is not in the journal yet. */
  const FROZEN_AT = 9;

  /** Frozen, it holds its lease and an open transaction; taken over within 15 s, it wakes and may write nothing. */
  async function freeze(on: string): Promise<void> {
    const run = await started(on);
    const child = spawned(run, FROZEN_AT, 'SIGSTOP');
    const exited = new Promise((resolve) => child.once('close', resolve));
    try {
      const stateNow = async () => (await instance.runs.run(run.id))?.steps[2]?.state;
      await eventually(async () => (await stateNow()) === 'running');
      const frozen = performance.now();
      const adopted = await eventually(
        async () => {
          await instance.bringForward(run.id);
          return (await stateNow()) !== 'running' && performance.now();
        },
        { within: 20_000, every: 200 },
      );
      expect(adopted - frozen).toBeLessThan(15_000);
      const after = await takenOver(run.id);
      child.kill('SIGCONT');
      await exited;
      expect(await instance.runs.run(run.id)).toEqual(after);
      await expectOnce(after);
    } finally {
      child.kill('SIGKILL');
    }
  }

  it('and SIGSTOP at any point repeat no effect and lose no finished step', async () => {
    const whole = await started('shop');
    const points = (await childOn(whole, 0)) ?? 0;
    await expectOnce(await takenOver(whole.id));
    expect(points).toBeGreaterThan(40);

    let next = 1;
    const kill = async (on: string): Promise<void> => {
      while (next <= points) {
        const at = next++;
        const run = await started(on);
        expect([at, await childOn(run, at)]).toEqual([at, undefined]);
        const before = finished((await instance.runs.run(run.id)) as Run);
        const after = await takenOver(run.id);
        for (const { index, verdict, endedAt } of before.filter(({ state }) => state === 'done'))
          expect(after.steps[index - 1]).toMatchObject({ state: 'done', verdict, endedAt });
        await expectOnce(after);
      }
    };
    await Promise.all([kill('shop'), kill('shop-2'), freeze('shop-3')]);
  }, 120_000);
});
