import fc from 'fast-check';
import {
  APPROVAL_TTL_MS,
  type Decider,
  judgeDecision,
  judgeWitness,
  stillApproved,
} from '../../src/domain/approval.ts';
import type { Approval, Run, RunStep, StepState } from '../../src/domain/run.ts';
import { ERRORS } from '../../src/errors.ts';

const asked = new Date('2026-11-22T13:00:00Z');
const expiresAt = new Date(asked.getTime() + APPROVAL_TTL_MS);
const soon = new Date(asked.getTime() + 60_000);
const waiting: Approval = { planHash: 'h1', requestedBy: 'UASK', requestedAt: asked, expiresAt };
const dba: Decider = { id: 'UDBA', standing: 'member', approvers: ['UDBA', 'UASK', 'UTWO'] };

const step = (approval?: Approval, state: StepState = 'awaiting_approval'): RunStep => ({
  index: 1,
  name: 'roll back',
  kind: 'migration-rollback',
  risk: 'dangerous',
  state,
  ...(approval ? { approval } : {}),
});
const run = (only: RunStep = step(waiting)): Run => ({
  id: 7,
  incidentId: 1,
  runbook: 'migration-rollback',
  title: 'Roll back',
  target: 'shop',
  params: {},
  requestedBy: 'UASK',
  requestedAt: asked,
  state: 'awaiting_approval',
  steps: [only],
});
const yes = { step: 1, planHash: 'h1', decision: 'approved' } as const;
const no = { ...yes, decision: 'refused' } as const;
const decidedAs = (kind: NonNullable<Approval['decision']>['kind']): Approval => ({
  ...waiting,
  decision: { kind, by: 'UTWO', at: soon },
});

describe('an approval', () => {
  it('is given by another member of those who may approve', () => {
    expect(judgeDecision(run(), yes, dba, soon)).toMatchObject({ ok: true });
    expect(judgeDecision(run(), no, dba, soon)).toMatchObject({ ok: true });
  });

  it.each([
    ['the requester, though an approver', { ...dba, id: 'UASK' }, 'APPROVER_IS_REQUESTER'],
    ['somebody who is not named', { ...dba, id: 'UNEW' }, 'NOT_AN_APPROVER'],
    ['a guest', { ...dba, standing: 'guest' }, 'NOT_AN_APPROVER'],
    ['a bot', { ...dba, standing: 'bot' }, 'NOT_AN_APPROVER'],
    ['somebody of another workspace', { ...dba, standing: 'foreign' }, 'NOT_AN_APPROVER'],
    ['somebody deactivated', { ...dba, standing: 'deactivated' }, 'NOT_AN_APPROVER'],
    ['somebody Slack does not know', { ...dba, standing: 'unknown' }, 'NOT_AN_APPROVER'],
    ['a terminal', { ...dba, id: 'terminal:ann@db1', standing: 'terminal' }, 'NOT_AN_APPROVER'],
    ['anybody when nobody is named', { ...dba, approvers: [] }, 'NOT_AN_APPROVER'],
  ] as const)('is refused to %s', (_, decider, code) => {
    expect(judgeDecision(run(), yes, decider, soon)).toMatchObject({ ok: false, code });
  });

  it('names who could approve, without the requester', () => {
    expect(judgeDecision(run(), yes, { ...dba, id: 'UNEW' }, soon)).toMatchObject({
      values: { approvers: '<@UDBA>, <@UTWO>' },
    });
    expect(judgeDecision(run(), yes, { ...dba, id: 'UNEW', approvers: ['UASK'] }, soon)).toMatchObject({
      values: { approvers: 'nobody is named' },
    });
  });

  it('can be refused by the requester, who takes it back', () => {
    expect(judgeDecision(run(), no, { ...dba, id: 'UASK', approvers: [] }, soon)).toMatchObject({ ok: true });
  });

  it('is bound to the plan that was read', () => {
    expect(judgeDecision(run(), { ...yes, planHash: 'h0' }, dba, soon)).toMatchObject({
      code: 'PLAN_CHANGED',
      values: { expected: 'h1', found: 'h0' },
    });
  });

  it.each([
    ['approved', 'APPROVAL_DECIDED', 'approved'],
    ['refused', 'APPROVAL_DECIDED', 'refused'],
    ['void', 'APPROVAL_DECIDED', 'found void'],
  ] as const)('that was %s tells a second click who decided', (kind, code, decision) => {
    expect(judgeDecision(run(step(decidedAs(kind))), yes, dba, soon)).toMatchObject({
      code,
      values: { decision, by: '<@UTWO>', at: '13:01 UTC' },
    });
  });

  it('expires', () => {
    expect(judgeDecision(run(), yes, dba, expiresAt)).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(judgeDecision(run(step(decidedAs('expired'))), yes, dba, soon)).toMatchObject({
      code: 'APPROVAL_EXPIRED',
    });
  });

  it('is refused where none was asked for', () => {
    expect(judgeDecision(run(step(undefined, 'planning')), yes, dba, soon)).toMatchObject({
      code: 'NOTHING_TO_APPROVE',
    });
    expect(judgeDecision(run(), { ...yes, step: 9 }, dba, soon)).toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  it('holds until it expires, and a minute after a late yes', () => {
    const approved = (at: Date): Approval => ({ ...waiting, decision: { kind: 'approved', by: 'UDBA', at } });
    const after = (ms: number): Date => new Date(expiresAt.getTime() + ms);
    expect(stillApproved(waiting, soon)).toBe(false);
    expect(stillApproved(decidedAs('void'), soon)).toBe(false);
    expect(stillApproved(approved(soon), after(-1))).toBe(true);
    expect(stillApproved(approved(soon), after(0))).toBe(false);
    expect(stillApproved(approved(after(-1000)), after(58_000))).toBe(true);
    expect(stillApproved(approved(after(-1000)), after(59_000))).toBe(false);
  });

  it('is only ever given by a full member who is named, is not the requester, and is in time', () => {
    const someone = fc.constantFrom('UASK', 'UDBA', 'UTWO', 'UNEW', 'terminal:a@b');
    const cases = fc.record({
      id: someone,
      standing: fc.constantFrom<Decider['standing'][]>(
        'member',
        'guest',
        'foreign',
        'bot',
        'deactivated',
        'unknown',
        'terminal',
      ),
      approvers: fc.uniqueArray(someone),
      planHash: fc.constantFrom('h1', 'h2'),
      minutes: fc.integer({ min: 0, max: 30 }),
      decision: fc.constantFrom<(NonNullable<Approval['decision']>['kind'] | undefined)[]>(
        undefined,
        'approved',
        'refused',
        'expired',
        'void',
      ),
    });
    fc.assert(
      fc.property(cases, ({ id, standing, approvers, planHash, minutes, decision }) => {
        const now = new Date(asked.getTime() + minutes * 60_000);
        const approval = decision ? decidedAs(decision) : waiting;
        const judged = judgeDecision(
          run(step(approval)),
          { ...yes, planHash },
          { id, standing, approvers },
          now,
        );
        const allowed =
          id !== 'UASK' &&
          standing === 'member' &&
          approvers.includes(id) &&
          planHash === 'h1' &&
          minutes < 15 &&
          decision === undefined;
        expect(judged.ok).toBe(allowed);
        if (!judged.ok) expect(Object.keys(ERRORS)).toContain(judged.code);
      }),
    );
  });
});

describe('an unknown outcome', () => {
  it('is told by an approver, and only while it is unknown', () => {
    expect(judgeWitness(run(step(waiting, 'unknown')), 1, dba)).toMatchObject({ ok: true });
    expect(judgeWitness(run(step(waiting, 'unknown')), 1, { ...dba, id: 'UNEW' })).toMatchObject({
      code: 'NOT_AN_APPROVER',
    });
    expect(judgeWitness(run(step(waiting, 'unknown')), 1, { ...dba, id: 'UASK' })).toMatchObject({
      code: 'APPROVER_IS_REQUESTER',
    });
    expect(judgeWitness(run(step(waiting, 'done')), 1, dba)).toMatchObject({ code: 'OUTCOME_KNOWN' });
  });
});
