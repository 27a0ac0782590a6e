import fc from 'fast-check';
import { decide, declare } from '../../src/domain/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { laneOf } from '../../src/domain/effects.ts';
import { ENTRY_KINDS } from '../../src/domain/entry.ts';
import {
  channelName,
  type Incident,
  isOpen,
  MILESTONES,
  type Milestone,
  ROLES,
  SEVERITIES,
  STATUSES,
} from '../../src/domain/incident.ts';
import type { Intent } from '../../src/domain/intents.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { ERRORS, explainRefusal } from '../../src/errors.ts';

const start = new Date('2026-06-03T10:00:00Z');
const by = fc.constantFrom('U0000ONCALL', 'U0COMMANDER', 'U00000000DBA', 'terminal:root@db');
const user = fc.constantFrom('U0000ONCALL', 'U0COMMANDER', 'U00000000DBA');
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' \n ', '<!channel>', ' down '));
const some = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
/** Some time before and a little after the sequence. */
const moment = fc
  .integer({ min: -3600, max: 7200 })
  .map((seconds) => new Date(start.getTime() + seconds * 1000));
const number = fc.integer({ min: 1, max: 4 });

const intents: { readonly [K in Intent['kind']]: Record<string, fc.Arbitrary<unknown>> } = {
  update: { by, text },
  status: { by, to: fc.constantFrom(...STATUSES), message: some(text) },
  severity: { by, to: fc.constantFrom(...SEVERITIES) },
  role: { by, role: fc.constantFrom(...ROLES.slice(0, 3)), user },
  note: { by, text, at: some(moment) },
  milestone: { by, name: fc.constantFrom(...MILESTONES.slice(2, 5)), at: moment },
  escalate: { by, team: text, users: fc.array(user, { maxLength: 4 }), reason: some(text) },
  'answer-page': { by: user, page: number, answer: fc.constantFrom('acknowledged', 'declined') },
  'page-unanswered': { page: number },
  'add-action': { by, text, owner: some(user), due: some(fc.constant('2026-07-01')) },
  'finish-action': { by, number },
  resolve: { by, message: some(text) },
  reopen: { by, reason: text },
  cancel: { by, reason: text },
  record: { by, entry: fc.constantFrom(...ENTRY_KINDS), text, at: some(moment) },
};
/** People come and go more often than incidents end. */
const often = new Set<string>(['role', 'escalate', 'answer-page', 'add-action', 'milestone', 'reopen']);
const intent: fc.Arbitrary<Intent> = fc.oneof(
  ...Object.entries(intents).map(([kind, fields]) => ({
    weight: often.has(kind) ? 4 : 1,
    arbitrary: fc.record({ kind: fc.constant(kind), ...fields }),
  })),
) as fc.Arbitrary<Intent>;
const declaration = fc.record({
  by,
  title: fc.oneof({ weight: 9, arbitrary: fc.constant('down') }, { weight: 1, arbitrary: text }),
  severity: fc.constantFrom(...SEVERITIES),
});

interface Step {
  readonly before: Incident;
  readonly intent: Intent;
  readonly now: Date;
  readonly answer: Decision | Refusal;
}

/** Any sequence of intents, half a minute apart, each with the state it met and what came of it. */
const sequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(declaration, fc.array(intent, { maxLength: 40, size: 'max' }))
  .map(([wish, wishes]) => {
    const first = declare(1, wish, start);
    if (!first.ok) return [];
    const steps: Step[] = [];
    let before = frozen(first.incident);
    for (const [index, each] of wishes.entries()) {
      const now = new Date(start.getTime() + (index + 1) * 30_000);
      const answer = decide(before, frozen(each), now);
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

describe('whatever is asked of an incident, in whatever order', () => {
  test('the same input gives the same answer', () => {
    everyStep(({ before, intent: wish, now, answer }) => {
      expect(decide(before, wish, now)).toEqual(answer);
    });
  });

  test('a refusal has words, with all that was found filled in', () => {
    everyStep(({ answer }) => {
      if (answer.ok) return;
      expect(Object.keys(ERRORS)).toContain(answer.code);
      expect(Object.keys(answer).sort()).toEqual(['code', 'ok', 'values']);
      const { message, fix } = explainRefusal({ ...answer, values: plain(answer.values) });
      expect(message + fix).not.toMatch(/\{\w+\}/);
    });
  });

  test('what it was declared as stays, and its state is one that exists', () => {
    everyDecision(({ before }, { incident }) => {
      const { id, title, declaredBy, declaredAt } = before;
      expect(incident).toMatchObject({ id, title, declaredBy, declaredAt });
      expect(STATUSES).toContain(incident.status);
      expect(SEVERITIES).toContain(incident.severity);
      expect(incident.pages.map((page) => page.number)).toEqual(counted(incident.pages));
      expect(incident.actionItems.map((item) => item.number)).toEqual(counted(incident.actionItems));
    });
  });

  test('nothing said is lost: what is accepted is written down, once', () => {
    everyDecision(({ intent: wish, now }, { entries }) => {
      expect(entries).toHaveLength(wish.kind === 'page-unanswered' ? Math.min(entries.length, 1) : 1);
      for (const { text: written, at, actor } of entries) {
        expect(written).toContain('text' in wish ? wish.text : '');
        expect(written).toContain('reason' in wish ? (wish.reason ?? '') : '');
        expect(at).toEqual('at' in wish && wish.kind !== 'milestone' ? (wish.at ?? now) : now);
        expect(actor).toBe('by' in wish ? wish.by : 'firebreak');
      }
    });
  });

  test('pages and action items stay; an answer is given once, by the person who was paged', () => {
    everyDecision(({ before }, { incident }) => {
      for (const page of before.pages) {
        const later = incident.pages[page.number - 1];
        expect(later).toEqual(
          page.answer
            ? page
            : {
                ...page,
                ...(later?.answer && { answer: later.answer }),
                ...(later?.told && { told: later.told }),
              },
        );
        expect([undefined, page.user]).toContain(later?.answer?.by);
      }
      for (const item of before.actionItems) {
        const later = incident.actionItems[item.number - 1];
        expect(later).toEqual({ ...item, done: item.done || later?.done });
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
      if (was || !first) expect(is).toEqual(was);
      else expect(is).toEqual({ at: now, by: wish.by, recordedAt: now, earlier: [] });
    });
  });

  test('one that is over moves by reopen only, and gets neither roles nor pages', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      if (isOpen(before)) return;
      expect(incident.roles).toEqual(before.roles);
      expect(incident.pages).toHaveLength(before.pages.length);
      expect(incident.status).toBe(wish.kind === 'reopen' ? 'investigating' : before.status);
    });
  });

  test('a role has one holder, the one named last', () => {
    everyDecision(({ before, intent: wish }, { incident }) => {
      const named = wish.kind === 'role' ? { [wish.role]: wish.user } : {};
      expect(incident.roles).toEqual({ ...before.roles, ...named });
    });
  });

  test('only the incident, its announcement and who was paged hear of it', () => {
    everyDecision(({ before }, { incident, effects }) => {
      const paged = incident.pages.map((page) => `user:${page.user}`);
      for (const effect of effects)
        expect([`incident:${before.id}`, 'incidents-channel', ...paged]).toContain(laneOf(effect));
      const shown = ['status', 'severity', 'roles'] as const;
      if (shown.some((field) => before[field] !== incident[field]))
        expect(effects.map(({ kind }) => kind)).toContain('topic');
    });
  });

  test('each new page is sent, and has a timer of its own', () => {
    everyDecision(({ before, now }, { incident, effects, timers }) => {
      const fresh = incident.pages.slice(before.pages.length);
      const sent = fresh.map(({ number: page, user: id }) => ({
        kind: 'live',
        to: { kind: 'user', id },
        subject: { kind: 'page', incident: 1, page },
      }));
      expect(effects).toEqual(expect.arrayContaining(sent));
      expect(timers.map(({ payload }) => payload)).toEqual(
        fresh.map(({ number: page }) => ({ incident: 1, page })),
      );
      for (const { dueAt } of timers) expect(dueAt.getTime()).toBe(now.getTime() + 300_000);
    });
  });
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

const counted = (list: readonly unknown[]): readonly number[] => list.map((_each, index) => index + 1);

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
