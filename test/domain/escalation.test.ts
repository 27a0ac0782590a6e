import { decide } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Intent, Roster, Wish } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';
import {
  accepted,
  answer,
  BOSS,
  COMMANDER,
  DBA,
  declared,
  liveIn,
  minute,
  ONCALL,
  play,
  reopen,
  resolve,
  roster,
  type Step,
  saidIn,
} from './play.ts';

const policy: Policy = { ...DEFAULT_POLICY, phones: { [DBA]: '+49 30 1' } };
const first = roster([DBA, COMMANDER], { levels: 2 });
const second = roster([BOSS], { level: 2, levels: 2, waitSeconds: 600 });
const page = (of: Roster = first, reason?: string): Intent => ({
  kind: 'escalate',
  by: ONCALL,
  team: 'dba',
  roster: of,
  ...(reason === undefined ? {} : { reason }),
});
const due = (level: number, next?: Roster): Intent => ({
  kind: 'escalation-due',
  escalation: 1,
  level,
  ...(next ? { roster: next } : {}),
});
const unsent = (number: number, reason = 'user_not_found'): Intent => ({
  kind: 'page-unsent',
  page: number,
  reason,
});
const wayUnsent = (more: Partial<Wish<'way-unsent'>> = {}): Intent => ({
  kind: 'way-unsent',
  escalation: 1,
  level: 1,
  way: 'pagerduty',
  reason: 'HTTP 400',
  final: true,
  ...more,
});
const after = (...steps: readonly Step[]): Decision => play(declared().incident, steps, policy);
const texts = ({ entries }: Decision): readonly string[] => entries.map(({ text }) => text);
const states = ({ escalations }: Incident): readonly string[] => escalations.map(({ state }) => state);
const NOTHING = { entries: [], effects: [], timers: [] };

describe('a team that is being paged', () => {
  const paging = after([1, page(first, 'a lock')]).incident;

  test('is not paged a second time by somebody who did not know; a line says it all the same', () => {
    const refused = decide(paging, { ...page(first, 'too'), by: BOSS } as Intent, minute(2), policy);
    expect(refused).toMatchObject({ ok: false, code: 'ALREADY_PAGING', values: { level: 1 } });
    expect(refused).toMatchObject({ offers: [{ line: 'escalate inc-1 --again dba too' }] });
    const again = accepted(decide(paging, { ...page(), again: true } as Intent, minute(2), policy));
    expect(again.incident.escalations).toHaveLength(2);
  });

  test('can be paged anew once somebody has answered', () => {
    const answered = accepted(decide(paging, answer('acknowledged'), minute(2), policy)).incident;
    expect(decide(answered, page(), minute(3), policy).ok).toBe(true);
  });
});

describe('a page to a team', () => {
  const paged = after([1, page(first, 'a lock')]);

  test('goes to everybody of the first level, brings them in, and is told with who asked', () => {
    expect(
      paged.incident.pages.map(({ number, escalation, level, user }) => [number, escalation, level, user]),
    ).toEqual([
      [1, 1, 1, DBA],
      [2, 1, 1, COMMANDER],
    ]);
    expect(liveIn(paged.effects, 'page')).toEqual([1, 2]);
    expect(paged.effects).toContainEqual({ kind: 'invite', incident: 1, users: [DBA, COMMANDER] });
    expect(texts(paged)).toEqual([`Paged dba level 1 of 2 (<@${DBA}>, <@${COMMANDER}>): a lock`]);
    expect(saidIn(paged)).toEqual([
      `:pager: Paged dba level 1 of 2 (<@${DBA}>, <@${COMMANDER}>): a lock, asked for by <@${ONCALL}>`,
    ]);
  });

  test('has a wait that outlives a crash', () => {
    expect(paged.timers).toEqual([
      {
        key: 'escalation-due:1:1:1:wait',
        kind: 'escalation-due',
        dueAt: minute(6),
        payload: { incident: 1, escalation: 1, level: 1 },
      },
    ]);
  });

  test('goes once to a person who is named twice', () => {
    expect(after([1, page(roster([DBA, ONCALL, DBA]))]).incident.pages.map(({ user }) => user)).toEqual([
      DBA,
      ONCALL,
    ]);
  });

  test('of a team with one level names no level', () => {
    expect(texts(after([1, page(roster([DBA]))]))).toEqual([`Paged dba (<@${DBA}>)`]);
  });

  test('to nobody is refused with what could not be read', () => {
    const empty = page(
      roster([], { problems: ['user group <!subteam^S1>: ratelimited', 'rotation x: empty'] }),
    );
    expect(decide(declared().incident, empty, minute(1))).toEqual({
      ok: false,
      code: 'NOBODY_ON_CALL',
      values: { team: 'dba', problems: 'user group <!subteam^S1>: ratelimited; rotation x: empty' },
    });
    expect(decide(declared().incident, page(roster([])), minute(1))).toMatchObject({
      values: { problems: 'none' },
    });
  });

  test('tells what could not be read beside those who were found', () => {
    const partly = after([1, page(roster([DBA], { problems: ['PagerDuty schedule P1: 503'] }))]);
    expect(saidIn(partly)[0]).toContain('\n:warning: Could not be read: PagerDuty schedule P1: 503');
  });

  test('goes by other ways alone when nobody of Slack is on call', () => {
    const { incident, effects, timers } = after([1, page(roster([], { ways: ['pagerduty', 'webhook'] }))]);
    expect(incident.pages).toEqual([]);
    expect(effects.map(({ kind }) => kind)).toEqual(['send-page', 'send-page', 'say', 'live']);
    expect(saidIn({ effects })[0]).toContain('Paged dba (PagerDuty, The webhook)');
    expect(timers).toHaveLength(1);
  });
});

describe('a level that does not answer', () => {
  const next = after([1, page()], [6, due(1, second)]);

  test('is followed by the next one, which is paged and waited for as long as it says', () => {
    expect(texts(next)).toEqual([
      `Paged dba level 1, no answer in 5 min, paging dba level 2 of 2 (<@${BOSS}>)`,
    ]);
    expect(saidIn(next)).toHaveLength(1);
    expect(next.incident.escalations).toMatchObject([
      { state: 'paging', level: 2, levelAt: minute(6), waitSeconds: 600 },
    ]);
    expect(next.incident.pages.at(-1)).toMatchObject({
      number: 3,
      escalation: 1,
      level: 2,
      user: BOSS,
      requestedBy: ONCALL,
    });
    expect(next.timers).toMatchObject([{ key: 'escalation-due:1:1:2:wait', dueAt: minute(16) }]);
  });

  test('does nothing when its timer comes again after a crash', () => {
    expect(accepted(decide(next.incident, due(1, second), minute(6), policy))).toMatchObject(NOTHING);
  });

  test('ends with somebody of the next one: the others read that they are not needed', () => {
    const came = after([1, page()], [6, due(1, second)], [8, answer('acknowledged', BOSS, 3)]);
    expect(states(came.incident)).toEqual(['acknowledged']);
    expect(liveIn(came.effects, 'page')).toEqual([3, 1, 2]);
    expect(saidIn(came)).toEqual([`:white_check_mark: <@${BOSS}> acknowledged the page to dba`]);
    expect(accepted(decide(came.incident, due(2), minute(16), policy))).toMatchObject(NOTHING);
  });

  test('and is the last one is told with whom to call: those who did not decline', () => {
    const last = after([1, page()], [2, answer('declined', COMMANDER, 2)], [6, due(1)]);
    expect(states(last.incident)).toEqual(['exhausted']);
    expect(texts(last)).toEqual([
      `Paged dba level 1, no answer in 5 min, and nobody is left to page. Call them: <@${DBA}> (+49 30 1); or page somebody else`,
    ]);
    expect(last.timers).toEqual([]);
    expect(accepted(decide(last.incident, due(1), minute(6), policy))).toMatchObject(NOTHING);
  });

  test('and whose next one cannot be read is told with why', () => {
    const last = after([1, page()], [6, due(1, roster([], { level: 2, problems: ['rotation x: unknown'] }))]);
    expect(states(last.incident)).toEqual(['exhausted']);
    expect(saidIn(last)[0]).toContain('Could not be read: rotation x: unknown');
  });

  test('and was rung by other ways alone has nobody to call by name', () => {
    const last = after([1, page(roster([], { ways: ['webhook'] }))], [6, due(1)]);
    expect(texts(last)).toEqual([
      'Paged dba level 1, no answer in 5 min, and nobody is left to page. Page somebody else',
    ]);
  });

  test('may come after all: that is as good as an answer in time', () => {
    const late = after([1, page()], [6, due(1)], [30, answer('acknowledged')]);
    expect(states(late.incident)).toEqual(['acknowledged']);
    expect(late.incident.milestones.acknowledged).toMatchObject({ at: minute(30), by: DBA });
  });

  test('does not matter once an escalation is unknown or the incident is over', () => {
    expect(after([1, page()], [2, resolve], [6, due(1, second)])).toMatchObject(NOTHING);
    expect(after([1, { ...due(1, second), escalation: 9 } as Intent])).toMatchObject(NOTHING);
  });
});

describe('a level that declines', () => {
  test('as a whole does not keep the next one waiting', () => {
    const one = after([1, page()], [2, answer('declined')]);
    expect(one.timers).toEqual([]);
    const all = play(one.incident, [[3, answer('declined', COMMANDER, 2)]], policy);
    expect(all.timers).toMatchObject([{ key: 'escalation-due:1:1:1:given-up', dueAt: minute(3) }]);
    const next = play(all.incident, [[3, due(1, second)]], policy);
    expect(texts(next)).toEqual([`Paged dba level 1, all declined, paging dba level 2 of 2 (<@${BOSS}>)`]);
    // The timer of the wait is still there.
    expect(play(next.incident, [[6, due(1, second)]], policy)).toMatchObject(NOTHING);
  });

  test('is waited for all the same when a pager elsewhere may ring somebody', () => {
    const ringing = page(roster([DBA], { ways: ['pagerduty'] }));
    expect(after([1, ringing], [2, answer('declined')]).timers).toEqual([]);
    expect(texts(after([1, ringing], [2, answer('declined')], [6, due(1)]))[0]).toContain(
      'no answer in 5 min',
    );
  });

  test('and is the last one has nobody to call', () => {
    const alone = after([1, page(roster([DBA]))], [2, answer('declined')], [2, due(1)]);
    expect(texts(alone)).toEqual([
      'Paged dba level 1, all declined, and nobody is left to page. Page somebody else',
    ]);
  });

  test('may change its mind, once', () => {
    const came = after([1, page()], [2, answer('declined')], [3, answer('acknowledged')]);
    expect(states(came.incident)).toEqual(['acknowledged']);
    expect(decide(came.incident, answer('declined'), minute(4))).toMatchObject({
      code: 'PAGE_ANSWERED',
      values: { found: 'acknowledged', by: `<@${DBA}>` },
    });
  });
});

describe('an answer', () => {
  const paged = after([1, page()]).incident;

  test.each([
    ['of somebody else', answer('acknowledged', BOSS), 'PAGE_OF_ANOTHER'],
    ['to no page', answer('acknowledged', DBA, 9), 'PAGE_UNKNOWN'],
  ])('%s is refused', (_what, intent, code) => {
    expect(decide(paged, intent, minute(2))).toMatchObject({ code });
  });

  test('after another one is told too: both are coming', () => {
    const both = after([1, page()], [2, answer('acknowledged')], [3, answer('acknowledged', COMMANDER, 2)]);
    expect(saidIn(both)).toEqual([`:white_check_mark: <@${COMMANDER}> acknowledged the page to dba`]);
    expect(both.incident.milestones.acknowledged).toMatchObject({ by: DBA, earlier: [] });
  });

  test('counts for both levels of who is at two: nobody waits for their second one', () => {
    const twice = after(
      [1, page(roster([DBA], { levels: 2 }))],
      [6, due(1, roster([DBA], { level: 2, levels: 2 }))],
    );
    const declined = play(twice.incident, [[7, answer('declined', DBA, 1)]], policy);
    expect(declined.incident.pages.map(({ answer: given }) => given?.kind)).toEqual(['declined', 'declined']);
    expect(liveIn(declined.effects, 'page')).toEqual([1, 2]);
    expect(declined.timers).toMatchObject([{ key: 'escalation-due:1:1:2:given-up' }]);
    const came = play(twice.incident, [[7, answer('acknowledged', DBA, 1)]], policy);
    expect(states(came.incident)).toEqual(['acknowledged']);
  });

  test('after the end is told to be late, and counts for nothing', () => {
    const over = after([1, page()], [2, resolve]).incident;
    expect(states(over)).toEqual(['stopped']);
    expect(decide(over, answer('acknowledged'), minute(3))).toEqual({
      ok: false,
      code: 'PAGE_OVER',
      values: { found: 'resolved', since: '2026-06-03 10:02:00 UTC' },
    });
    const again = play(
      over,
      [
        [4, reopen],
        [5, answer('acknowledged')],
      ],
      policy,
    );
    expect(states(again.incident)).toEqual(['acknowledged']);
  });
});

describe('a page that cannot be sent', () => {
  test('says so with the number to call, and does not keep the next level waiting', () => {
    const lost = after([1, page(roster([DBA], { levels: 2 }))], [1.1, unsent(1)]);
    const words = `The page to <@${DBA}> (dba) could not be sent: user_not_found. Call them: <@${DBA}> (+49 30 1)`;
    expect(texts(lost)).toEqual([words]);
    expect(saidIn(lost)).toEqual([`:warning: ${words}`]);
    expect(lost.timers).toMatchObject([{ key: 'escalation-due:1:1:1:given-up', dueAt: minute(1.1) }]);
    expect(texts(play(lost.incident, [[1.1, due(1, second)]], policy))[0]).toContain('none could be reached');
  });

  test('says so when no number is known', () => {
    expect(texts(after([1, page()], [2, unsent(2)]))[0]).toContain(
      `Call them: <@${COMMANDER}> (no number in firebreak.yml)`,
    );
  });

  test('is told once, and not after an answer, the end, or for no page', () => {
    expect(after([1, page()], [2, unsent(1)], [3, unsent(1)])).toMatchObject(NOTHING);
    expect(after([1, page()], [2, answer('acknowledged')], [3, unsent(1)])).toMatchObject(NOTHING);
    expect(after([1, page()], [2, resolve], [3, unsent(1)])).toMatchObject(NOTHING);
    expect(after([1, unsent(1)])).toMatchObject(NOTHING);
  });

  test('can still be answered by who hears of it', () => {
    expect(states(after([1, page()], [2, unsent(1)], [3, answer('acknowledged')]).incident)).toEqual([
      'acknowledged',
    ]);
  });
});

describe('another way than Slack', () => {
  const both = page(roster([DBA], { levels: 2, ways: ['pagerduty'] }), 'a lock');
  const sent = ({ effects }: Decision) =>
    effects.flatMap((effect) => (effect.kind === 'send-page' ? [effect.page] : []));

  test('is told of each level, of the answer and of the end', () => {
    expect(sent(after([1, both]))).toEqual([
      {
        via: 'pagerduty',
        team: 'dba',
        incident: 1,
        escalation: 1,
        level: 1,
        action: 'trigger',
        title: 'order status page is down',
        severity: 'sev2',
        people: [DBA],
        reason: 'a lock',
      },
    ]);
    expect(sent(after([1, both], [6, due(1, second)]))).toMatchObject([
      { action: 'trigger', level: 2, people: [BOSS] },
    ]);
    expect(sent(after([1, both], [2, answer('acknowledged')]))).toMatchObject([
      { action: 'acknowledge', people: [DBA] },
    ]);
    expect(sent(after([1, both], [2, answer('acknowledged')], [3, resolve]))).toMatchObject([
      { action: 'resolve' },
    ]);
  });

  test.each([
    [true, 'HTTP 400. Call them'],
    [false, 'HTTP 400. It is tried again. Call them'],
  ])('that does not take the page (for good: %s) says so with whom to call', (final, words) => {
    const told = after([1, both], [2, wayUnsent({ final })]);
    expect(texts(told)).toEqual([`PagerDuty did not take the page to dba: ${words}: <@${DBA}> (+49 30 1)`]);
    expect(saidIn(told)).toHaveLength(1);
  });

  test('that rang nobody matters even when the last level is over, and no more when somebody came', () => {
    expect(texts(after([1, both], [6, due(1)], [7, wayUnsent()]))).toHaveLength(1);
    expect(after([1, both], [2, answer('acknowledged')], [3, wayUnsent()])).toMatchObject(NOTHING);
    expect(after([1, wayUnsent()])).toMatchObject(NOTHING);
  });
});

describe('the end of an incident', () => {
  test.each<readonly [string, Intent]>([
    ['resolved', resolve],
    ['cancelled', { kind: 'cancel', by: ONCALL, reason: 'a test' }],
    ['a duplicate', { kind: 'duplicate', by: ONCALL, of: 3 }],
  ])('ends all paging when it is %s: open pages read that no answer is needed', (_what, end) => {
    const ended = after([1, page()], [2, answer('declined')], [3, end]);
    expect(states(ended.incident)).toEqual(['stopped']);
    expect(liveIn(ended.effects, 'page')).toEqual([2]);
  });

  test('leaves what was answered or exhausted as it was', () => {
    expect(states(after([1, page()], [2, answer('acknowledged')], [3, resolve]).incident)).toEqual([
      'acknowledged',
    ]);
    expect(states(after([1, page()], [6, due(1)], [7, resolve]).incident)).toEqual(['exhausted']);
  });
});
