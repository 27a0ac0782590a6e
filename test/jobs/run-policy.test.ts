/** What a run makes of time, of failure and of people: by the policy of its steps, over restarts. */
import { z } from 'zod';
import type { StepPolicy } from '../../src/domain/run.ts';
import type { Runbook } from '../../src/domain/runbook.ts';
import {
  defineStep,
  type StepContext,
  type StepKind,
  type StepResult,
  type Waiting,
} from '../../src/runbooks/step.ts';
import { eventually } from '../support/eventually.ts';
import { type Bench, openBench, settingsWith, World } from './run-step-support.ts';

type Answer = StepResult | Waiting | 'hang';

let answers: Answer[] = [];
let calls: StepContext[] = [];

/** A step that answers what the test laid out for it, one answer a call; the last one again and again. */
const kind = (name: string, risk: 'read' | 'change'): StepKind =>
  defineStep({
    kind: name,
    risk,
    dryRun: 'It only looks.',
    input: z.strictObject({}),
    run(context) {
      calls.push(context);
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? ok;
      return answer === 'hang' ? new Promise(() => undefined) : Promise.resolve(answer);
    },
  });

const ok: StepResult = { ok: true, verdict: 'Fine.' };
const bad: StepResult = { ok: false, verdict: 'Not fine.' };

const book = (name: string, ...steps: readonly Partial<Runbook['steps'][number]>[]): Runbook => ({
  name,
  title: name,
  summary: name,
  params: {},
  steps: steps.map((step, index) => ({
    name: `step ${index + 1}`,
    kind: 'look',
    risk: 'read',
    with: {},
    ...step,
  })),
});
const withPolicy = (policy: StepPolicy) => ({ policy });

const RUNBOOKS = [
  book('plain', {}, {}),
  book('retried', withPolicy({ retry: { times: 2, waitMs: 10_000 } }), {}),
  book(
    'goes-on',
    withPolicy({ onFailure: 'continue' }),
    {
      conditions: [{ step: 1, is: 'failed' }],
    },
    { conditions: [{ step: 1, is: 'done' }] },
  ),
  book('timed', withPolicy({ timeoutMs: 60_000 }), {}),
  book('hangs', withPolicy({ timeoutMs: 50 }), {}),
  book('acts', {}, { kind: 'act', risk: 'dangerous' }, {}),
  book('goes-on-acts', { kind: 'act', risk: 'dangerous', policy: { onFailure: 'continue' } }, {}),
];

describe('a run', () => {
  let bench: Bench;
  let world: World;
  beforeAll(async () => {
    world = new World();
    bench = await openBench(
      [kind('look', 'read'), ...world.kinds().filter(({ name }) => name === 'act')],
      RUNBOOKS,
      {
        settings: { ...settingsWith(), breaker: { dangerousPerHour: 100 } },
      },
    );
  });
  beforeEach(async () => {
    answers = [ok];
    calls = [];
    world.execute = () => Promise.resolve(world.done());
    world.executions = [];
    await bench.store.query('update runs set ended_at = now(), due_at = null where ended_at is null');
  });
  afterAll(() => bench.close());

  const started = async (name: string) => (await bench.start(name)).id;
  const later = (ms: number) => bench.clock.advance(ms);
  const steer = (run: number, what: 'retry' | 'skip' | 'cancel' | 'yes' | 'no', by = 'UASK') =>
    bench.runs.steer({ run, what, by });

  it('waits for its time over a restart, and gives the step back what it kept', async () => {
    const until = new Date(bench.clock.now().getTime() + 30_000);
    answers = [{ waitsFor: 'time', until, verdict: 'Waits.', memo: { seen: 1 } }, ok];
    const id = await started('plain');
    expect(await bench.work(id)).toMatchObject({ state: 'running', steps: [{ state: 'waiting' }, {}] });
    expect(await bench.work(id)).toMatchObject({ steps: [{ state: 'waiting' }, {}] });
    expect(calls).toHaveLength(1);
    later(30_000);
    expect(await bench.work(id)).toMatchObject({ state: 'done' });
    expect(calls[1]).toMatchObject({ memo: { seen: 1 }, since: calls[0]?.now });
    expect(calls[0]?.memo).toBeUndefined();
  });

  it('tries a failed step again, so often and so long after, and says so', async () => {
    answers = [bad, bad, ok];
    const id = await started('retried');
    const first = await bench.work(id);
    expect(first.steps[0]).toMatchObject({
      state: 'pending',
      verdict: 'Not fine. Tried again (1 of 2)',
      retries: 1,
    });
    later(10_000);
    await bench.work(id);
    later(10_000);
    expect(await bench.work(id)).toMatchObject({ state: 'done', steps: [{ state: 'done', retries: 2 }, {}] });
    answers = [bad];
    const other = await started('retried');
    for (let turn = 0; turn < 3; turn += 1) {
      await bench.work(other);
      later(10_000);
    }
    expect(await bench.work(other)).toMatchObject({ state: 'failed', steps: [{}, { state: 'not_reached' }] });
    expect(await steer(other, 'retry')).toMatchObject({ ok: true });
    // Whoever tries it again has the policy begin anew.
    expect(await bench.work(other)).toMatchObject({ steps: [{ state: 'pending' }, {}] });
  });

  it('goes on where a step says so, and follows the branch that its failure opens', async () => {
    answers = [bad, ok];
    const run = await bench.work(await started('goes-on'));
    expect(run).toMatchObject({
      state: 'done',
      steps: [
        { state: 'failed' },
        { state: 'done' },
        { state: 'skipped', verdict: 'Only when step 1 is done' },
      ],
    });
    answers = [ok];
    expect(await bench.work(await started('goes-on'))).toMatchObject({
      state: 'done',
      steps: [{ state: 'done' }, { state: 'skipped' }, { state: 'done' }],
    });
    world.execute = () => Promise.resolve({ ...STOPPED });
    const id = await started('goes-on-acts');
    await bench.work(id);
    await bench.approve(id);
    expect(await bench.work(id)).toMatchObject({
      state: 'done',
      steps: [{ state: 'stopped' }, { state: 'done' }],
    });
  });

  it('gives up a step that waits too long, and one that does not come back', async () => {
    answers = [{ waitsFor: 'person', verdict: 'Do it.' }];
    const id = await started('timed');
    expect(await bench.work(id)).toMatchObject({ state: 'waiting' });
    later(60_000);
    const run = await bench.work(id);
    expect(run).toMatchObject({ state: 'failed' });
    expect(run.steps[0]?.verdict).toBe('Not done within 1 min; it was given up. Last: Do it.');
    answers = ['hang'];
    const hung = await bench.work(await started('hangs'));
    expect(hung.steps[0]).toMatchObject({ state: 'failed' });
    expect(calls.at(-1)?.signal.aborted).toBe(true);
  });

  it('lets somebody who responds answer, and tries again what they say is not done', async () => {
    answers = [{ waitsFor: 'person', verdict: 'Fail over.' }];
    const id = await started('plain');
    await bench.work(id);
    expect(await steer(id, 'no', 'UTWO')).toMatchObject({ ok: true, run: { state: 'failed' } });
    expect(await steer(id, 'retry', 'UTWO')).toMatchObject({ ok: true, run: { state: 'running' } });
    await bench.work(id);
    answers = [ok];
    expect(await steer(id, 'yes', 'UTWO')).toMatchObject({ ok: true });
    const run = await bench.work(id);
    expect(run).toMatchObject({
      state: 'done',
      steps: [{ verdict: 'Confirmed by <@UTWO>: Fail over.' }, {}],
    });
    const texts = (await bench.timeline(run.incidentId)).map(({ text }) => text).join('\n');
    for (const said of ['Not done, says <@UTWO>', 'tried again by <@UTWO>', 'Confirmed by <@UTWO>'])
      expect(texts).toContain(said);
    expect(await bench.runs.steer({ run: id, what: 'yes', by: 'UGUEST' })).toMatchObject({
      code: 'NOT_A_MEMBER',
    });
  });

  it('calls the approvers to a gate once, and lets one of them in', async () => {
    answers = [{ waitsFor: 'approver', verdict: 'Take the replica?' }];
    const id = await started('plain');
    const run = await bench.work(id);
    const called = (await bench.effects(run.incidentId)).filter(
      (each) =>
        each.kind === 'say' && each.text.includes('<@UDBA>') && each.text.includes('Take the replica?'),
    );
    expect(called).toHaveLength(1);
    expect(await steer(id, 'yes', 'UASK')).toMatchObject({ code: 'APPROVER_IS_REQUESTER' });
    answers = [ok];
    expect(await steer(id, 'yes', 'UDBA')).toMatchObject({ ok: true });
    expect(await bench.work(id)).toMatchObject({ state: 'done' });
  });

  it('lets nobody through a gate once the incident is over; a no still ends it', async () => {
    answers = [{ waitsFor: 'approver', verdict: 'Take the replica?' }];
    const id = await started('plain');
    const run = await bench.work(id);
    await bench.store.query(`update incidents set status = 'resolved' where id = $1`, [run.incidentId]);
    expect(await steer(id, 'yes', 'UDBA')).toMatchObject({ code: 'RUN_INCIDENT_CLOSED' });
    expect(await steer(id, 'no', 'UDBA')).toMatchObject({ ok: true });
  });

  it('ends at once when it is cancelled while a step looks, whatever that step still finds', async () => {
    answers = ['hang'];
    const id = await started('plain');
    const working = bench.work(id);
    await eventually(() => calls.length === 1);
    expect(await steer(id, 'cancel', 'UTWO')).toMatchObject({ ok: true, run: { state: 'cancelled' } });
    const run = await working;
    expect(run).toMatchObject({
      state: 'cancelled',
      steps: [{ state: 'stopped' }, { state: 'not_reached' }],
    });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it('tells a dangerous step to stop when it is cancelled, keeps what came of it, and goes no further', async () => {
    world.execute = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(world.done()), { once: true }));
    const id = await started('acts');
    await bench.work(id);
    await bench.approve(id);
    const working = bench.work(id);
    await eventually(() => world.executions.length === 1);
    expect(await steer(id, 'cancel')).toMatchObject({ ok: true, run: { state: 'running' } });
    expect(await working).toMatchObject({
      state: 'cancelled',
      steps: [{ state: 'done' }, { state: 'done' }, { state: 'not_reached' }],
    });
    expect(await steer(id, 'cancel')).toMatchObject({ ok: false, code: 'RUN_MOVED_ON' });
  });

  it('plans a stopped step anew when it is tried again, under a marker of its own, with an approval of its own', async () => {
    world.execute = () => Promise.resolve({ ...STOPPED });
    const id = await started('acts');
    await bench.work(id);
    await bench.approve(id);
    expect(await bench.work(id)).toMatchObject({ state: 'stopped' });
    expect(await steer(id, 'retry')).toMatchObject({ ok: true });
    const again = await bench.work(id);
    expect(again).toMatchObject({ state: 'awaiting_approval' });
    expect(again.steps[1]?.approval?.decision).toBeUndefined();
    expect(again.steps[1]?.outcome).toBeUndefined();
    world.execute = () => Promise.resolve(world.done());
    await bench.approve(id);
    expect(await bench.work(id)).toMatchObject({ state: 'done' });
    const [first, second] = world.executions;
    expect(first?.marker.run).not.toBe(second?.marker.run);
  });

  it('is approved by nobody who had it tried again', async () => {
    world.execute = () => Promise.resolve({ ...STOPPED });
    const id = await started('acts');
    await bench.work(id);
    expect(await steer(id, 'cancel')).toMatchObject({ ok: true });
    expect(await steer(id, 'retry', 'UDBA')).toMatchObject({ ok: true });
    await bench.work(id);
    for (const asker of ['UDBA', 'UASK'])
      expect(await bench.approve(id, asker)).toMatchObject({ ok: false, code: 'APPROVER_IS_REQUESTER' });
    expect(await bench.approve(id, 'UTWO')).toMatchObject({ ok: true });
    const { rows } = await bench.store.query('select from approvals where run_id = $1', [id]);
    expect(rows).toHaveLength(2);
  });

  it('counts each execution for the breaker, also those of a step that was tried again', async () => {
    await bench.store.query('delete from executions');
    world.execute = () => Promise.resolve({ ...STOPPED });
    const id = await started('acts');
    for (let turn = 0; turn < 3; turn += 1) {
      await bench.work(id);
      await bench.approve(id, 'UTWO');
      await bench.work(id);
      await steer(id, 'retry');
    }
    const { rows } = await bench.store.query('select from executions where run_id = $1', [id]);
    expect(rows).toHaveLength(3);
  });

  it('is not tried again while another run may change its target, nor by who may not', async () => {
    world.execute = () => Promise.resolve({ ...STOPPED });
    const id = await started('acts');
    await bench.work(id);
    await bench.approve(id);
    await bench.work(id);
    const other = await started('acts');
    expect(await steer(id, 'retry')).toMatchObject({ ok: false, code: 'RUN_ACTIVE' });
    expect(await steer(other, 'cancel')).toMatchObject({ ok: true });
    expect(await steer(id, 'retry', 'UGUEST')).toMatchObject({ ok: false, code: 'NOT_A_MEMBER' });
    expect(await steer(id, 'skip')).toMatchObject({ ok: true });
    expect(await bench.work(id)).toMatchObject({
      state: 'done',
      steps: [{}, { state: 'skipped' }, { state: 'done' }],
    });
  });

  it('keeps no password, token or address of what a step found', async () => {
    const found = {
      ok: true,
      verdict: 'postgres://app:hunter2@db/shop refused jane.doe@example.com',
      output: { rows: [['Bearer abcdefgh12345678', 'password=hunter2', 'xoxb-1234567890-abc']] },
    };
    answers = [found, ok];
    const run = await bench.work(await started('plain'));
    const { rows } = await bench.store.query<{ kept: string }>(
      `select verdict || output::text as kept from run_steps where run_id = $1 and index = 1`,
      [run.id],
    );
    expect(rows[0]?.kept).not.toMatch(/hunter2|jane|abcdefgh|xoxb/);
    expect(rows[0]?.kept).toContain('postgres://[hidden]@db/shop refused [hidden]');
    const texts = JSON.stringify(await bench.timeline(run.incidentId));
    expect(texts).not.toMatch(/hunter2|jane/);
  });
});

const STOPPED = {
  state: 'stopped',
  code: 'LOCK_TIMEOUT',
  verdict: 'The lock was not free.',
  facts: {},
  blockers: [],
} as const;
