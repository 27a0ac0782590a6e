/** The record of an order-status outage, as Firebreak would have kept it: every kind of fact once. */
import type { Change } from '../../src/domain/change.ts';
import type { EntryKind, TimelineEntry } from '../../src/domain/entry.ts';
import type { Escalation, Incident, Milestone } from '../../src/domain/incident.ts';
import type { ActionOutcome, Plan, PlanKind } from '../../src/domain/plan.ts';
import type { IncidentRecord } from '../../src/domain/record.ts';
import { NO_REMINDERS } from '../../src/domain/reminders.ts';
import type { Approval, Run, RunStep } from '../../src/domain/run.ts';

export const MIGRATION = '20261122095500_order_status_codes';
export const HASHES = { first: 'a1'.repeat(32), terminate: 'b2'.repeat(32), repair: 'c3'.repeat(32) };

/** `at('10:01:30')` is that time on the day of the outage, in UTC. */
export const at = (time: string): Date => new Date(`2026-11-22T${time}Z`);

/** The full record, with parts replaced. */
export function outage(changes: Partial<IncidentRecord> = {}): IncidentRecord {
  return {
    incident: outageIncident(),
    timeline: TIMELINE,
    runs: [sweepRun, failedRollback, terminate, rollback, repair],
    holds: [],
    changes: [],
    alerts: [],
    parts: [],
    proposals: [
      {
        id: 1,
        monitor: 'shop-probes',
        target: 'shop',
        service: 'order-status',
        sqlstate: '42703',
        error: 'column "status" does not exist',
        relations: ['orders', 'order_status'],
        migration: { name: MIGRATION, appliedAt: at('09:59:50') },
        firstFailedAt: at('10:00:00'),
        detectedAt: at('10:00:08'),
        incidentId: 7,
      },
    ],
    people: { U01: 'Ana', U02: 'Bo', U03: 'Dee the DBA' },
    headHash: 'f0'.repeat(32),
    ...changes,
  };
}

/** A deploy of the service, two minutes before the impact began. */
export const aChange = (more: Partial<Change> = {}): Change => ({
  id: 1,
  source: 'http',
  kind: 'deploy',
  title: 'v42',
  service: 'order-status',
  at: at('09:58:00'),
  receivedAt: at('09:58:00'),
  details: {},
  ...more,
});

/** The incident alone, with parts replaced. */
export const outageIncident = (changes: Partial<Incident> = {}): Incident => ({
  id: 7,
  kind: 'incident',
  private: false,
  title: 'Order status cannot be viewed',
  severity: 'sev1',
  status: 'resolved',
  statusSince: at('10:09:00'),
  declaredBy: 'U01',
  declaredAt: at('10:00:40'),
  channelId: 'C07',
  accounts: {},
  leftOut: [],
  roles: { commander: 'U02', expert: 'U03' },
  milestones: {
    impact_started: {
      ...milestone('10:00:00', 'U02'),
      earlier: [{ at: at('10:00:05'), by: 'monitor:shop-probes', recordedAt: at('10:00:08') }],
    },
    detected: milestone('10:00:08', 'monitor:shop-probes'),
    declared: milestone('10:00:40', 'U01'),
    acknowledged: milestone('10:01:00', 'U02'),
    mitigated: milestone('10:05:20', 'U02'),
    resolved: milestone('10:09:00', 'U02'),
  },
  actionItems: [
    { number: 1, text: 'Test downs in CI', owner: 'U03', due: '2026-12-18', done: false, createdBy: 'U02' },
    { number: 2, text: 'Ask <@U01> about | limits', done: true, createdBy: 'U02' },
  ],
  pages: [
    {
      number: 1,
      escalation: 1,
      level: 1,
      team: 'database',
      user: 'U03',
      reason: 'rollback needed',
      requestedBy: 'U02',
      at: at('10:01:10'),
      answer: { kind: 'acknowledged', by: 'U03', at: at('10:01:40') },
    },
    {
      number: 2,
      escalation: 2,
      level: 1,
      team: 'support',
      user: 'U99',
      requestedBy: 'U02',
      at: at('10:01:20'),
    },
  ],
  escalations: [
    escalationOf(1, 'database', '10:01:10', 'acknowledged'),
    escalationOf(2, 'support', '10:01:20', 'exhausted'),
  ],
  reminders: NO_REMINDERS,
  ...changes,
});

/** An entry that nothing else depends on. */
export function entryOf(
  seq: number,
  text: string | undefined,
  more: Partial<TimelineEntry> = {},
): TimelineEntry {
  return {
    seq,
    at: at('10:00:00'),
    recordedAt: at('10:00:00'),
    kind: 'note',
    actor: 'U01',
    hash: 'e'.repeat(64),
    ...(text === undefined ? {} : { text }),
    ...more,
  };
}

function escalationOf(number: number, team: string, time: string, state: Escalation['state']): Escalation {
  const [when, waitSeconds] = [at(time), 300];
  return {
    number,
    team,
    requestedBy: 'U02',
    at: when,
    level: 1,
    levelAt: when,
    waitSeconds,
    ways: [],
    state,
  };
}

function milestone(time: string, by: string): Milestone {
  return { at: at(time), by, recordedAt: at(time), earlier: [] };
}

/** When, which kind, by whom, what; and the run that it is about. */
type Told = readonly [time: string, kind: EntryKind, actor: string, text: string, run?: number];

const told =
  (first: number) =>
  ([time, kind, actor, text, run]: Told, index: number): TimelineEntry =>
    entryOf(first + index, text, {
      at: at(time),
      recordedAt: at(time),
      kind,
      actor,
      ...(run === undefined ? {} : { details: { run, step: 1 } }),
    });

const TIMELINE: readonly TimelineEntry[] = (
  [
    ['10:00:08', 'monitor', 'monitor:shop-probes', 'orders by customer failed with 42703'],
    ['10:00:40', 'declared', 'U01', 'Declared sev1: Order status cannot be viewed'],
    ['10:01:00', 'role', 'U02', 'Incident commander: <@U02>'],
    ['10:01:10', 'page', 'U02', 'Paged database (<@U03>): rollback needed'],
    ['10:01:40', 'answer', 'U03', '<@U03> acknowledged the page to database'],
    ['10:01:45', 'role', 'U02', 'Subject matter expert: <@U03>'],
    ['10:02:00', 'diagnosis', 'firebreak', 'Sweep of shop: 1 critical', 1],
    ['10:03:20', 'step', 'firebreak', 'Rollback stopped: lock timeout', 2],
    ['10:05:15', 'step', 'firebreak', 'Rollback done', 4],
    ['10:09:00', 'status', 'U02', 'Status mitigated → resolved'],
  ] as const satisfies readonly Told[]
)
  .map(told(1))
  .concat([
    entryOf(11, 'Customers report an empty page\nsee <https://status.example/1|the board>', {
      at: at('09:59:58'),
      recordedAt: at('14:20:00'),
      actor: 'U99',
      link: 'https://slack.example/archives/C07/p1',
    }),
    entryOf(12, undefined, { at: at('10:02:00'), recordedAt: at('10:02:30') }),
  ])
  .concat(
    (
      [
        ['10:01:20', 'page', 'U02', 'Paged support (<@U99>)'],
        ['10:04:00', 'step', 'firebreak', 'pid 4711 is gone', 3],
        ['10:08:30', 'step', 'firebreak', '493 rows put back', 5],
        ['10:02:50', 'approval', 'U03', 'approved by <@U03>', 2],
        ['10:03:45', 'approval', 'U03', 'approved by <@U03>', 3],
        ['10:04:50', 'approval', 'U03', 'approved by <@U03>', 4],
        ['10:06:30', 'approval', 'U03', 'approved by <@U03>', 5],
        ['09:59:50', 'change', 'firebreak', `Migration ${MIGRATION} applied on shop`],
      ] as const satisfies readonly Told[]
    ).map(told(13)),
  );

const sweepRun = runOf(1, 'sweep', '10:01:50', '10:02:00', [
  {
    index: 1,
    name: 'sweep',
    kind: 'db-check',
    risk: 'read',
    state: 'done',
    startedAt: at('10:01:51'),
    endedAt: at('10:01:52'),
    verdict: '1 critical, 1 skipped',
    output: {
      target: 'shop',
      took_ms: 812,
      checks: [
        { check: 'probes', status: 'crit', verdict: 'orders by customer fails with 42703', facts: {} },
        { check: 'log', status: 'skipped', verdict: 'pg_read_server_files is missing', facts: {} },
      ],
      top: [`${MIGRATION} was applied 10 s before the first failure`],
    },
  },
]);

const failedRollback = runOf(2, 'rollback-migration', '10:02:30', '10:03:20', [
  dangerous(
    'migration-rollback',
    HASHES.first,
    `Roll back migration ${MIGRATION} on shop`,
    '10:02:30',
    '10:02:50',
    {
      state: 'stopped',
      code: 'LOCK_TIMEOUT',
      verdict: 'orders stayed locked by pid 4711',
      facts: { attempts: 3 },
      blockers: [
        {
          pid: 4711,
          backendStart: '2026-11-22T09:40:00Z',
          user: 'report',
          application: 'nightly-report',
          state: 'idle in transaction',
          transactionAge: 1312,
          query: 'select * from orders where id = $1',
          relations: ['orders'],
        },
      ],
    },
  ),
]);

const terminate = runOf(3, 'end-session', '10:03:30', '10:04:00', [
  dangerous('db-terminate', HASHES.terminate, 'End session 4711 on shop', '10:03:30', '10:03:45', {
    state: 'done',
    verdict: 'pid 4711 is gone',
    facts: {},
    probes: [],
  }),
]);

const rollback = runOf(4, 'rollback-migration', '10:04:30', '10:05:15', [
  dangerous(
    'migration-rollback',
    HASHES.first,
    `Roll back migration ${MIGRATION} on shop`,
    '10:04:30',
    '10:04:50',
    {
      state: 'done',
      verdict: 'rolled back; 500 rows still hold wrong data',
      facts: {
        attempts: 1,
        data_suspect: 500,
        not_undone: ['the UPDATE of order_status.code'],
        duration_ms: 240,
      },
      probes: [
        { name: 'orders by customer', ok: true, took_ms: 4, relations: ['orders'] },
        { name: 'status is known', ok: false, took_ms: 5, sqlstate: '22P02', relations: ['order_status'] },
      ],
    },
  ),
]);

const repair = runOf(5, 'table-repair', '10:06:00', '10:08:30', [
  dangerous('table-repair', HASHES.repair, 'Repair order_status on shop', '10:06:00', '10:06:30', {
    state: 'done',
    verdict: '493 rows put back, 7 conflicts left',
    facts: {
      restored: 493,
      conflicts: 7,
      already_right: 12,
      snapshot_table: 'firebreak_7.order_status_before',
    },
    probes: [{ name: 'orders by customer', ok: true, took_ms: 3, relations: ['orders'] }],
  }),
]);

function runOf(id: number, runbook: string, from: string, to: string, steps: readonly RunStep[]): Run {
  return {
    id,
    incidentId: 7,
    runbook,
    title: runbook,
    target: 'shop',
    params: runbook === 'rollback-migration' ? { migration: MIGRATION } : {},
    requestedBy: 'U01',
    requestedAt: at(from),
    state: steps.some(({ state }) => state === 'stopped') ? 'stopped' : 'done',
    endedAt: at(to),
    steps,
  };
}

function dangerous(
  kind: PlanKind,
  hash: string,
  title: string,
  requested: string,
  approved: string,
  outcome: ActionOutcome,
): RunStep {
  return {
    index: 1,
    name: kind,
    kind,
    risk: 'dangerous',
    state: outcome.state,
    startedAt: at(approved),
    endedAt: new Date(at(approved).getTime() + 25_000),
    plan: planOf(kind, hash, title),
    approval: approvalOf(hash, requested, approved),
    outcome,
  };
}

function planOf(kind: PlanKind, hash: string, title: string): Plan {
  const about = kind === 'migration-rollback';
  const inputs = about ? { migration: MIGRATION, notUndone: ['the UPDATE of order_status.code'] } : {};
  const facts = about ? { applied_at: '2026-11-22T09:59:50.000Z' } : {};
  const identity = { systemIdentifier: '1', database: 'shop', oid: 5, timeline: 1 };
  return { kind, hash, target: 'shop', identity, title, summary: [], sql: 'select 1', inputs, facts };
}

function approvalOf(planHash: string, requested: string, approved: string): Approval {
  const decision = { kind: 'approved', by: 'U03', at: at(approved) } as const;
  const expiresAt = at('11:00:00');
  return { planHash, requestedBy: 'U01', requestedAt: at(requested), expiresAt, decision };
}
