/** What people may do to a run, whatever state it is in. */
import type { Decider } from '../../src/domain/approval.ts';
import type { Run, RunStep } from '../../src/domain/run.ts';
import { STEERINGS, steer, steeringsOf } from '../../src/domain/run-steering.ts';

const NOW = new Date('2026-11-22T13:00:00Z');

const step = (index: number, change: Partial<RunStep> = {}): RunStep => ({
  index,
  name: `step ${index}`,
  kind: 'manual',
  risk: 'change',
  state: 'pending',
  ...change,
});
const run = (steps: readonly RunStep[], change: Partial<Run> = {}): Run => ({
  id: 7,
  incidentId: 1,
  runbook: 'x',
  title: 'x',
  target: 'shop',
  params: {},
  requestedBy: 'UASK',
  requestedAt: NOW,
  state: 'running',
  steps,
  ...change,
});
const decider = (id: string, approvers = ['UDBA', 'UASK']): Decider => ({
  id,
  standing: 'member',
  approvers,
});
const failed = run(
  [step(1, { state: 'done' }), step(2, { state: 'failed' }), step(3, { state: 'not_reached' })],
  {
    state: 'failed',
    endedAt: NOW,
  },
);

describe('steering a run', () => {
  it('tries the failed step again, and what was not reached with it', () => {
    expect(steer(failed, 'retry', 'UASK', NOW)).toMatchObject({
      run: { state: 'running', dueAt: NOW },
      steps: [
        { index: 2, state: 'pending', anew: true, retries: 1 },
        { index: 3, state: 'pending' },
      ],
    });
  });

  it('skips the failed step, and goes on behind it', () => {
    expect(steer(failed, 'skip', 'UASK', NOW)).toMatchObject({
      run: { state: 'running' },
      steps: [
        { index: 2, state: 'skipped', verdict: 'Skipped by <@UASK>' },
        { index: 3, state: 'pending' },
      ],
    });
  });

  it('offers nothing for a run that was done, and nothing for one whose outcome is unknown', () => {
    expect(steeringsOf(run([step(1, { state: 'done' })], { state: 'done', endedAt: NOW }))).toEqual([]);
    const unknown = run([step(1, { state: 'unknown', risk: 'dangerous' })], { state: 'unknown' });
    expect(steeringsOf(unknown)).toEqual([]);
    for (const what of STEERINGS)
      expect(steer(unknown, what, 'UASK', NOW)).toMatchObject({ ok: false, code: 'RUN_OUTCOME_UNKNOWN' });
  });

  it('leaves a run alone that has moved on since the button was drawn', () => {
    const waiting = run([step(1, { state: 'done' }), step(2, { state: 'waiting', waitsFor: 'person' })]);
    expect(steer(waiting, 'yes', 'UASK', NOW, { at: 1 })).toMatchObject({ ok: false, code: 'RUN_MOVED_ON' });
    expect(steer(waiting, 'retry', 'UASK', NOW)).toMatchObject({ ok: false, code: 'RUN_MOVED_ON' });
  });

  it('takes a yes of a person for a step that they were asked to do, and a no for its failure', () => {
    const waiting = run([step(1, { state: 'waiting', waitsFor: 'person', verdict: 'Fail over' }), step(2)]);
    expect(steer(waiting, 'yes', 'UASK', NOW, { at: 1 })).toMatchObject({
      run: { state: 'running' },
      steps: [{ index: 1, state: 'done', verdict: 'Confirmed by <@UASK>: Fail over' }],
    });
    expect(steer(waiting, 'no', 'UASK', NOW)).toMatchObject({
      run: { state: 'failed' },
      steps: [{ state: 'failed' }, { index: 2, state: 'not_reached' }],
    });
  });

  it('opens a gate for another approver only, and lets nobody skip it', () => {
    const gate = run([step(1, { kind: 'approval', state: 'waiting', waitsFor: 'approver' }), step(2)]);
    const answer = (who: Decider) => steer(gate, 'yes', who.id, NOW, { decider: who });
    expect(answer(decider('UASK'))).toMatchObject({ ok: false, code: 'APPROVER_IS_REQUESTER' });
    expect(answer(decider('UVIEWER'))).toMatchObject({ ok: false, code: 'NOT_AN_APPROVER' });
    expect(answer({ ...decider('UDBA'), standing: 'guest' })).toMatchObject({ ok: false });
    expect(steer(gate, 'yes', 'UDBA', NOW)).toMatchObject({ ok: false });
    expect(steer(gate, 'skip', 'UDBA', NOW)).toMatchObject({ ok: false, code: 'RUN_MOVED_ON' });
    expect(answer(decider('UDBA'))).toMatchObject({
      steps: [{ state: 'done', verdict: 'Approved by <@UDBA>' }],
    });
    const refused = run([step(1, { kind: 'approval', state: 'failed' })], { state: 'failed', endedAt: NOW });
    expect(steeringsOf(refused)).toEqual(['retry']);
  });

  it('cancels at once what has not begun to change anything, and takes the open approval back', () => {
    const approval = { planHash: 'h', requestedBy: 'UASK', requestedAt: NOW, expiresAt: NOW };
    const plan = { identity: {}, hash: 'h' } as never;
    const open = run([step(1, { risk: 'dangerous', state: 'awaiting_approval', approval, plan }), step(2)]);
    expect(steer(open, 'cancel', 'UOTHER', NOW)).toMatchObject({
      run: { state: 'cancelled', endedAt: NOW },
      steps: [{ state: 'stopped', verdict: 'Cancelled by <@UOTHER>' }, { state: 'not_reached' }],
      approval: { approval: { decision: { kind: 'void', by: 'UOTHER' } } },
    });
  });

  it('asks a dangerous step that runs to stop, and waits for what became of it', () => {
    const running = run([step(1, { risk: 'dangerous', state: 'running' }), step(2)]);
    const move = steer(running, 'cancel', 'UOTHER', NOW);
    expect(move).toMatchObject({ run: { state: 'running', cancelledBy: 'UOTHER' }, steps: [] });
    expect(steeringsOf({ ...running, cancelledBy: 'UOTHER' })).toEqual([]);
  });
});
