import fc from 'fast-check';
import { actionReminderAt } from '../../src/domain/action-reminders.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { Effect } from '../../src/domain/effects.ts';
import type { ActionItem, Incident } from '../../src/domain/incident.ts';
import type { Intent } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import { anIncident } from '../slack/support.ts';

const ONCALL = 'U0000ONCALL';
const DBA = 'U00000000DBA';
const NOW = new Date('2026-06-03T10:00:00Z');
const policy = { ...DEFAULT_POLICY, timezone: 'Europe/Berlin' };
const tracking = { ...policy, tracker: 'GitHub' };

const over = (change: Partial<Incident> = {}): Incident =>
  anIncident({
    status: 'resolved',
    severity: 'sev5',
    roles: { commander: ONCALL },
    statusSince: NOW,
    ...change,
  });
const item = (change: Partial<ActionItem> = {}): ActionItem => ({
  number: 1,
  text: 'test migrations',
  done: false,
  createdBy: ONCALL,
  ...change,
});
function made(incident: Incident, intent: Intent, now = NOW, by: typeof policy = policy): Decision {
  const decision = decide(incident, intent, now, by);
  if (!decision.ok) throw new Error(`${decision.code} ${JSON.stringify(decision.values)}`);
  return decision;
}
const refused = (incident: Incident, intent: Intent): unknown => {
  const decision = decide(incident, intent, NOW, policy);
  return decision.ok ? 'not refused' : decision.code;
};
const directTo = (user: string, effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((each) =>
    each.kind === 'say' && each.to.kind === 'user' && each.to.id === user ? [each.text] : [],
  );
const add = (change: object = {}): Intent => ({ kind: 'add-action', by: ONCALL, text: 'test it', ...change });

describe('an action item', () => {
  it.each(['', ' ', '<@U00000000DBA>', '@dba', '<@U00000000DBA> <!subteam^S1>', '<@U00000000DBA>: ...'])(
    'is refused without a task: "%s"',
    (text) => {
      expect(refused(over(), add({ text }))).toMatch(/TEXT_MISSING|ACTION_WITHOUT_TASK/);
      expect(
        text.trim() === ''
          ? 'TEXT_MISSING'
          : refused(over(), { kind: 'wrap-up', by: ONCALL, followUps: [text] }),
      ).toMatch(/TEXT_MISSING|ACTION_WITHOUT_TASK/);
    },
  );

  it('is told to its owner by direct message, unless they added it themselves', () => {
    const { effects, entries } = made(over(), add({ owner: DBA, due: '2026-06-30' }));
    expect(directTo(DBA, effects)).toEqual([
      expect.stringMatching(
        /<@U0000ONCALL> gave you action item 1 of inc-7 \(Order status page is down\): test it\nIt is due on 2026-06-30 \(Tuesday\)/,
      ),
    ]);
    expect(entries).toMatchObject([{ kind: 'action', actor: ONCALL, details: { item: 1 } }]);
    expect(directTo(ONCALL, made(over(), add({ owner: ONCALL })).effects)).toEqual([]);
  });

  it('of a private incident tells its owner the task and nothing else', () => {
    const { effects } = made(over({ private: true }), add({ owner: DBA }));
    const [text] = directTo(DBA, effects);
    expect(text).toContain('test it');
    expect(text).not.toContain('Order status');
  });

  it('writes an entry for each change, and refuses what changes nothing', () => {
    const one = (change: Partial<ActionItem> = {}) => over({ actionItems: [item(change)] });
    const texts = (incident: Incident, intent: Intent) =>
      made(incident, intent).entries.map(({ kind, text }) => `${kind}: ${text}`);
    expect(texts(one(), { kind: 'finish-action', by: DBA, number: 1 })).toEqual([
      'action: Action item 1 done: test migrations',
    ]);
    expect(texts(one({ done: true }), { kind: 'reopen-action', by: DBA, number: 1 })).toEqual([
      'action: Action item 1 opened again: test migrations',
    ]);
    expect(texts(one({ owner: ONCALL }), { kind: 'assign-action', by: DBA, number: 1, owner: DBA })).toEqual([
      'action: Action item 1 belongs to <@U00000000DBA> (was <@U0000ONCALL>): test migrations',
    ]);
    expect(
      texts(one({ due: '2026-06-05' }), { kind: 'due-action', by: DBA, number: 1, due: '2026-06-12' }),
    ).toEqual(['action: Action item 1 is due on 2026-06-12 (Friday) (was 2026-06-05): test migrations']);
    expect(refused(one({ done: true }), { kind: 'finish-action', by: DBA, number: 1 })).toBe('ACTION_DONE');
    expect(refused(one(), { kind: 'reopen-action', by: DBA, number: 1 })).toBe('ACTION_OPEN');
    expect(refused(one({ owner: DBA }), { kind: 'assign-action', by: DBA, number: 1, owner: DBA })).toBe(
      'ACTION_SAME',
    );
    expect(
      refused(one({ due: '2026-06-12' }), { kind: 'due-action', by: DBA, number: 1, due: '2026-06-12' }),
    ).toBe('ACTION_SAME');
    expect(refused(one(), { kind: 'due-action', by: DBA, number: 2, due: '2026-06-12' })).toBe(
      'ACTION_UNKNOWN',
    );
  });
});

describe('the export to a tracker', () => {
  const tracks = (incident: Incident, intent: Intent, by: typeof policy = tracking) =>
    made(incident, intent, NOW, by).effects.filter(({ kind }) => kind === 'track');
  const effect = { kind: 'track', incident: 7, item: 1 };

  it('follows what is added, done and opened again, where a tracker is configured', () => {
    expect(tracks(over(), add())).toEqual([effect]);
    expect(tracks(over(), { kind: 'wrap-up', by: DBA, followUps: ['one', 'two'] })).toHaveLength(2);
    const issue = { number: 12, url: 'https://example.com/12' };
    const known = over({ actionItems: [item({ issue })] });
    expect(tracks(known, { kind: 'finish-action', by: DBA, number: 1 })).toEqual([effect]);
    // What people did to the issue there is left alone.
    expect(tracks(known, { kind: 'assign-action', by: DBA, number: 1, owner: DBA })).toEqual([]);
    const unknown = over({ actionItems: [item()] });
    expect(tracks(unknown, { kind: 'assign-action', by: DBA, number: 1, owner: DBA })).toEqual([effect]);
    expect(tracks(over(), add(), policy)).toEqual([]);
  });

  it('leaves private incidents and drills alone', () => {
    expect(tracks(over({ private: true }), add())).toEqual([]);
    expect(tracks(over({ kind: 'drill' }), add())).toEqual([]);
  });

  it('keeps the link once, however often the answer is heard', () => {
    const issue = { number: 12, url: 'https://example.com/12' };
    const heard = { kind: 'action-tracked', number: 1, issue } as const;
    const first = made(over({ actionItems: [item()] }), heard, NOW, tracking);
    expect(first.entries.map(({ text }) => text)).toEqual([
      'Action item 1 is GitHub #12: https://example.com/12',
    ]);
    expect(first.incident.actionItems[0]?.issue).toEqual(issue);
    expect(made(first.incident, heard, NOW, tracking)).toMatchObject({ entries: [], effects: [] });
  });
});

describe('reminders of an action item', () => {
  const at = (change: Partial<ActionItem>, incident: Partial<Incident> = {}, timezone = 'Europe/Berlin') => {
    const one = item({ owner: DBA, ...change });
    return actionReminderAt(over({ ...incident, actionItems: [one] }), one, { timezone })?.toISOString();
  };

  it('come at nine, a day before, the day after, then weekly', () => {
    const due = '2026-06-30';
    expect(at({ due, quietUntil: '2026-06-03' })).toBe('2026-06-29T07:00:00.000Z');
    expect(at({ due, quietUntil: '2026-06-29' })).toBe('2026-07-01T07:00:00.000Z');
    expect(at({ due, quietUntil: '2026-06-30' })).toBe('2026-07-01T07:00:00.000Z');
    expect(at({ due, quietUntil: '2026-07-01' })).toBe('2026-07-08T07:00:00.000Z');
    expect(at({ due, quietUntil: '2026-07-07' })).toBe('2026-07-08T07:00:00.000Z');
    expect(at({ due, quietUntil: '2026-07-08' })).toBe('2026-07-15T07:00:00.000Z');
    expect(at({ due })).toBe('2026-06-29T07:00:00.000Z');
  });

  it('keep the hour when clocks change', () => {
    expect(at({ due: '2026-03-29' })).toBe('2026-03-28T08:00:00.000Z');
    expect(at({ due: '2026-03-30' })).toBe('2026-03-29T07:00:00.000Z');
    expect(at({ due: '2026-10-26' })).toBe('2026-10-25T08:00:00.000Z');
    expect(at({ due: '2026-06-30' }, {}, 'Pacific/Kiritimati')).toBe('2026-06-28T19:00:00.000Z');
  });

  it.each<[string, Partial<ActionItem>, Partial<Incident>]>([
    ['what is done', { done: true }, {}],
    ['a drill', {}, { kind: 'drill' }],
    ['a duplicate', {}, { duplicateOf: 3, status: 'cancelled' }],
    ['a cancelled incident', {}, { status: 'cancelled' }],
    ['an archived channel when nobody owns it', { owner: '' }, { archived: true }],
  ])('do not come for %s', (_, change, incident) => {
    expect(at({ due: '2026-06-30', ...change }, incident)).toBeUndefined();
  });

  const shown = (effects: readonly Effect[]) =>
    effects.flatMap((each) =>
      each.kind === 'live' && each.subject.kind === 'action' ? [{ to: each.to, on: each.subject.on }] : [],
    );
  const look = (incident: Incident, time: string) => made(incident, { kind: 'remind' }, new Date(time));

  it('are said once each, to the owner, and the older one loses its buttons', () => {
    const added = made(over(), add({ owner: DBA, due: '2026-06-30' })).incident;
    expect(added.reminders.nextAt?.toISOString()).toBe('2026-06-29T07:00:00.000Z');
    expect(shown(look(added, '2026-06-29T06:59:59Z').effects)).toEqual([]);
    const before = look(added, '2026-06-29T07:00:00Z');
    const to = { kind: 'user', id: DBA };
    expect(shown(before.effects)).toEqual([{ to, on: '2026-06-29' }]);
    expect(shown(look(before.incident, '2026-06-29T07:00:01Z').effects)).toEqual([]);
    expect(before.incident.reminders.nextAt?.toISOString()).toBe('2026-07-01T07:00:00.000Z');
    const late = look(before.incident, '2026-07-20T12:00:00Z');
    expect(shown(late.effects)).toEqual([
      { to, on: '2026-06-29' },
      { to, on: '2026-07-20' },
    ]);
    // What was missed in three weeks is said once.
    expect(late.incident.reminders.nextAt?.toISOString()).toBe('2026-07-22T07:00:00.000Z');
  });

  it('go to the channel without an owner, and to nobody for what was decided on the same day', () => {
    const nobody = made(over(), add({ due: '2026-06-30' })).incident;
    expect(shown(look(nobody, '2026-06-29T07:00:00Z').effects)).toEqual([
      { to: { kind: 'incident', id: 7 }, on: '2026-06-29' },
    ]);
    const tomorrow = made(over(), add({ owner: DBA, due: '2026-06-04' })).incident;
    expect(tomorrow.reminders.nextAt?.toISOString()).toBe('2026-06-05T07:00:00.000Z');
  });

  it.each<[string, Intent]>([
    ['done', { kind: 'finish-action', by: DBA, number: 1 }],
    ['moved', { kind: 'due-action', by: DBA, number: 1, due: '2026-07-07' }],
    ['given to somebody else', { kind: 'assign-action', by: DBA, number: 1, owner: ONCALL }],
  ])('are redrawn where they were said when the item is %s', (_, intent) => {
    const added = made(over(), add({ owner: DBA, due: '2026-06-30' })).incident;
    const said = look(added, '2026-06-29T07:00:00Z').incident;
    const { effects, incident } = made(said, intent, new Date('2026-06-29T08:00:00Z'));
    expect(shown(effects)).toEqual([{ to: { kind: 'user', id: DBA }, on: '2026-06-29' }]);
    expect(incident.actionItems[0]?.reminder).toBeUndefined();
  });

  it('are always ahead of what was said, whatever the deadline and the zone', () => {
    const days = fc
      .integer({ min: 0, max: 3000 })
      .map((more) => new Date(Date.UTC(2024, 0, 1 + more)).toISOString().slice(0, 10));
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'Pacific/Apia',
      'America/Sao_Paulo',
      'Africa/Cairo',
    );
    fc.assert(
      fc.property(days, days, zones, (due, quietUntil, timezone) => {
        const next = at({ due, quietUntil }, {}, timezone) ?? '';
        const local = new Intl.DateTimeFormat('sv', {
          timeZone: timezone,
          dateStyle: 'short',
          timeStyle: 'short',
        }).format(new Date(next));
        expect(local.slice(0, 10) > quietUntil).toBe(true);
        expect(local.slice(11)).toBe('09:00');
      }),
    );
  });
});
