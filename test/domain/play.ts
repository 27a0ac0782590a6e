/** What the tests of the core share: people, times, and an incident that intents are played on. */
import { declare } from '../../src/domain/decide/declare.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Effect } from '../../src/domain/effects.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Declaration, Intent, Roster } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';
import type { Refusal } from '../../src/domain/refusal.ts';

export const ONCALL = 'U0000ONCALL';
export const COMMANDER = 'U0COMMANDER';
export const DBA = 'U00000000DBA';
export const BOSS = 'U0000000BOSS';
export const start = new Date('2026-06-03T10:00:00Z');
export const minute = (count: number): Date => new Date(start.getTime() + count * 60_000);

export const accepted = (answer: Decision | Refusal): Decision => {
  if (!answer.ok) throw new Error(`refused: ${answer.code}`);
  return answer;
};

/** A sev2 at 10:00, with parts of the wish replaced. */
export const declared = (wish: Partial<Declaration> = {}, policy: Policy = DEFAULT_POLICY): Decision =>
  accepted(
    declare(1, { by: ONCALL, title: 'order status page is down', severity: 'sev2', ...wish }, start, policy),
  );

/** An intent so many minutes after the declaration. */
export type Step = readonly [minutes: number, intent: Intent];

/** The last decision; all before have to be accepted. */
export function play(begin: Incident, steps: readonly Step[], policy: Policy = DEFAULT_POLICY): Decision {
  return steps.reduce<Decision>(
    ({ incident }, [minutes, intent]) => accepted(decide(incident, intent, minute(minutes), policy)),
    { ok: true, incident: begin, entries: [], effects: [], timers: [] },
  );
}

/** One level of a team, with a wait of five minutes. */
export const roster = (users: readonly string[], more: Partial<Roster> = {}): Roster => ({
  level: 1,
  levels: 1,
  waitSeconds: 300,
  users,
  ways: [],
  problems: [],
  ...more,
});

/** What is said, in the order in which it is. */
export const saidIn = ({ effects }: Pick<Decision, 'effects'>): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'say' ? [effect.text] : []));

/** The messages that are kept current, as `page:1`. */
export const liveIn = (effects: readonly Effect[], kind: string): readonly number[] =>
  effects.flatMap((effect) => {
    if (effect.kind !== 'live' || effect.subject.kind !== kind) return [];
    const { subject } = effect;
    return 'page' in subject ? [subject.page] : 'reminder' in subject ? [subject.reminder] : [];
  });

export const lead: Intent = { kind: 'role', by: COMMANDER, role: 'commander', user: COMMANDER };
export const page: Intent = {
  kind: 'escalate',
  by: ONCALL,
  team: 'database',
  roster: roster([DBA]),
  reason: 'a lock',
};
export const answer = (kind: 'acknowledged' | 'declined', by = DBA, number = 1): Intent => ({
  kind: 'answer-page',
  by,
  page: number,
  answer: kind,
});
export const resolve: Intent = { kind: 'resolve', by: COMMANDER, message: 'rolled back' };
export const reopen: Intent = { kind: 'reopen', by: ONCALL, reason: 'the errors are back' };
