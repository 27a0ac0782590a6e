/** A store with an open incident, the use cases of runs on it, and a worker with steps made by hand. */

import { z } from 'zod';
import type { Directory } from '../../src/app/app.ts';
import { declareIncident } from '../../src/app/incidents.ts';
import { createRuns, type RunUseCases } from '../../src/app/runs.ts';
import { DEFAULT_ALERT_POLICY } from '../../src/domain/alert-rules.ts';
import type { Effect } from '../../src/domain/effects.ts';
import type { TimelineEntry } from '../../src/domain/entry.ts';
import type { ActionOutcome, Plan } from '../../src/domain/plan.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import { type Refusal, refuse } from '../../src/domain/refusal.ts';
import type { JournalRun, Run } from '../../src/domain/run.ts';
import type { Runbook } from '../../src/domain/runbook.ts';
import type { Settings } from '../../src/domain/settings.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { type AdvanceableClock, advanceableClock } from '../../src/jobs/clock.ts';
import { type Leases, openLeases } from '../../src/jobs/lease.ts';
import type { RunWorkerParts } from '../../src/jobs/run-context.ts';
import { createRunWorker } from '../../src/jobs/run-step.ts';
import { silentLogger } from '../../src/log.ts';
import type { ExecuteOptions, Resolution, StepKind } from '../../src/runbooks/step.ts';
import { defineStep } from '../../src/runbooks/step.ts';
import { loadRun } from '../../src/store/runs.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { loadTimeline } from '../../src/store/timeline.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const START = new Date('2026-11-22T13:00:00Z');

export const shop: TargetSettings = {
  name: 'shop',
  urls: { diag: 'postgres://nobody@127.0.0.1:1/none' },
  tool: 'node-pg-migrate',
  probes: [],
  services: [],
  snapshot: { maxLockSeconds: 5 },
  sources: {},
};

export const settingsWith = (targets: Settings['targets'] = { shop }): Settings => ({
  ...DEFAULT_POLICY,
  command: '/incident',
  timezone: 'UTC',
  incidentsChannel: 'C1',
  permissions: {
    declare: undefined,
    respond: undefined,
    dangerous: undefined,
    approve: ['UDBA', 'SDBAS'],
    private: undefined,
  },
  teams: {},
  services: {},
  targets,
  alerts: DEFAULT_ALERT_POLICY,
  breaker: { dangerousPerHour: 3 },
});

export const directory: Directory = {
  standing: (user) => Promise.resolve(user === 'UGUEST' ? 'guest' : 'member'),
  groupMembers: () => Promise.resolve(['UTWO', 'UGUEST']),
  channelMembers: () => Promise.resolve([]),
  userByEmail: () => Promise.resolve(undefined),
};

export interface Bench {
  readonly database: TestDatabase;
  readonly store: Store;
  readonly leases: Leases;
  readonly clock: AdvanceableClock;
  readonly runs: RunUseCases;
  /** A new open incident. */
  incident(): Promise<number>;
  /** Starts a runbook and fails the test when that is refused. */
  start(runbook: string, params?: Record<string, string>, incident?: number): Promise<Run>;
  /** Has everything done that is due for the run. */
  work(run: number): Promise<JournalRun>;
  approve(run: number, by?: string): ReturnType<RunUseCases['decideApproval']>;
  timeline(incident: number): Promise<readonly TimelineEntry[]>;
  effects(incident: number): Promise<readonly Effect[]>;
  close(): Promise<void>;
}

export async function openBench(
  kinds: readonly StepKind[],
  runbooks: readonly Runbook[],
  with_: Partial<RunWorkerParts> & {
    readonly settings?: Settings;
    /** Instead of those that are given; it may grow. */
    readonly runbooks?: ReadonlyMap<string, Runbook>;
  } = {},
): Promise<Bench> {
  const database = await createTestDatabase('store');
  const store = openStore(database.url);
  const leases = openLeases(store, silentLogger);
  const clock = advanceableClock({ now: () => START });
  const now = (): Date => clock.now();
  const settings = with_.settings ?? settingsWith();
  const runs = createRuns({
    store,
    settings,
    now,
    directory,
    runbooks: with_.runbooks ?? new Map(runbooks.map((runbook) => [runbook.name, runbook])),
  });
  const worker = createRunWorker({
    store,
    now,
    log: silentLogger,
    steps: new Map(kinds.map((kind) => [kind.name, kind])),
    target: () => ({ name: 'shop', config: shop }) as never,
    app: { captured: () => Promise.resolve([]), roster: () => Promise.resolve(undefined) },
    ...with_,
    settings,
  });
  const incident = async (): Promise<number> => {
    const declared = await declareIncident(
      store,
      { by: 'UASK', title: 'Order status', severity: 'sev1', anyway: true },
      {},
      now(),
      settings,
      new Set(),
    );
    if (!declared.ok) throw new Error(declared.code);
    return declared.incident.id;
  };
  const load = async (id: number): Promise<JournalRun> => {
    const run = await loadRun(store, id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  };
  return {
    database,
    store,
    leases,
    clock,
    runs,
    incident,
    async start(runbook, params = {}, id) {
      const started = await runs.startRun({
        incident: id ?? (await incident()),
        runbook,
        params,
        by: 'UASK',
      });
      if (!started.ok) throw new Error(started.code);
      return started.run;
    },
    async work(id) {
      const never = new AbortController().signal;
      await leases.withLease('run', String(id), (lease) => worker.work(String(id), lease, never));
      return load(id);
    },
    async approve(id, by = 'UDBA') {
      const step = (await load(id)).steps.find(({ state }) => state === 'awaiting_approval');
      const wish = { run: id, step: step?.index ?? 0, planHash: step?.approval?.planHash ?? '', by };
      return runs.decideApproval({ ...wish, decision: 'approved' });
    },
    timeline: (id) => loadTimeline(store, id),
    async effects(id) {
      const { rows } = await store.query<{ effect: Effect }>(
        'select effect from outbox where lane = $1 order by id',
        [`incident:${id}`],
      );
      return rows.map(({ effect }) => effect);
    },
    async close() {
      await leases.close();
      await store.close();
      await database.drop();
    },
  };
}

/** What a step made by hand does, and what was done to it. */
export class World {
  hash = 'hash-one';
  refusal: Refusal | undefined;
  executions: ExecuteOptions[] = [];
  resolutions = 0;
  reads = 0;
  readVerdict: string | Error = 'Looked.';
  resolution: Resolution = 'unknown';
  execute: (options: ExecuteOptions) => Promise<ActionOutcome> = () => Promise.resolve(this.done());

  plan(): Plan {
    return {
      kind: 'migration-rollback',
      hash: this.hash,
      target: 'shop',
      identity: { systemIdentifier: '7', database: 'shop', oid: 5, timeline: 1 },
      title: 'Roll back x on shop',
      summary: ['Locks orders.'],
      sql: 'begin; drop table x; commit;',
      inputs: { migration: 'x' },
      facts: {},
    };
  }

  done(facts: Record<string, unknown> = { rows: 3 }): ActionOutcome {
    return { state: 'done', verdict: 'Rolled back x.', facts, probes: [] };
  }

  kinds(): readonly StepKind[] {
    const none = z.strictObject({ value: z.string().optional() });
    const read = defineStep({
      kind: 'look',
      risk: 'read',
      dryRun: 'It only reads.',
      input: none,
      run: () => {
        this.reads += 1;
        if (this.readVerdict instanceof Error) return Promise.reject(this.readVerdict);
        return Promise.resolve({ ok: true, verdict: this.readVerdict, output: { seen: this.reads } });
      },
    });
    const tell = defineStep({
      kind: 'tell',
      risk: 'change',
      dryRun: 'The text is the plan.',
      input: none,
      run: ({ incident }, { value = '' }) =>
        Promise.resolve({
          ok: true,
          verdict: 'Told.',
          effects: [{ kind: 'say', to: { kind: 'incident', id: incident }, text: value }],
        }),
    });
    const act = defineStep({
      kind: 'act',
      risk: 'dangerous',
      dryRun: 'Nothing to see beforehand.',
      input: none,
      plan: () => Promise.resolve(this.refusal ?? { ok: true, plan: this.plan() }),
      execute: (_context, _plan, options) => {
        this.executions.push(options);
        return this.execute(options);
      },
      resolve: () => {
        this.resolutions += 1;
        return Promise.resolve(this.resolution);
      },
      after: (_plan, { facts }) => ({
        hold: 'x',
        ...(Number(facts['data_suspect'] ?? 0) > 0 ? { advice: 'A repair is proposed.' } : {}),
      }),
    });
    return [read, tell, act];
  }
}

const step = (name: string, risk: 'read' | 'change' | 'dangerous', kind: string, input = {}) => ({
  name,
  risk,
  kind,
  with: input,
});
const book = (name: string, steps: Runbook['steps'], params: Runbook['params'] = {}): Runbook => ({
  name,
  title: name,
  summary: name,
  params,
  steps,
});

export const RUNBOOKS: readonly Runbook[] = [
  book('look', [step('look', 'read', 'look')]),
  book('tell', [step('say it', 'change', 'tell', { value: '{{text}}' }), step('look', 'read', 'look')], {
    text: { type: 'text', required: true, description: 'what to say' },
  }),
  book('undo', [step('undo', 'dangerous', 'act'), step('look', 'read', 'look')]),
  book('maybe', [{ ...step('look', 'read', 'look'), when: 'table' }, step('then', 'read', 'look')], {
    table: { type: 'table', required: false, description: 'a table' },
  }),
];

export const refusal = refuse('MIGRATION_NO_DOWN', { migration: 'x' });
