import fc from 'fast-check';
import { nextActionReminder } from '../../src/domain/action-reminders.ts';
import { declare } from '../../src/domain/decide/declare.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { laneOf } from '../../src/domain/effects.ts';
import { ENTRY_KINDS } from '../../src/domain/entry.ts';
import {
  ACCOUNTS,
  channelName,
  type Escalation,
  type Incident,
  isOpen,
  KINDS,
  MILESTONES,
  type Milestone,
  STATUSES,
} from '../../src/domain/incident.ts';
import type { Intent, Roster } from '../../src/domain/intents.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { dueAt, nextReminder, stillWanted } from '../../src/domain/reminders.ts';
import { ERRORS, explainRefusal } from '../../src/errors.ts';

const start = new Date('2026-06-03T10:00:00Z');
const policy: Policy = frozen({
  ...DEFAULT_POLICY,
  stakeholderChannel: 'C0SUPPORT',
  phones: { U00000000DBA: '+49 30 1' },
});
const ROLES = policy.roles.map(({ name }) => name);
const SEVERITIES = policy.severities.map(({ name }) => name);
/** Levels of every team here. */
const LEVELS = 3;

const by = fc.constantFrom('U0000ONCALL', 'U0COMMANDER', 'U00000000DBA', 'terminal:root@db');
const user = fc.constantFrom('U0000ONCALL', 'U0COMMANDER', 'U00000000DBA');
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' \n ', '<!channel>', ' down '));
const some = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
/** Some time before and a little after the sequence. */
const moment = fc
  .integer({ min: -3600, max: 7200 })
  .map((seconds) => new Date(start.getTime() + seconds * 1000));
const number = fc.integer({ min: 1, max: 4 });
const level = fc.integer({ min: 1, max: LEVELS });
const way = fc.constantFrom('pagerduty', 'webhook');

const rosterAt = (at: fc.Arbitrary<number>): fc.Arbitrary<Roster> =>
  fc.record({
    level: at,
    levels: fc.constant(LEVELS),
    waitSeconds: fc.constantFrom(60, 300),
    users: fc.array(user, { maxLength: 3 }),
    ways: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.uniqueArray(way) }),
    problems: fc.array(text, { maxLength: 1 }),
  });
/** Those who look for the next roster begin after the level that did not answer. */
const overLevel = level.chain((reached) =>
  fc.record({
    kind: fc.constant('escalation-due'),
    escalation: number,
    level: fc.constant(reached),
    roster:
      reached < LEVELS
        ? some(rosterAt(fc.integer({ min: reached + 1, max: LEVELS })))
        : fc.constant(undefined),
  }),
);

/** An entry as it stands, of any kind, whether it is struck or not. */
const correctedRow = fc.record(
  {
    seq: number,
    at: moment,
    recordedAt: moment,
    kind: fc.constantFrom(...ENTRY_KINDS),
    actor: by,
    text,
    said: fc.record({ at: moment, by }),
    earlier: fc.constant([]),
    struck: fc.record({ at: moment, by }),
  },
  { requiredKeys: ['seq', 'at', 'recordedAt', 'kind', 'actor', 'said', 'earlier'] },
);

type Fields = Record<string, fc.Arbitrary<unknown>>;
const intents: { readonly [K in Intent['kind']]: Fields | fc.Arbitrary<unknown> } = {
  update: { by, text },
  status: { by, to: fc.constantFrom(...STATUSES), message: some(text) },
  severity: { by, to: fc.constantFrom(...SEVERITIES) },
  role: { by, role: fc.constantFrom(...ROLES.slice(0, 3)), user, over: some(user) },
  account: { by, account: fc.constantFrom(...ACCOUNTS), text },
  rename: { by, title: text },
  note: { by, text, at: some(moment) },
  correct: { by, row: correctedRow, what: fc.constantFrom('text', 'struck', 'restored'), text },
  pick: { by, leftOut: fc.array(number), among: fc.constant({ from: 1, to: 9 }) },
  milestone: { by, name: fc.constantFrom(...MILESTONES.slice(2, 5)), at: moment },
  escalate: { by, team: text, roster: rosterAt(fc.constantFrom(1, 1, 2)), reason: some(text) },
  'answer-page': { by: user, page: number, answer: fc.constantFrom('acknowledged', 'declined') },
  'escalation-due': overLevel,
  'page-unsent': { page: number, reason: text },
  'way-unsent': { escalation: number, level, way, reason: text, final: fc.boolean() },
  'add-action': { by, text, owner: some(user), due: some(fc.constant('2026-07-01')) },
  'finish-action': { by, number },
  'reopen-action': { by, number },
  'assign-action': { by, number, owner: user },
  'due-action': { by, number, due: fc.constant('2026-08-01') },
  'action-tracked': {
    number,
    issue: fc.constant({ number: 7, url: 'https://github.test/7' }),
  },
  'action-untracked': { number, reason: text, final: fc.boolean() },
  resolve: { by, message: some(text) },
  'wrap-up': { by, fix: some(text), followUps: fc.array(text, { maxLength: 3 }) },
  reopen: { by, reason: text },
  cancel: { by, reason: text },
  duplicate: { by, of: number },
  archive: { by },
  'channel-archived': { by, archived: fc.boolean() },
  remind: {},
  snooze: { by, seconds: fc.constantFrom(60, 900, 86_400) },
  dismiss: { by },
  record: { by, entry: fc.constantFrom(...ENTRY_KINDS), text, at: some(moment) },
};
/** People come and go more often than incidents end. */
const often = new Set<string>([
  'role',
  'escalate',
  'answer-page',
  'escalation-due',
  'add-action',
  'milestone',
  'reopen',
  'remind',
]);
const intent: fc.Arbitrary<Intent> = fc.oneof(
  ...Object.entries(intents).map(([kind, fields]) => ({
    weight: often.has(kind) ? 4 : 1,
    arbitrary: fields instanceof fc.Arbitrary ? fields : fc.record({ kind: fc.constant(kind), ...fields }),
  })),
) as fc.Arbitrary<Intent>;
const declaration = fc.record(
  {
    by,
    title: fc.oneof({ weight: 9, arbitrary: fc.constant('down') }, { weight: 1, arbitrary: text }),
    severity: fc.constantFrom(...SEVERITIES),
    kind: fc.oneof({ weight: 3, arbitrary: fc.constant('incident' as const) }, fc.constantFrom(...KINDS)),
    private: fc.boolean(),
  },
  { requiredKeys: ['by', 'title', 'severity'] },
);
/** Seconds until the next one: within a moment, and over a night. */
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 30, 300) },
  { weight: 1, arbitrary: fc.constantFrom(3600, 86_400) },
);

interface Step {
  readonly before: Incident;
  readonly intent: Intent;
  readonly now: Date;
  readonly answer: Decision | Refusal;
}

/** Any sequence of intents, each with the state it met and what came of it. */
const sequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(declaration, fc.array(fc.tuple(intent, gap), { maxLength: 40, size: 'max' }))
  .map(([wish, wishes]) => {
    const first = declare(1, frozen(wish), start, policy);
    if (!first.ok) return [];
    const steps: Step[] = [];
    let before = frozen(first.incident);
    let now = start;
    for (const [each, seconds] of wishes) {
      now = new Date(now.getTime() + seconds * 1000);
      const answer = decide(before, frozen(each), now, policy);
      steps.push({ before, intent: each, now, answer });
      if (answer.ok) before = frozen(answer.incident);
    }
    return steps;
  });

const everyStep = (check: (step: Step) => void): void => {
  fc.assert(
    fc.property(sequence, (steps) => {
      steps.forEach(check);
    }),
  );
};
const everyDecision = (check: (step: Step, decision: Decision) => void): void => {
  everyStep((step) => {
    if (step.answer.ok) check(step, step.answer);
  });
};

/** What nobody asked for by name: nothing to do is no refusal. */
const BY_ITSELF: readonly string[] = [
  'remind',
  'escalation-due',
  'page-unsent',
  'way-unsent',
  'channel-archived',
  'action-tracked',
];
/** All that somebody said with an intent. */
const wordsOf = (wish: Intent): readonly string[] => {
  if (wish.kind === 'wrap-up') return [wish.fix ?? '', ...wish.followUps].map((each) => each.trim());
  const {
    text: said = '',
    reason = '',
    message = '',
  } = wish as { text?: string; reason?: string; message?: string };
  return [said, reason, message].filter((each) => each.trim() !== '');
};

describe('whatever is asked of an incident, in whatever order', () => {
  test('the same input gives the same answer', () => {
    everyStep(({ before, intent: wish, now, answer }) => {
      expect(decide(before, wish, now, policy)).toEqual(answer);
    });
  });

  test('a refusal has words, with all that was found filled in', () => {
    everyStep(({ answer }) => {
      if (answer.ok) return;
      expect(Object.keys(ERRORS)).toContain(answer.code);
      expect(
        Object.keys(answer)
          .filter((key) => key !== 'offers')
          .sort(),
      ).toEqual(['code', 'ok', 'values']);
      const { message, fix } = explainRefusal({ ...answer, values: plain(answer.values) });
      expect(message + fix).not.toMatch(/\{\w+\}/);
    });
  });

  test('what it was declared as stays, and its state is one that exists', () => {
    everyDecision(({ before, intent: wish, now }, { incident }) => {
      const { id, declaredBy, declaredAt, kind, private: hidden } = before;
      expect(incident).toMatchObject({ id, declaredBy, declaredAt, kind, private: hidden });
      if (wish.kind !== 'rename') expect(incident.title).toBe(before.title);
      expect(STATUSES).toContain(incident.status);
      expect(SEVERITIES).toContain(incident.severity);
      expect(Object.keys(incident.roles).filter((role) => !ROLES.includes(role))).toEqual([]);
      expect(incident.statusSince).toEqual(incident.status === before.status ? before.statusSince : now);
      for (const list of [incident.pages, incident.actionItems, incident.escalations])
        expect(list.map((each) => each.number)).toEqual(list.map((_each, index) => index + 1));
    });
  });

  test('nothing said is lost: what is accepted is written down, once', () => {
    everyDecision(({ intent: wish, now }, { entries, incident }) => {
      const least = BY_ITSELF.includes(wish.kind) || wish.kind === 'pick' ? 0 : 1;
      const most = wish.kind === 'wrap-up' ? wordsOf(wish).length : wish.kind === 'remind' ? 0 : 1;
      expect(entries.length).toBeGreaterThanOrEqual(least);
      expect(entries.length).toBeLessThanOrEqual(most);
      if (entries.length === 0) return;
      const written = entries.map((entry) => entry.text).join('\n');
      for (const words of wordsOf(wish)) expect(written).toContain(words);
      if (wish.kind === 'rename') expect(written).toContain(incident.title);
      for (const { at, actor, text: line } of entries) {
        if (wish.kind !== 'record') expect(line.trim()).not.toBe('');
        expect(at).toEqual('at' in wish && wish.kind !== 'milestone' ? (wish.at ?? now) : now);
        expect(actor).toBe('by' in wish ? wish.by : 'firebreak');
      }
    });
  });

  test('pages and action items stay; an answer is given by the person who was paged, and only "no" is taken back', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      for (const page of before.pages) {
        const later = incident.pages[page.number - 1];
        const { answer, unsent } = later ?? {};
        expect(later).toEqual({
          ...page,
          ...(answer && { answer }),
          ...(unsent !== undefined && { unsent }),
        });
        if (page.unsent !== undefined) expect(unsent).toBe(page.unsent);
        expect([undefined, page.user]).toContain(answer?.by);
        if (answer !== page.answer) {
          expect(wish).toMatchObject({ kind: 'answer-page', by: page.user, answer: answer?.kind });
          if (page.answer) expect([page.answer.kind, answer?.kind]).toEqual(['declined', 'acknowledged']);
        }
      }
      for (const item of before.actionItems) {
        const later = incident.actionItems[item.number - 1];
        const { number: same, text: said, createdBy } = item;
        expect(later).toMatchObject({ number: same, text: said, createdBy });
        // Each changes by the wish that says so, and by no other.
        if (later?.done !== item.done)
          expect(wish).toMatchObject({
            kind: item.done ? 'reopen-action' : 'finish-action',
            number: item.number,
          });
        if (later?.owner !== item.owner)
          expect(wish).toMatchObject({ kind: 'assign-action', owner: later?.owner });
        if (later?.due !== item.due) expect(wish).toMatchObject({ kind: 'due-action', due: later?.due });
      }
    });
  });

  test('a milestone keeps all values that it had', () => {
    everyDecision(({ before }, { incident }) => {
      for (const name of MILESTONES) {
        const [was, is] = [before, incident].map((each) => values(each.milestones[name]));
        expect(is?.slice(0, was?.length)).toEqual(was);
        expect((is?.length ?? 0) - (was?.length ?? 0)).toBeLessThanOrEqual(1);
      }
    });
  });

  test('"acknowledged" is the first Acknowledge or the first lead, and only a person moves it', () => {
    everyDecision(({ before, intent: wish, now }, { incident }) => {
      const [was, is] = [before.milestones.acknowledged, incident.milestones.acknowledged];
      if (wish.kind === 'milestone' && wish.name === 'acknowledged') return;
      const first =
        (wish.kind === 'role' && wish.role === 'commander') ||
        (wish.kind === 'answer-page' && wish.answer === 'acknowledged');
      if (was || !first || before.kind === 'retrospective') expect(is).toEqual(was);
      else expect(is).toEqual({ at: now, by: wish.by, recordedAt: now, earlier: [] });
    });
  });

  test('what is told afterwards has the milestones that people set, and no others', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      if (before.kind !== 'retrospective' || wish.kind === 'milestone') return;
      expect(incident.milestones).toEqual(before.milestones);
    });
  });

  test('one that is over moves by reopen only, and gets no pages or answers, nor roles unless it is told afterwards', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      if (isOpen(before)) return;
      if (before.kind !== 'retrospective') expect(incident.roles).toEqual(before.roles);
      expect(incident.pages).toEqual(before.pages);
      expect(incident.escalations).toEqual(before.escalations);
      expect(incident.status).toBe(wish.kind === 'reopen' ? 'investigating' : before.status);
    });
  });

  test('a role has one holder, the one named last; a claim takes it only from whom it names', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      const named = wish.kind === 'role' ? { [wish.role]: wish.user } : {};
      expect(incident.roles).toEqual({ ...before.roles, ...named });
      if (wish.kind !== 'role' || wish.by !== wish.user) return;
      const holder = before.roles[wish.role];
      if (holder !== undefined) expect(wish.over).toBe(holder);
    });
  });

  test('it is a duplicate only while it is cancelled, and never of itself', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      if (incident.duplicateOf !== undefined) {
        expect(incident.status).toBe('cancelled');
        expect(incident.duplicateOf).not.toBe(incident.id);
      }
      if (wish.kind !== 'duplicate' && wish.kind !== 'reopen')
        expect(incident.duplicateOf).toBe(before.duplicateOf);
    });
  });

  test('the bot archives only what is over; what is archived and over is sent nothing', () => {
    everyDecision(({ before, intent: wish }, { incident, effects }) => {
      const kinds = effects.map(({ kind }) => kind);
      if (kinds.includes('archive')) expect([isOpen(before), kinds.at(-1)]).toEqual([false, 'archive']);
      if (incident.archived && !before.archived) expect(['archive', 'channel-archived']).toContain(wish.kind);
      if (before.archived && !incident.archived) expect(['reopen', 'channel-archived']).toContain(wish.kind);
      if (before.archived && wish.kind === 'reopen') expect(kinds[0]).toBe('unarchive');
      if (before.archived && incident.archived && !isOpen(incident))
        expect(effects.map(laneOf)).not.toContain('incident:1');
    });
  });

  test('only whom it concerns hears of it', () => {
    everyDecision(({ before, intent: wish }, { incident, effects }) => {
      const people = [
        ...incident.pages.map((page) => page.user),
        ...Object.values(incident.roles),
        ...incident.actionItems.flatMap(({ owner }) => owner ?? []),
      ];
      const ways = incident.escalations.flatMap((each) =>
        each.ways.map((via) => `page:${before.id}:${each.number}:${via}`),
      );
      const everybody = before.private ? [] : ['incidents-channel', 'stakeholders'];
      const other = wish.kind === 'duplicate' ? [`incident:${wish.of}`] : [];
      const known = [
        `incident:${before.id}`,
        ...people.map((each) => `user:${each}`),
        ...ways,
        ...everybody,
        ...other,
        'tracker',
      ];
      expect(effects.map(laneOf).filter((lane) => !known.includes(lane))).toEqual([]);
      for (const effect of effects)
        if (effect.kind === 'send-page' && before.private)
          expect([effect.page.title, effect.page.reason]).toEqual(['Private incident', undefined]);
      const shown = ['status', 'severity', 'roles', 'title'] as const;
      const silent = before.archived && incident.archived && !isOpen(incident);
      if (!silent && shown.some((field) => before[field] !== incident[field]))
        expect(effects.map(({ kind }) => kind)).toContain('topic');
    });
  });

  test('each new page is sent, and its level is waited for', () => {
    everyDecision(({ before, intent: wish, now }, { incident, effects, timers }) => {
      const fresh = incident.pages.slice(before.pages.length);
      const sent = fresh.map(({ number: page, user: id }) => ({
        kind: 'live',
        to: { kind: 'user', id },
        subject: { kind: 'page', incident: 1, page },
      }));
      expect(effects).toEqual(expect.arrayContaining(sent));
      const begun = incident.escalations.filter((each) => each.levelAt === now && each.state === 'paging');
      const waits = begun.map(({ number: escalation, level: reached, waitSeconds }) => ({
        kind: 'escalation-due',
        key: `escalation-due:1:${escalation}:${reached}:wait`,
        dueAt: new Date(now.getTime() + waitSeconds * 1000),
        payload: { incident: 1, escalation, level: reached },
      }));
      if (wish.kind === 'escalate' || wish.kind === 'escalation-due') expect(timers).toEqual(waits);
      else
        for (const { key, dueAt: at } of timers) expect([key.endsWith(':given-up'), at]).toEqual([true, now]);
    });
  });

  test('an escalation goes up, within the levels there are, and ends once; each page belongs to one', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      for (const escalation of incident.escalations) {
        const was: Escalation | undefined = before.escalations[escalation.number - 1];
        expect(escalation.level).toBeLessThanOrEqual(LEVELS);
        expect(escalation.level).toBeGreaterThanOrEqual(was?.level ?? 1);
        if (escalation.state === 'paging') expect(isOpen(incident)).toBe(true);
        if (was && was.state !== escalation.state && was.state !== 'paging')
          expect([wish.kind, escalation.state]).toEqual(['answer-page', 'acknowledged']);
        const came = incident.pages.some(
          (page) => page.escalation === escalation.number && page.answer?.kind === 'acknowledged',
        );
        expect(escalation.state === 'acknowledged').toBe(came);
      }
      for (const page of incident.pages) {
        const escalation = incident.escalations[page.escalation - 1];
        expect(page.team).toBe(escalation?.team);
        expect(page.level).toBeLessThanOrEqual(escalation?.level ?? 0);
      }
    });
  });

  test('a timer that comes again does nothing', () => {
    everyDecision(({ intent: wish, now }, { incident }) => {
      if (wish.kind !== 'escalation-due' && wish.kind !== 'remind') return;
      const again = decide(frozen(incident), wish, now, policy);
      expect(again).toMatchObject({ ok: true, entries: [], effects: [], timers: [] });
      if (again.ok) expect(again.incident).toEqual(incident);
    });
  });

  test('one reminder is open at most, while it is wanted; the next look is when the next one is due', () => {
    everyDecision(({ before, intent: wish, now }, { incident }) => {
      const { last, nextAt, dismissed } = incident.reminders;
      const was = before.reminders.last;
      if (last?.state.kind === 'open') expect(stillWanted(incident, last, policy)).toBe(true);
      const looks = [nextReminder(incident, policy)?.at, nextActionReminder(incident, policy)];
      const next = looks.filter((at) => at !== undefined).map((at) => Math.max(at.getTime(), now.getTime()));
      expect(nextAt?.getTime()).toBe(next.length > 0 ? Math.min(...next) : undefined);
      if (last === undefined || last.number === was?.number) return;
      expect([wish.kind, last.number, last.at]).toEqual(['remind', (was?.number ?? 0) + 1, now]);
      expect(dismissed).not.toContain(last.kind);
      expect(dueAt(before, last.kind, policy)?.getTime()).toBeLessThanOrEqual(now.getTime());
      expect((before.reminders.snoozed[last.kind] ?? start).getTime()).toBeLessThanOrEqual(now.getTime());
      // People had a moment for the open one.
      if (was?.state.kind === 'open' && last.kind !== was.kind)
        expect(now.getTime() - was.at.getTime()).toBeGreaterThanOrEqual(300_000);
    });
  });
});

test('whatever is declared, it is announced only once its channel is there', () => {
  fc.assert(
    fc.property(declaration, (wish) => {
      const first = declare(1, wish, start, policy);
      if (!first.ok) return;
      expect(new Set(first.effects.map(laneOf))).toEqual(new Set(['incident:1']));
    }),
  );
});

describe('any title', () => {
  const titles = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 120 }),
    fc.string({ unit: fc.constantFrom('-', ' ', 'a', '<', '|', '>', '&amp;', '\n', '_'), maxLength: 120 }),
  );

  test('makes a channel name that Slack takes', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), titles, (id, title) => {
        const name = channelName(id, title);
        expect(name).toMatch(/^[a-z0-9_-]{1,79}[a-z0-9]$/);
        expect(name.startsWith(`inc-${id}`)).toBe(true);
      }),
    );
  });

  test('is kept on one line, or refused', () => {
    fc.assert(
      fc.property(titles, (title) => {
        const answer = declare(1, { by: 'U0000ONCALL', title, severity: 'sev1' }, start);
        if (answer.ok)
          expect(answer.incident.title).toMatch(/^[^\s\p{Cc}](?:[^\p{Cc}\p{Zl}\p{Zp}]*[^\s])?$/u);
        else expect(['TITLE_MISSING', 'TITLE_TOO_LONG']).toContain(answer.code);
      }),
    );
  });
});

const values = (milestone: Milestone | undefined): readonly Omit<Milestone, 'earlier'>[] => {
  if (!milestone) return [];
  const { earlier, ...current } = milestone;
  return [...earlier, current];
};

/** Texts that people typed may hold braces themselves. */
const plain = (of: Refusal['values']): Refusal['values'] =>
  Object.fromEntries(Object.keys(of).map((key) => [key, 'x']));

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
