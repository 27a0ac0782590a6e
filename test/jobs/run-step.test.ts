import { moveRun } from '../../src/app/run-journal.ts';
import { settle } from '../../src/domain/run-moves.ts';
import { listHolds } from '../../src/store/holds.ts';
import { type Bench, openBench, RUNBOOKS, refusal, World } from './run-step-support.ts';
import { gate } from './support.ts';

describe('the worker of runs', () => {
  let bench: Bench;
  let world: World;
  beforeEach(async () => {
    world = new World();
    bench = await openBench(world.kinds(), RUNBOOKS);
  });
  afterEach(() => bench.close());

  const approved = async (): Promise<number> => {
    const { id } = await bench.work((await bench.start('undo')).id);
    expect(await bench.approve(id)).toMatchObject({ ok: true });
    return id;
  };
  const texts = async (run: { incidentId: number }): Promise<string> =>
    (await bench.timeline(run.incidentId)).map(({ text }) => text).join('\n');

  it('runs read and change steps one after the other, and records each', async () => {
    const started = await bench.start('tell', { text: 'hello' });
    const run = await bench.work(started.id);
    expect(run).toMatchObject({
      state: 'done',
      steps: [
        { state: 'done', verdict: 'Told.' },
        { state: 'done', verdict: 'Looked.', output: { seen: 1 } },
      ],
    });
    expect(run.endedAt).toEqual(bench.clock.now());
    const said = (await bench.effects(run.incidentId)).filter(
      (it) => it.kind === 'say' && it.text === 'hello',
    );
    expect(said).toHaveLength(1);
    const entries = await bench.timeline(run.incidentId);
    expect(entries.slice(-3).map(({ kind }) => kind)).toEqual(['step', 'diagnosis', 'run']);
    expect(entries.at(-2)?.details).toMatchObject({
      run: run.id,
      step: 2,
      verdict: 'Looked.',
      duration_ms: 0,
    });
  });

  it('skips a step whose parameter was not given', async () => {
    const run = await bench.work((await bench.start('maybe')).id);
    expect(run).toMatchObject({ state: 'done', steps: [{ state: 'skipped' }, { state: 'done' }] });
    expect(await texts(run)).toContain('look on shop: left out by the parameters');
    expect(world.reads).toBe(1);
  });

  it('ends the run when a step fails', async () => {
    world.readVerdict = new Error('no route to host\0\ud800');
    const run = await bench.work((await bench.start('look')).id);
    expect(run).toMatchObject({ state: 'failed', steps: [{ state: 'failed' }] });
    expect(run.steps[0]?.verdict).toContain('no route to host');
  });

  it('runs a read step again that a crash interrupted', async () => {
    const started = await bench.start('look');
    await bench.store.query(`update run_steps set state = 'running', epoch = 1 where run_id = $1`, [
      started.id,
    ]);
    await bench.store.query(`insert into leases (kind, key, epoch) values ('run', $1, 1)`, [
      String(started.id),
    ]);
    expect(await bench.work(started.id)).toMatchObject({ state: 'done' });
    expect(world.reads).toBe(1);
  });

  it('plans a dangerous step, posts the exact SQL, calls the approvers, and waits', async () => {
    const run = await bench.work((await bench.start('undo')).id);
    expect(run).toMatchObject({
      state: 'awaiting_approval',
      steps: [
        { state: 'awaiting_approval', plan: { hash: 'hash-one' }, approval: { requestedBy: 'UASK' } },
        {},
      ],
    });
    expect(run.steps[0]?.startedAt).toBeUndefined();
    const effects = await bench.effects(run.incidentId);
    expect(effects).toContainEqual(
      expect.objectContaining({ kind: 'file', name: `plan-${run.id}-1.sql`, content: world.plan().sql }),
    );
    expect(effects).toContainEqual({ kind: 'invite', incident: run.incidentId, users: ['UDBA'] });
    expect(effects.map((it) => (it.kind === 'say' ? it.text : '')).join()).toContain(
      '<@UDBA> <!subteam^SDBAS>',
    );
    expect(await bench.work(run.id)).toMatchObject({ state: 'awaiting_approval' });
    expect(world.executions).toHaveLength(0);
  });

  it('stops at a plan that is refused, with the reason and what to do', async () => {
    world.refusal = refusal;
    const run = await bench.work((await bench.start('undo')).id);
    expect(run).toMatchObject({ state: 'stopped', steps: [{ state: 'stopped' }, { state: 'not_reached' }] });
    expect(run.steps[0]?.verdict).toMatch(/has no down.*Write a down/);
  });

  it('executes an approved plan once, holds the migration, and says that the data is still wrong', async () => {
    world.execute = async ({ onXid }) => {
      await onXid({ xid: '4711' });
      return world.done({ rows: 3, data_suspect: 2 });
    };
    const id = await approved();
    const run = await bench.work(id);
    expect(run).toMatchObject({
      state: 'done',
      steps: [{ state: 'done', trace: { xid: '4711' }, outcome: { facts: { rows: 3 } } }, { state: 'done' }],
    });
    expect(world.executions[0]?.marker).toMatchObject({
      run: `${id}-${run.requestedAt.getTime()}`,
      step: 1,
      epoch: run.steps[0]?.epoch,
    });
    expect(await listHolds(bench.store, 'shop')).toMatchObject([{ migration: 'x', runId: id }]);
    const entry = (await bench.timeline(run.incidentId)).find(({ kind }) => kind === 'step');
    expect(entry?.text).toContain('A repair is proposed. (requested by <@UASK>, approved by <@UDBA>)');
    expect(entry?.details).toMatchObject({
      rows: 3,
      requester: 'UASK',
      approver: 'UDBA',
      plan_hash: 'hash-one',
    });
    await bench.work(id);
    expect(world.executions).toHaveLength(1);
  });

  it('writes the intent before it touches the target', async () => {
    let seen: unknown;
    const id = await approved();
    world.execute = async () => {
      seen = (await bench.runs.run(id))?.steps[0];
      return world.done();
    };
    await bench.work(id);
    expect(seen).toMatchObject({ state: 'running', startedAt: bench.clock.now() });
  });

  it('voids an approval when the plan is another one by then', async () => {
    const id = await approved();
    world.hash = 'hash-two';
    const run = await bench.work(id);
    expect(run).toMatchObject({
      state: 'stopped',
      steps: [
        { state: 'stopped', outcome: { code: 'PLAN_VOID' }, approval: { decision: { kind: 'void' } } },
        {},
      ],
    });
    expect(world.executions).toHaveLength(0);
    expect(await texts(run)).toContain('The approved plan is void: planned again it is another one');
  });

  it('voids an approval when no plan can be made any more', async () => {
    const id = await approved();
    world.refusal = refusal;
    expect(await bench.work(id)).toMatchObject({
      state: 'stopped',
      steps: [{ outcome: { code: 'PLAN_VOID' } }, {}],
    });
    expect(world.executions).toHaveLength(0);
  });

  it('cancels a run that nobody approved in time', async () => {
    const { id } = await bench.work((await bench.start('undo')).id);
    bench.clock.advance(15 * 60 * 1000);
    expect(await bench.approve(id)).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(await bench.work(id)).toMatchObject({
      state: 'cancelled',
      steps: [{ state: 'stopped', approval: { decision: { kind: 'expired' } } }, { state: 'not_reached' }],
    });
  });

  it('does not execute on an old yes', async () => {
    const id = await approved();
    bench.clock.advance(16 * 60 * 1000);
    expect(await bench.work(id)).toMatchObject({ state: 'cancelled' });
    expect(world.executions).toHaveLength(0);
  });

  it('stops at the breaker even after an approval', async () => {
    const id = await approved();
    const others = await Promise.all([1, 2, 3].map(() => bench.start('look')));
    await bench.store.query(
      'insert into executions (run_id, step, at) select id, 1, $2 from runs where id = any ($1)',
      [others.map((run) => run.id), bench.clock.now()],
    );
    const run = await bench.work(id);
    expect(run).toMatchObject({ state: 'stopped', steps: [{ outcome: { code: 'REFUSED' } }, {}] });
    expect(world.executions).toHaveLength(0);
  });

  it('passes a stop on, with who was in the way and how to end it', async () => {
    const blocker = {
      pid: 42,
      backendStart: '2026-11-22T12:00:00.000000Z',
      user: 'app',
      application: 'psql',
      state: 'idle in transaction',
      transactionAge: 900,
      query: 'select 1',
      relations: ['orders'],
    };
    world.execute = () =>
      Promise.resolve({
        state: 'stopped',
        code: 'LOCK_TIMEOUT',
        verdict: 'The lock was not free.',
        facts: {},
        blockers: [blocker],
      });
    const run = await bench.work(await approved());
    expect(run).toMatchObject({ state: 'stopped', steps: [{ outcome: { blockers: [{ pid: 42 }] } }, {}] });
    const said = (await bench.effects(run.incidentId))
      .map((it) => (it.kind === 'say' ? it.text : ''))
      .join('\n');
    expect(said).toContain('`pid=42 backend_start=2026-11-22T12:00:00.000000Z`');
    expect(await listHolds(bench.store)).toEqual([]);
  });

  it('shows where a long step is', async () => {
    const id = await approved();
    let seen: string | undefined;
    world.execute = async ({ onProgress }) => {
      await onProgress('Batch 1 of 9');
      await onProgress('Batch 2 of 9');
      seen = (await bench.runs.run(id))?.steps[0]?.verdict;
      return world.done();
    };
    await bench.work(id);
    expect(seen).toBe('Batch 1 of 9');
  });

  describe('when an execution breaks off', () => {
    it.each([
      ['committed', 'done', 'carried out, as the target says'],
      ['aborted', 'stopped', 'not carried out, as the target says'],
    ] as const)('asks the target: %s', async (resolution, state, words) => {
      world.execute = () => Promise.reject(new Error('connection reset'));
      world.resolution = resolution;
      const run = await bench.work(await approved());
      expect(run.state).toBe(state);
      expect(run.steps[0]).toMatchObject({ state, verdict: expect.stringContaining(words) as string });
      expect(await texts(run)).toContain('It broke off: connection reset. The target is asked');
      expect(world.executions).toHaveLength(1);
    });

    it('stays unknown, asks a person once, asks the target again, and takes the word of an approver', async () => {
      world.execute = () => Promise.reject(new Error('connection reset'));
      const id = await approved();
      const run = await bench.work(id);
      expect(run).toMatchObject({ state: 'unknown', steps: [{ state: 'unknown' }, { state: 'pending' }] });
      expect(run.endedAt).toBeUndefined();
      bench.clock.advance(15_000);
      await bench.work(id);
      expect(world.resolutions).toBe(2);
      const asked = (await texts(run)).split('Somebody has to look').length - 1;
      expect(asked).toBe(1);
      const wish = { run: id, step: 1, happened: 'committed', note: 'the column is back' } as const;
      expect(await bench.runs.settleUnknown({ ...wish, by: 'UNEW' })).toMatchObject({
        code: 'NOT_AN_APPROVER',
      });
      expect(await listHolds(bench.store, 'shop')).toEqual([]);
      expect(await bench.runs.settleUnknown({ ...wish, by: 'UDBA' })).toMatchObject({ ok: true });
      expect(await listHolds(bench.store, 'shop')).toMatchObject([{ migration: 'x', runId: id }]);
      expect(await bench.work(id)).toMatchObject({ state: 'done' });
      expect(world.executions).toHaveLength(1);
    });

    it('keeps the target to itself while it is unknown', async () => {
      world.execute = () => Promise.reject(new Error('connection reset'));
      const run = await bench.work(await approved());
      const again = { incident: run.incidentId, runbook: 'undo', params: {}, by: 'UASK' };
      expect(await bench.runs.startRun(again)).toMatchObject({
        code: 'RUN_ACTIVE',
        values: { state: 'unknown' },
      });
    });
  });

  describe('when another instance takes over', () => {
    /** The first worker hangs in the execution; its lease is taken from it. */
    const takenOver = async (resolution: 'committed' | 'aborted') => {
      const id = await approved();
      const hanging = gate();
      const begun = gate();
      let late: Promise<void> | undefined;
      world.execute = async ({ onXid }) => {
        begun.open();
        await hanging.opened;
        late = onXid({ xid: '1' });
        await late;
        return world.done();
      };
      const first = bench.work(id).catch((error: unknown) => error);
      await begun.opened;
      // A new session: the advisory lock of the first one is gone with its connection.
      const lease = await takeLease(id);
      world.resolution = resolution;
      const marks = await bench.store.query<{ epoch: number }>(
        'select epoch from run_steps where run_id = $1',
        [id],
      );
      expect(marks.rows[0]?.epoch).toBe(lease - 1);
      return { id, lease, first, hanging, traced: () => late };
    };
    const takeLease = async (id: number): Promise<number> => {
      const { rows } = await bench.store.query<{ epoch: number }>(
        `update leases set epoch = epoch + 1 where kind = 'run' and key = $1 returning epoch`,
        [String(id)],
      );
      return rows[0]?.epoch ?? 0;
    };

    it('the old one cannot commit: its transaction is refused, and so is its outcome', async () => {
      const { id, first, hanging, traced } = await takenOver('aborted');
      hanging.open();
      expect(await first).toMatchObject({ code: 'LEASE_LOST' });
      await expect(traced()).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await bench.runs.run(id)).toMatchObject({ state: 'running', steps: [{ state: 'running' }, {}] });
      const run = await bench.work(id);
      expect(run).toMatchObject({
        state: 'stopped',
        steps: [{ state: 'stopped' }, { state: 'not_reached' }],
      });
      expect(world.executions).toHaveLength(1);
      expect(await texts(run)).toContain('Firebreak was interrupted while it ran');
    });

    it('the new one finds out that it was committed, and carries on', async () => {
      const { id, first, hanging } = await takenOver('committed');
      hanging.open();
      await first;
      const run = await bench.work(id);
      expect(run).toMatchObject({ state: 'done', steps: [{ state: 'done' }, { state: 'done' }] });
      expect(await listHolds(bench.store, 'shop')).toHaveLength(1);
    });

    it('a stale lease writes nothing at all', async () => {
      const { id, lease, first, hanging } = await takenOver('aborted');
      const before = await bench.runs.run(id);
      const mark = { kind: 'run', key: String(id), epoch: lease - 1 };
      const outcome = world.done();
      await expect(
        moveRun(bench.store, id, mark, bench.clock.now(), (run) =>
          settle(run, run.steps[0] as (typeof run.steps)[number], outcome, { hold: 'x' }, bench.clock.now()),
        ),
      ).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await bench.runs.run(id)).toEqual(before);
      expect(await listHolds(bench.store)).toEqual([]);
      hanging.open();
      await first;
    });
  });
});
