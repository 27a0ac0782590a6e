import { decide, declare } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { channelName, type Incident } from '../../src/domain/incident.ts';
import type { Intent } from '../../src/domain/intents.ts';
import type { Refusal } from '../../src/domain/refusal.ts';

const ONCALL = 'U0000ONCALL';
const COMMANDER = 'U0COMMANDER';
const DBA = 'U00000000DBA';
const start = new Date('2026-06-03T10:00:00Z');
const minute = (count: number): Date => new Date(start.getTime() + count * 60_000);

const accepted = (answer: Decision | Refusal): Decision => {
  if (!answer.ok) throw new Error(`refused: ${answer.code}`);
  return answer;
};
const declared = (title = 'order status page is down'): Decision =>
  accepted(declare(1, { by: ONCALL, title, severity: 'sev2' }, start));
/** What comes of it when each intent is a minute after the one before. */
const after = (...intents: readonly Intent[]): Incident =>
  intents.reduce(
    (incident, intent, index) => accepted(decide(incident, intent, minute(index + 1))).incident,
    declared().incident,
  );
const lead: Intent = { kind: 'role', by: COMMANDER, role: 'commander', user: COMMANDER };
const page: Intent = { kind: 'escalate', by: ONCALL, team: 'database', users: [DBA], reason: 'a lock' };
const answer = (kind: 'acknowledged' | 'declined', by = DBA): Intent => ({
  kind: 'answer-page',
  by,
  page: 1,
  answer: kind,
});
const resolve: Intent = { kind: 'resolve', by: COMMANDER, message: 'rolled back' };
const reopen: Intent = { kind: 'reopen', by: ONCALL, reason: 'the errors are back' };

describe('a declaration', () => {
  test('opens the channel first, invites who declared, and pins the card after it was posted', () => {
    const { effects, entries } = declared();
    expect(effects.map(({ kind }) => kind)).toEqual([
      'create-channel',
      'invite',
      'topic',
      'live',
      'pin',
      'live',
    ]);
    expect(entries).toEqual([
      { at: start, kind: 'declared', actor: ONCALL, text: 'Declared sev2: order status page is down' },
    ]);
  });

  test('invites nobody when a terminal declared', () => {
    const { effects } = accepted(declare(1, { by: 'terminal:root@db', title: 'x', severity: 'sev1' }, start));
    expect(effects.map(({ kind }) => kind)).not.toContain('invite');
  });

  test('takes over when a monitor saw the first failure', () => {
    const detection = { by: 'monitor:x', firstFailedAt: minute(-9), detectedAt: minute(-8), text: 'red' };
    const { incident, entries } = accepted(
      declare(1, { by: ONCALL, title: 'x', severity: 'sev1', detection }, start),
    );
    expect(incident.milestones).toMatchObject({
      impact_started: { at: minute(-9), by: 'monitor:x', recordedAt: start },
      detected: { at: minute(-8) },
      declared: { at: start, by: ONCALL },
    });
    expect(entries.map(({ at }) => at)).toEqual([minute(-8), start]);
  });

  test.each([
    ['no title', ' \n\t ', 'TITLE_MISSING'],
    ['a title of control characters', '\u0000\u202e', 'TITLE_MISSING'],
    ['a long title', 'x'.repeat(201), 'TITLE_TOO_LONG'],
  ])('with %s is refused', (_what, title, code) => {
    expect(declare(1, { by: ONCALL, title, severity: 'sev1' }, start)).toMatchObject({ ok: false, code });
  });

  test('keeps its title on one line', () => {
    expect(declared(' down\r\nsince\u2028the\tdeploy\u0000 \u202eknup ').incident.title).toBe(
      'down since the deploy knup',
    );
  });
});

describe("a channel's name", () => {
  test.each([
    ['order status page is down', 'inc-1-order-status-page-is-down'],
    ['Élan über café', 'inc-1-elan-uber-cafe'],
    ['orders &amp; <https://shop.test/a|the shop> for <@U012ABCDE> <!channel>', 'inc-1-orders-the-shop-for'],
    ['a &lt; b', 'inc-1-a-b'],
    ['注文が見えない', 'inc-1'],
    ['---', 'inc-1'],
    [`${'x'.repeat(73)} y`, `inc-1-${'x'.repeat(73)}`],
  ])('of %j is %s', (title, name) => {
    expect(channelName(1, title)).toBe(name);
  });
});

describe('"acknowledged"', () => {
  test('is set by the first Acknowledge of a page, and stays when somebody takes the lead', () => {
    const { milestones } = after(page, answer('acknowledged'), lead);
    expect(milestones.acknowledged).toEqual({ at: minute(2), by: DBA, recordedAt: minute(2), earlier: [] });
  });

  test('is set by the first lead, and stays when the page is acknowledged', () => {
    const { milestones } = after(page, lead, answer('acknowledged'));
    expect(milestones.acknowledged).toMatchObject({ at: minute(2), by: COMMANDER, earlier: [] });
  });

  test('is not set by a page, a refusal to come, or another role', () => {
    const scribe: Intent = { kind: 'role', by: ONCALL, role: 'scribe', user: DBA };
    expect(after(page, answer('declined'), scribe).milestones.acknowledged).toBeUndefined();
  });

  test('moves when a person corrects it, and keeps what it was', () => {
    const corrected = after(lead, {
      kind: 'milestone',
      by: ONCALL,
      name: 'acknowledged',
      at: minute(0.5),
    });
    expect(corrected.milestones.acknowledged).toMatchObject({
      at: minute(0.5),
      earlier: [{ at: minute(1), by: COMMANDER }],
    });
  });
});

describe('a page', () => {
  test('is answered only by the person who was paged, and once', () => {
    const paged = after(page);
    expect(decide(paged, answer('acknowledged', ONCALL), minute(2))).toMatchObject({
      code: 'PAGE_OF_ANOTHER',
    });
    const answered = after(page, answer('declined'));
    expect(decide(answered, answer('acknowledged'), minute(3))).toMatchObject({ code: 'PAGE_ANSWERED' });
    expect(decide(paged, { ...answer('declined'), page: 2 } as Intent, start)).toMatchObject({
      code: 'PAGE_UNKNOWN',
    });
  });

  test('goes once to a person who is named twice', () => {
    const { incident, timers } = accepted(
      decide(declared().incident, { ...page, users: [DBA, ONCALL, DBA] }, minute(1)),
    );
    expect(incident.pages.map(({ number, user }) => [number, user])).toEqual([
      [1, DBA],
      [2, ONCALL],
    ]);
    expect(timers.map(({ key, dueAt }) => [key, dueAt])).toEqual([
      ['page-unanswered:1:1', minute(6)],
      ['page-unanswered:1:2', minute(6)],
    ]);
  });

  test.each([
    ['unanswered', after(page), 1],
    ['answered', after(page, answer('declined')), 0],
    ['of an incident that is over', after(page, resolve), 0],
  ])('that is %s when its time is over is told %#', (_what, incident, told) => {
    const { entries, effects } = accepted(decide(incident, { kind: 'page-unanswered', page: 1 }, minute(6)));
    expect([entries.length, effects.length]).toEqual([told, told]);
  });
});

describe('an incident that is over', () => {
  test.each<Intent>([
    { kind: 'status', by: ONCALL, to: 'mitigated' },
    { kind: 'status', by: ONCALL, to: 'cancelled' },
    { kind: 'cancel', by: ONCALL, reason: 'a test' },
    { kind: 'escalate', by: ONCALL, team: 'database', users: [DBA] },
    { kind: 'role', by: ONCALL, role: 'scribe', user: DBA },
  ])('refuses to move: %j', (intent) => {
    expect(decide(after(resolve), intent, minute(2))).toEqual({
      ok: false,
      code: 'NOT_OPEN',
      values: { found: 'resolved', number: 1 },
    });
  });

  test('still takes notes, milestones and action items', () => {
    const late = after(
      resolve,
      { kind: 'note', by: ONCALL, text: 'a note', at: minute(-30) },
      { kind: 'milestone', by: ONCALL, name: 'impact_started', at: minute(-20) },
      { kind: 'add-action', by: ONCALL, text: 'test migrations', owner: DBA, due: '2026-07-01' },
      { kind: 'finish-action', by: DBA, number: 1 },
    );
    expect(late).toMatchObject({ status: 'resolved', actionItems: [{ number: 1, done: true }] });
  });

  test('moves again by reopen; a second resolve corrects the milestone and keeps the first', () => {
    expect(after(resolve, reopen, resolve)).toMatchObject({
      status: 'resolved',
      milestones: { resolved: { at: minute(3), earlier: [{ at: minute(1), by: COMMANDER }] } },
    });
  });

  test('cannot be reopened while it is open', () => {
    expect(decide(declared().incident, reopen, start)).toMatchObject({ code: 'ALREADY_OPEN' });
  });
});

describe('what is recorded', () => {
  test('has happened already', () => {
    const { incident } = declared();
    const future: readonly Intent[] = [
      { kind: 'note', by: ONCALL, text: 'a note', at: minute(1) },
      { kind: 'milestone', by: ONCALL, name: 'detected', at: minute(1) },
    ];
    for (const intent of future)
      expect(decide(incident, intent, start)).toEqual({
        ok: false,
        code: 'TIME_IN_FUTURE',
        values: {
          found: '2026-06-03 10:01:00 UTC',
          understood: '2026-06-03 10:01:00 UTC',
          now: '2026-06-03 10:00:00 UTC',
        },
      });
  });

  test('of a resolve without "mitigated" invents no such milestone', () => {
    expect(after(resolve).milestones.mitigated).toBeUndefined();
  });

  test('by the bot itself keeps its own time, facts and effects', () => {
    const effect = { kind: 'topic', incident: 1 } as const;
    const intent: Intent = {
      kind: 'record',
      by: 'monitor:x',
      entry: 'monitor',
      text: 'green',
      at: minute(-1),
      details: { rows: 3 },
      effects: [effect],
    };
    expect(decide(declared().incident, intent, start)).toMatchObject({
      entries: [{ at: minute(-1), kind: 'monitor', actor: 'monitor:x', text: 'green', details: { rows: 3 } }],
      effects: [effect],
    });
  });
});
