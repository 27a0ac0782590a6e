/** Messages: always within Slack's limits, and saying what the reader needs to act. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockFaults } from '../../sandbox/server/rules/blocks.ts';
import type { KnownAlert } from '../../src/domain/alert.ts';
import type { Change } from '../../src/domain/change.ts';
import type { TimelineEntry } from '../../src/domain/entry.ts';
import { type Escalation, type Incident, KINDS, type Page, STATUSES } from '../../src/domain/incident.ts';
import type { ActionOutcome, Plan } from '../../src/domain/plan.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import type { IncidentRecord, Proposal } from '../../src/domain/record.ts';
import { REMINDERS } from '../../src/domain/reminders.ts';
import { RUN_STATES, type Run, type RunStep, STEP_STATES } from '../../src/domain/run.ts';
import type { Blocker, CheckResult, SweepReport } from '../../src/domain/sweep.ts';
import type { Row } from '../../src/domain/timeline.ts';
import { announcement } from '../../src/slack/views/announcement.ts';
import { lines, type View, view } from '../../src/slack/views/blocks.ts';
import { card } from '../../src/slack/views/card.ts';
import { home } from '../../src/slack/views/home.ts';
import { withOffers } from '../../src/slack/views/offers.ts';
import { onCallLines } from '../../src/slack/views/on-call.ts';
import { page } from '../../src/slack/views/page.ts';
import { declareLine, proposal } from '../../src/slack/views/proposal.ts';
import { reminder } from '../../src/slack/views/reminder.ts';
import { run } from '../../src/slack/views/run.ts';
import { clip, mrkdwn } from '../../src/slack/views/text.ts';
import { timelinePage } from '../../src/slack/views/timeline.ts';
import { topicOf } from '../../src/slack/views/topic.ts';
import { anEscalation, anIncident, aPage, appWith, aRecord } from './support.ts';

const AT = new Date('2026-11-22T14:00:00Z');
const shown = (view: View | undefined): string => JSON.stringify(view?.blocks);

const aPlan: Plan = {
  kind: 'migration-rollback',
  hash: 'abcdef0123456789abcdef',
  target: 'shop',
  identity: { systemIdentifier: '1', database: 'shop', oid: 1, timeline: 1 },
  title: 'Roll back migration 1717_x on shop',
  summary: ['Takes ACCESS EXCLUSIVE on order_status', 'Data is not undone'],
  sql: 'select 1',
  inputs: { table: 'order_status' },
  facts: {},
};

const aStep = (change: Partial<RunStep> = {}): RunStep => ({
  index: 1,
  name: 'rollback',
  kind: 'migration-rollback',
  risk: 'dangerous',
  state: 'running',
  ...change,
});

const aRun = (steps: readonly RunStep[], change: Partial<Run> = {}): Run => ({
  id: 12,
  incidentId: 7,
  runbook: 'migration-rollback',
  title: 'Roll back a migration',
  target: 'shop',
  params: {},
  requestedBy: 'U000ONCALL',
  requestedAt: AT,
  state: 'running',
  steps,
  ...change,
});

const aBlocker: Blocker = {
  pid: 4711,
  backendStart: '2026-11-22 13:00:00.123456+00',
  user: 'report',
  application: 'nightly',
  state: 'idle in transaction',
  transactionAge: 780,
  query: 'select * from order_status where id = $1',
  relations: ['order_status'],
};

const waiting = aStep({
  state: 'awaiting_approval',
  plan: aPlan,
  approval: {
    planHash: aPlan.hash,
    requestedBy: 'U000ONCALL',
    requestedAt: AT,
    expiresAt: new Date(AT.getTime() + 9e5),
  },
});

describe('a run', () => {
  test('that waits shows the plan, its hash, who asked, until when, and asks twice', () => {
    const blocks = shown(run(aRun([waiting]), '/incident'));
    for (const text of [...aPlan.summary, 'abcdef012345', '<@U000ONCALL>', '14:15:00 UTC', 'somebody else']) {
      expect(blocks).toContain(text);
    }
    expect(blocks).toContain('"action_id":"approval:approved"');
    expect(blocks).toContain('"action_id":"approval:refused"');
    expect(blocks).toContain('"confirm"');
    expect(blocks).toContain(JSON.stringify(JSON.stringify({ run: 12, step: 1, planHash: aPlan.hash })));
  });

  test('that was answered has no buttons left', () => {
    const { approval } = waiting;
    const decided = {
      ...waiting,
      ...(approval
        ? { approval: { ...approval, decision: { kind: 'approved', by: 'UDBA', at: AT } as const } }
        : {}),
    };
    expect(shown(run(aRun([decided]), '/incident'))).not.toContain('approval:');
  });

  test('that waits for a person asks, and has a button for each answer', () => {
    const asks = aStep({
      kind: 'manual',
      risk: 'change',
      state: 'waiting',
      waitsFor: 'person',
      verdict: 'Fail over',
    });
    const blocks = shown(run(aRun([asks], { state: 'waiting' }), '/incident'));
    expect(blocks).toContain('Fail over');
    for (const action of ['yes', 'no', 'skip', 'cancel'])
      expect(blocks).toContain(`"action_id":"run:${action}"`);
    expect(blocks).toContain(JSON.stringify(JSON.stringify({ run: 12, step: 1 })));
    const gate = { ...asks, kind: 'approval', waitsFor: 'approver' as const };
    const guarded = shown(run(aRun([gate], { state: 'waiting' }), '/incident'));
    expect(guarded).toContain('"Approve"');
    expect(guarded).not.toContain('run:skip');
  });

  test('that failed can be tried again, and one that was done cannot', () => {
    const failed = aStep({ risk: 'read', state: 'failed', verdict: 'red' });
    const ended = { endedAt: AT };
    const blocks = shown(run(aRun([failed], { state: 'failed', ...ended }), '/incident'));
    for (const action of ['retry', 'skip']) expect(blocks).toContain(`"action_id":"run:${action}"`);
    expect(
      shown(run(aRun([aStep({ state: 'done' })], { state: 'done', ...ended }), '/incident')),
    ).not.toContain('run:');
  });

  test('that asked the database shows the rows side by side, and few of them', () => {
    const rows = Array.from({ length: 20 }, (_, nth) => [String(nth), 'x'.repeat(100), '``` <@U0VICTIM>']);
    const output = { sql: 'select 1', columns: ['id', 'text', 'name'], rows, more: false };
    const blocks = shown(run(aRun([aStep({ risk: 'read', state: 'done', output })]), '/incident'));
    expect(blocks).toContain('id  text');
    expect(blocks).toContain('… 5 more');
    expect(blocks).not.toContain('<@U0VICTIM>');
    expect(blocks).not.toContain('x'.repeat(41));
  });

  test('that met a blocker names it, and offers to end it', () => {
    const outcome: ActionOutcome = {
      state: 'stopped',
      code: 'LOCK_TIMEOUT',
      verdict: 'no lock',
      facts: {},
      blockers: [aBlocker],
    };
    const blocks = shown(
      run(aRun([aStep({ state: 'stopped', outcome })], { state: 'stopped' }), '/incident'),
    );
    for (const text of ['session 4711', 'report', 'nightly', '13 min', 'order_status'])
      expect(blocks).toContain(text);
    const value = {
      incident: 7,
      runbook: 'blocked-queries',
      params: { target: 'shop', pid: '4711', backend_start: aBlocker.backendStart },
    };
    expect(blocks).toContain(JSON.stringify(JSON.stringify(value)));
  });

  test('that left data wrong says how much, and offers the repair', () => {
    const outcome: ActionOutcome = {
      state: 'done',
      verdict: 'rolled back',
      facts: { data_suspect: 493, data_suspect_tables: { order_status: 493, orders: 0, items: 'timeout' } },
      probes: [],
    };
    const blocks = shown(
      run(aRun([aStep({ state: 'done', outcome, plan: aPlan })], { state: 'done' }), '/incident'),
    );
    expect(blocks).toContain('Data still wrong: 493 rows');
    expect(blocks).toContain('/incident run table-repair table=order_status run=12');
    const value = {
      incident: 7,
      runbook: 'table-repair',
      params: { target: 'shop', table: 'order_status', run: '12' },
    };
    expect(blocks).toContain(JSON.stringify(JSON.stringify(value)));
  });

  test('that left nothing wrong says nothing of it', () => {
    const outcome: ActionOutcome = {
      state: 'done',
      verdict: 'rolled back',
      facts: { data_suspect: 0, data_suspect_tables: { order_status: 0 } },
      probes: [],
    };
    expect(shown(run(aRun([aStep({ state: 'done', outcome })]), '/incident'))).not.toContain('wrong');
  });

  test('calls nobody by the words of a database, and names who gave a verdict', () => {
    const hostile = 'x <@U0VICTIM> <!subteam^S0VICTIM>';
    const plan = { ...aPlan, title: hostile, summary: [hostile] };
    const verdicts = [hostile, 'Approved by <@U000DBA>', `<@U000DBA> found it carried out: ${hostile}.`];
    const checks = [
      { check: 'locks', status: 'skipped', verdict: hostile, facts: {}, next: hostile },
    ] as const;
    const output: SweepReport = { target: 'shop', took_ms: 1, checks, top: [hostile] };
    const steps = [{ ...waiting, plan }, aStep({ output }), ...verdicts.map((verdict) => aStep({ verdict }))];
    const blocks = shown(run(aRun(steps), '/incident'));
    expect(blocks).not.toMatch(/<@U0VICTIM>|<!subteam/);
    expect(blocks).toContain('Approved by <@U000DBA>');
    expect(blocks).toContain('<@U000DBA> found it carried out: x &lt;@U0VICTIM&gt;');
  });

  const finding = (
    check: string,
    status: CheckResult['status'],
    more: Partial<CheckResult> = {},
  ): CheckResult => ({
    check,
    status,
    verdict: `${check} it is`,
    facts: {},
    ...more,
  });
  const swept = (checks: readonly CheckResult[], steps = 1): View => {
    const output: SweepReport = { target: 'shop', took_ms: 812, checks, top: [] };
    const all = Array.from({ length: steps }, (_, at) =>
      aStep({ index: at + 1, kind: 'db-check', state: 'done', output }),
    );
    return run(aRun(all), '/incident');
  };
  const idsIn = (view: View) => [...shown(view).matchAll(/"action_id":"([^"]+)"/g)].map(([, id]) => id);

  test('that swept shows the three worst with their next steps, then the rest, and what was not seen', () => {
    const offers = [{ label: 'Plan the rollback', line: 'rollback m1 shop' }];
    const view = swept([
      finding('connection', 'ok'),
      finding('idle', 'warn'),
      finding('slow', 'warn'),
      finding('bloat', 'skipped', { next: 'grant pg_monitor to diag' }),
      finding('blocking', 'crit'),
      finding('probes', 'crit', { next: 'rollback m1', offers }),
    ]);
    const blocks = shown(view);
    expect(blocks).toContain('*`shop`* in 0.8 s: 4 findings, 1 fine, 1 not seen');
    const places = ['probes it is', 'blocking it is', 'idle it is', 'slow it is'].map((it) =>
      blocks.indexOf(it),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(blocks).toContain('bloat` skipped: bloat it is Next: grant pg_monitor to diag');
    expect([...blocks.matchAll(/\\"line\\":\\"([^\\]+)/g)].map(([, line]) => line)).toEqual([
      'rollback m1 shop',
      'db probes shop',
      'db blocking shop',
      'db idle shop',
    ]);
  });

  test('gives each of its buttons an id of its own, over all its steps', () => {
    const offers = [1, 2].map((n) => ({ label: `Do ${n}`, line: `do ${n}` }));
    const ids = idsIn(swept([finding('a', 'crit', { offers }), finding('b', 'warn', { offers })], 2));
    expect(ids.filter((id) => id?.startsWith('say:'))).toHaveLength(12);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('of one check shows what it saw', () => {
    const roots = [{ pid: 7, application: '<!channel>', query: 'select ?' }];
    const blocks = shown(swept([finding('blocking', 'warn', { facts: { waiting: 2, roots } })]));
    expect(blocks).toContain('waiting: 2\\nroots:\\n- pid 7, application &lt;!channel&gt;, query select ?');
  });
});

describe('the card of an incident', () => {
  const { settings } = appWith();
  const reported = (id: number, minutes: number, more: Partial<Change> = {}): Change => {
    const at = new Date(AT.getTime() - minutes * 60_000);
    const known = { source: 'http', kind: 'deploy', title: `v${id}`, details: {} } as const;
    return { id, at, receivedAt: at, ...known, ...more };
  };
  const changes = (record: Partial<IncidentRecord>): readonly string[] => {
    const { blocks } = card({ ...aRecord(anIncident()), ...record }, settings);
    return (/\*What changed\*(.*?)"/.exec(JSON.stringify(blocks))?.[1] ?? '').split('\\n').slice(1);
  };

  test('shows what changed shortly before, the newest three, with how long before', () => {
    const all = [reported(1, 119), reported(2, 60), reported(3, 4), reported(4, 1, { title: '<!channel>' })];
    expect(changes({ changes: all })).toEqual([
      '• 2026-11-22 13:59:00 UTC, 1 min before it was declared: Deploy: &lt;!channel&gt;',
      '• 2026-11-22 13:56:00 UTC, 4 min before it was declared: Deploy: v3',
      '• 2026-11-22 13:00:00 UTC, 1 h before it was declared: Deploy: v2',
    ]);
  });

  test('calls nobody by the title of an alert', () => {
    const alert: KnownAlert = {
      id: 1,
      source: 'grafana',
      fingerprint: 'f',
      groupKey: 'service:shop',
      state: 'firing',
      title: 'Queue grows <!subteam^S0123456>',
      labels: {},
      startedAt: AT,
      firstToldAt: AT,
      lastToldAt: AT,
      lastToldBy: 'k',
      told: 1,
      turns: [],
      outcome: 'attached',
      reason: 'incident 7 is open for it',
      heldBack: false,
    };
    const view = shown(card({ ...aRecord(anIncident()), alerts: [alert] }, settings));
    expect(view).toContain('Queue grows &lt;!subteam^S0123456&gt;');
  });

  test('shows what the timeline tells, too, each once, and nothing that was done since', () => {
    const entry = (seq: number, minutes: number, text: string, change?: number): TimelineEntry => {
      const at = new Date(AT.getTime() - minutes * 60_000);
      const details = change === undefined ? {} : { details: { change } };
      return { seq, at, recordedAt: AT, kind: 'change', actor: 'firebreak', hash: '', text, ...details };
    };
    const timeline = [
      entry(1, 3, 'Deploy: v1', 1),
      entry(2, 2, 'Migration 7 applied on shop'),
      entry(3, -1, 'Guard: rolled back'),
      entry(4, 121, 'long before'),
    ];
    expect(changes({ timeline, changes: [reported(1, 3)] })).toEqual([
      '• 2026-11-22 13:58:00 UTC, 2 min before it was declared: Migration 7 applied on shop',
      '• 2026-11-22 13:57:00 UTC, 3 min before it was declared: Deploy: v1',
    ]);
    expect(changes({})).toEqual([]);
  });
});

/** With one alert that fires, and nothing else open. */
const of = (known: Proposal): Parameters<typeof proposal>[0] => ({
  known,
  group: { firing: 1, resolved: 0, alerts: [] },
  command: '/incident',
  hidden: false,
  open: [],
  now: AT,
});

describe('a proposal', () => {
  const known: Proposal = {
    id: 3,
    monitor: 'order-status',
    target: 'shop',
    service: 'order-status',
    sqlstate: '42703',
    error: 'column "status" does not exist',
    relations: ['order_status'],
    migration: { name: '1717_cleanup', appliedAt: new Date(AT.getTime() - 20_000) },
    firstFailedAt: AT,
    detectedAt: new Date(AT.getTime() + 15_000),
  };

  test('names what fails and what changed before, and gives the line to type', () => {
    const blocks = shown(proposal(of(known)));
    for (const text of [
      '42703',
      'order_status',
      '1717_cleanup',
      '20 s before the first failure',
      'seen 15 s later',
    ]) {
      expect(blocks).toContain(text);
    }
    expect(blocks).toContain('"action_id":"proposal:declare"');
    expect(declareLine(known)).toBe('declare sev2 proposal:3 order-status: column "status" does not exist');
  });

  test('calls nobody by the words of a database', () => {
    const error = 'no <@U012AB>, <!subteam^S1> in <https://x.y>';
    const view = proposal(of({ ...known, error }));
    expect(`${view.text} ${shown(view)}`).not.toMatch(/<[@!h]/);
    expect(shown(view)).toContain('no &lt;@U012AB&gt;');
  });

  test('that became an incident has no button', () => {
    const blocks = shown(proposal(of({ ...known, incidentId: 7 })));
    expect(blocks).not.toContain('action_id');
    expect(blocks).toContain('Became incident 7');
  });
});

describe('the timeline', () => {
  const rows = (texts: readonly string[]): readonly Row[] =>
    texts.map((text, index) => ({
      seq: index + 1,
      at: AT,
      recordedAt: AT,
      kind: 'note',
      actor: 'U000ONCALL',
      text,
      said: { at: AT, by: 'U000ONCALL' },
      earlier: [],
    }));

  test('cuts neither a mention nor a character in two', () => {
    const long = Array.from({ length: 40 }, (_, more) =>
      timelinePage(7, rows([`${'x'.repeat(1270 + more)}<@U012ABCDE>`, `${'x'.repeat(1270 + more)}😀y`]), 1),
    );
    expect(long.map((page) => page.text).join('\n')).not.toMatch(
      /<@U0?1?2?…|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/,
    );
  });

  test('has whole pages only', () => {
    const many = rows(Array.from({ length: 30 }, (_, index) => `n${index}`));
    expect(timelinePage(7, many, 1).text).toContain('Page 1 of 2');
    expect(timelinePage(7, many, 9)).toEqual(timelinePage(7, many, 2));
  });
});

describe('a page', () => {
  const paged = (state: Escalation['state'], change: Partial<Page> = {}, others: readonly Page[] = []) =>
    shown(
      page(
        anIncident({ escalations: [anEscalation({ state })], pages: [aPage(change), ...others] }),
        1,
        DEFAULT_POLICY,
      ),
    );
  const answer = (kind: 'acknowledged' | 'declined') => ({ answer: { kind, by: 'U00000000DBA', at: AT } });

  test.each(['paging', 'exhausted'] as const)('of an escalation that is %s has both buttons', (state) => {
    expect(paged(state)).toContain('page-answer:acknowledged');
    expect(paged(state)).toContain('page-answer:declined');
  });

  test('that was declined can still be acknowledged, until somebody else has', () => {
    expect(paged('paging', answer('declined'))).toContain('Acknowledge after all');
    expect(paged('acknowledged', answer('declined'))).not.toContain('action_id');
  });

  test('has no buttons when it was answered, somebody else came, or it is over', () => {
    expect(paged('acknowledged', answer('acknowledged'))).not.toContain('action_id');
    expect(paged('stopped')).not.toContain('action_id');
    const other = aPage({ number: 2, user: 'U0COMMANDER', ...answer('acknowledged') });
    expect(paged('acknowledged', {}, [other])).toContain('<@U0COMMANDER> has acknowledged');
  });
});

describe('a reminder', () => {
  const reminded = (change: Partial<Incident>, state: object = { kind: 'open' }) =>
    shown(
      reminder(
        anIncident({
          reminders: {
            snoozed: {},
            dismissed: [],
            said: {},
            last: { number: 1, kind: 'update-due', at: AT, state } as never,
          },
          ...change,
        }),
        1,
        DEFAULT_POLICY,
      ),
    );

  test('calls the commander, or who declared it while there is none; and no one once it has ended', () => {
    expect(reminded({})).toContain('<@U000ONCALL>');
    expect(reminded({ roles: { commander: 'U0COMMANDER' } })).toContain('<@U0COMMANDER>');
    expect(reminded({}, { kind: 'done' })).not.toMatch(/<@|action_id/);
  });

  test('that was put off says by whom and until when', () => {
    const put = reminded({}, { kind: 'snoozed', by: 'U0COMMANDER', until: AT });
    expect(put).toMatch(/Put off until 2026-11-22 14:00:00 UTC by <@U0COMMANDER>/);
    expect(put).not.toContain('action_id');
  });
});

describe('text', () => {
  test('calls nobody that a database names, and keeps people, groups and entities', () => {
    expect(mrkdwn('<!channel> a<b & <@U012AB|bob> <!subteam^S1> &amp; <https://x.y|bank>')).toBe(
      '&lt;!channel&gt; a&lt;b &amp; <@U012AB|bob> <!subteam^S1> &amp; <https://x.y>',
    );
  });

  test('is cut without leaving half of a mention', () => {
    expect(clip('hello <@U012AB>', 10)).toBe('hello …');
    expect(clip('hello', 5)).toBe('hello');
    expect(clip('if a < b then stop', 12)).toBe('if a < b th…');
  });
});

/** Long, odd and hostile texts. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc
    .tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.nat(900))
    .map(([part, times]) => part.repeat(times)),
  fc.constantFrom('', '<!channel>', '&', '<'.repeat(5000), '`'.repeat(300), '\n'.repeat(4000)),
);
const actor = fc.constantFrom('U012ABCDE', 'terminal:root@db', 'monitor:<!channel>');
const some = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const arbitrary = <T>(of: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<T> =>
  fc.record(of) as fc.Arbitrary<T>;

const answers = fc.record({
  kind: fc.constantFrom('acknowledged', 'declined'),
  by: actor,
  at: fc.constant(AT),
});
const reminders = fc.record({
  snoozed: fc.constant({}),
  dismissed: fc.constant([]),
  said: fc.constant({}),
  last: fc.record({
    number: fc.constantFrom(1, 2),
    kind: fc.constantFrom(...REMINDERS),
    at: fc.constant(AT),
    state: fc.oneof(
      fc.constant({ kind: 'open' }),
      fc.constant({ kind: 'done' }),
      actor.map((by) => ({ kind: 'dismissed', by })),
      actor.map((by) => ({ kind: 'snoozed', by, until: AT })),
    ),
  }),
});

/** With everything that an incident can have. */
const incidents = arbitrary<Incident>({
  id: fc.nat(),
  kind: fc.constantFrom(...KINDS),
  private: fc.boolean(),
  title: text,
  severity: fc.constantFrom('sev1', 'sev5', 'gone'),
  status: fc.constantFrom(...STATUSES),
  statusSince: fc.constant(AT),
  declaredBy: actor,
  declaredAt: fc.constant(AT),
  service: some(text),
  channelId: some(fc.constant('C012ABCDE')),
  archived: some(fc.constant(true)),
  duplicateOf: some(fc.nat()),
  accounts: fc.record({ impact: some(text), summary: some(text), cause: some(text), fix: some(text) }),
  lastUpdate: some(fc.record({ at: fc.constant(AT), by: actor, text })),
  roles: fc.record({ commander: some(actor), scribe: some(actor), gone: some(actor) }),
  milestones: fc.constant(anIncident().milestones),
  actionItems: fc.array(
    fc.record({
      number: fc.nat(),
      text,
      done: fc.boolean(),
      createdBy: actor,
      due: some(fc.constant('2026-12-01')),
    }),
    { maxLength: 20 },
  ),
  escalations: fc
    .record({ team: text, state: fc.constantFrom('paging', 'acknowledged', 'exhausted', 'stopped') })
    .map((part) => [anEscalation(part as Partial<Escalation>)]),
  pages: fc.array(
    fc.record({
      number: fc.constant(1),
      escalation: fc.constant(1),
      level: fc.constant(1),
      team: text,
      user: actor,
      reason: some(text),
      requestedBy: actor,
      at: fc.constant(AT),
      unsent: some(text),
      answer: some(answers),
    }),
    { maxLength: 60 },
  ),
  reminders,
});

const plans = fc
  .record({ title: text, summary: fc.array(text, { maxLength: 60 }) })
  .map((part) => ({ ...aPlan, ...part }));
const blockers = fc
  .record({
    pid: fc.nat(),
    user: text,
    application: text,
    state: text,
    query: text,
    relations: fc.array(text, { maxLength: 5 }),
  })
  .map((part) => ({ ...aBlocker, ...part }));
const outcomes = fc.oneof(
  fc
    .record({ blockers: fc.array(blockers, { maxLength: 6 }) })
    .map(
      (part): ActionOutcome => ({ state: 'stopped', code: 'LOCK_TIMEOUT', verdict: '', facts: {}, ...part }),
    ),
  text.map(
    (table): ActionOutcome => ({
      state: 'done',
      verdict: '',
      facts: { data_suspect: 5, data_suspect_tables: { [table]: 5 } },
      probes: [],
    }),
  ),
);
const sweeps = fc.record({
  target: text,
  took_ms: fc.nat(),
  top: fc.array(text, { maxLength: 12 }),
  checks: fc.array(
    fc.record({
      check: text,
      status: fc.constantFrom('ok', 'crit', 'skipped', 'timeout'),
      verdict: text,
      facts: fc.constant({}),
      next: some(text),
    }),
    { maxLength: 30 },
  ),
});
const steps = arbitrary<RunStep>({
  index: fc.nat(),
  name: text,
  kind: fc.constant('x'),
  risk: fc.constant('read'),
  state: fc.constantFrom(...STEP_STATES),
  verdict: some(text),
  plan: some(plans),
  approval: some(fc.constant(waiting.approval)),
  outcome: some(outcomes),
  output: some(sweeps),
});
const runs = fc
  .record({
    title: text,
    target: text,
    state: fc.constantFrom(...RUN_STATES),
    steps: fc.array(steps, { maxLength: 70 }),
  })
  .map((part) => aRun(part.steps, part));
const proposals = arbitrary<Proposal>({
  id: fc.nat(),
  monitor: text,
  target: text,
  service: some(text),
  sqlstate: some(text),
  error: text,
  relations: fc.array(text, { maxLength: 20 }),
  migration: some(fc.record({ name: text, appliedAt: some(fc.constant(AT)) })),
  firstFailedAt: fc.constant(AT),
  detectedAt: fc.constant(AT),
});

/** The texts that Slack reads as markup, wherever they are. */
function marked(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === 'mrkdwn' && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap(marked)];
}

describe('within the limits of Slack, whatever it shows, stays', () => {
  const fits = (view: View | undefined): void => {
    expect(blockFaults([...(view?.blocks ?? [])], 50)).toEqual([]);
    expect(view?.text.length).toBeLessThanOrEqual(4000);
    expect(view?.text.trim()).not.toBe('');
    expect(view?.text).not.toContain('<!channel>');
    for (const said of marked(view?.blocks)) expect(said).not.toContain('<!channel>');
  };
  const always = <T>(of: fc.Arbitrary<T>, render: (value: T) => View | undefined): void =>
    fc.assert(
      fc.property(of, (value) => fits(render(value))),
      { numRuns: 30 },
    );

  test('a card', () =>
    always(
      fc.tuple(
        incidents,
        fc.array(runs, { maxLength: 3 }),
        fc.array(text, { maxLength: 6 }),
        fc.array(text, { maxLength: 20 }),
      ),
      ([incident, all, changes, held]) =>
        card(
          {
            ...aRecord(incident, all),
            timeline: changes.map((change, seq) => ({
              seq,
              at: AT,
              recordedAt: AT,
              kind: 'change',
              actor: 'firebreak',
              text: change,
              hash: '',
            })),
            holds: held.map((migration) => ({
              target: migration,
              migration,
              incidentId: 1,
              runId: 1,
              since: AT,
            })),
          },
          appWith().settings,
        ),
    ));
  test('a reminder', () => always(incidents, (incident) => reminder(incident, 1, DEFAULT_POLICY)));
  test('a row of offers', () =>
    always(
      fc.tuple(
        text,
        fc.array(fc.record({ label: text.map((label) => `a${label}`), line: text }), { maxLength: 5 }),
      ),
      ([said, offers]) => withOffers(mrkdwn(`a${said}`), offers),
    ));
  test('who is on call', () =>
    always(
      fc.array(
        fc.record({
          level: fc.nat(9),
          waitSeconds: fc.nat(),
          users: fc.array(fc.constant('U012ABCDE'), { maxLength: 40 }),
          problems: fc.array(text, { maxLength: 5 }),
          turns: fc.array(
            fc.record({
              rotation: fc.constant('weekly'),
              now: fc.constant({ user: 'U012ABCDE', until: AT }),
              next: fc.constant({ user: 'U012ABCDE', from: AT, until: AT }),
            }),
            { maxLength: 5 },
          ),
        }),
        { maxLength: 9 },
      ),
      (levels) => {
        const shownLines = onCallLines('database', levels);
        return view('on call', lines(shownLines));
      },
    ));
  test('an App Home', () =>
    fc.assert(
      fc.property(
        fc.array(incidents, { maxLength: 40 }),
        fc.array(runs, { maxLength: 5 }),
        fc.array(text, { maxLength: 40 }),
        some(text),
        (some_, approvals, items, answer) => {
          const content = {
            mine: some_,
            others: some_,
            approvals: approvals.map((known, id) => ({ ...known, id })),
            actionItems: items.map((each, number) => ({
              incident: 1,
              item: { number, text: each, done: false, createdBy: 'U1' },
              overdue: false,
            })),
            onCall: {},
            ...(answer ? { answer: { text: `a${answer}`, offers: [] } } : {}),
          };
          const { blocks } = home(content, DEFAULT_POLICY, '/incident', AT);
          expect(blockFaults([...blocks], 100)).toEqual([]);
          for (const said of marked(blocks)) expect(said).not.toContain('<!channel>');
        },
      ),
      { numRuns: 30 },
    ));
  test('an announcement', () => always(incidents, (incident) => announcement(incident, DEFAULT_POLICY)));
  test('a page', () =>
    always(
      incidents.filter(({ pages }) => pages.length > 0),
      (incident) => page(incident, 1, DEFAULT_POLICY),
    ));
  test('a run', () => always(runs, (known) => run(known, '/incident')));
  test('a run that waits, with its buttons', () =>
    always(fc.tuple(runs, plans), ([known, plan]) => {
      const view = run(aRun([{ ...waiting, plan }, ...known.steps]), '/incident');
      expect(shown(view)).toContain('approval:approved');
      return view;
    }));
  test('a proposal', () => always(proposals, (known) => proposal(of(known))));
  test('a topic', () =>
    fc.assert(
      fc.property(incidents, (incident) => expect(topicOf(incident).length).toBeLessThanOrEqual(250)),
    ));
});
