/** A run of ten steps over a real target, and the points at which whoever works on it can be killed. */
import { z } from 'zod';
import { createRuns, type RunUseCases } from '../../src/app/runs.ts';
import { ensureMarkers, writeMarker } from '../../src/databases/marker.ts';
import { resolveUnknown } from '../../src/databases/resolve.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Run } from '../../src/domain/run.ts';
import type { Runbook } from '../../src/domain/runbook.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import { type Leases, openLeases } from '../../src/jobs/lease.ts';
import { createRunWorker } from '../../src/jobs/run-step.ts';
import { silentLogger } from '../../src/log.ts';
import { defineStep, type StepKind } from '../../src/runbooks/step.ts';
import { loadRun } from '../../src/store/runs.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { directory, settingsWith, shop } from './run-step-support.ts';

/** Called wherever a crash could come; the child counts, and kills itself. */
type Point = () => void;

const KINDS = ['look', 'tell', 'act', 'look', 'act', 'tell', 'act', 'look', 'tell', 'act'] as const;
const RISKS = { look: 'read', tell: 'change', act: 'dangerous' } as const;

const TEN_STEPS: Runbook = {
  name: 'ten-steps',
  title: 'Ten steps',
  summary: 'Ten steps',
  params: {},
  steps: KINDS.map((kind, index) => ({
    name: `${kind} ${index + 1}`,
    kind,
    risk: RISKS[kind],
    with: { nth: index + 1 },
  })),
};

const Input = z.strictObject({ nth: z.number() });

/** Steps that leave one row in `effects` of the target each time that they are carried out. */
const kindsWith = (point: Point): readonly StepKind[] => [
  defineStep({
    kind: 'look',
    risk: 'read',
    dryRun: 'It only reads.',
    input: Input,
    run(_context, { nth }) {
      return Promise.resolve({ ok: true, verdict: `Looked ${nth}.` });
    },
  }),
  defineStep({
    kind: 'tell',
    risk: 'change',
    dryRun: 'The text is the plan.',
    input: Input,
    run({ incident }, { nth }) {
      const to = { kind: 'incident', id: incident } as const;
      return Promise.resolve({
        ok: true,
        verdict: `Told ${nth}.`,
        effects: [{ kind: 'say', to, text: `told ${nth}` }],
      });
    },
  }),
  defineStep({
    kind: 'act',
    risk: 'dangerous',
    dryRun: 'There is none.',
    input: Input,
    plan: ({ target, incident }, { nth }) => {
      return Promise.resolve({ ok: true, plan: planOf(target, incident, nth) });
    },
    async execute({ target, key }, plan, { marker, onXid }) {
      const client = await target.session('ddl');
      try {
        await ensureMarkers(client);
        await client.query(`begin; set local idle_in_transaction_session_timeout = '10s'`);
        const xid = await writeMarker(client, marker, plan.hash);
        await client.query('insert into effects (run, step) values ($1, $2)', [
          key.split('-')[0],
          plan.inputs['nth'],
        ]);
        point();
        await onXid({ xid });
        await client.query('commit');
        point();
      } finally {
        await client.end();
      }
      return { state: 'done', verdict: `Acted ${String(plan.inputs['nth'])}.`, facts: {}, probes: [] };
    },
    resolve: ({ target }, _plan, marker, trace) => resolveUnknown(target, marker, trace),
  }),
];

const planOf = ({ name }: Target, incident: number, nth: number): Plan => ({
  kind: 'db-execute',
  hash: `hash-${incident}-${nth}`,
  target: name,
  identity: { systemIdentifier: '7', database: 'shop', oid: 5, timeline: 1 },
  title: `Act ${nth}`,
  summary: [],
  sql: 'insert into effects',
  inputs: { nth },
  facts: {},
});

export interface Instance {
  readonly store: Store;
  readonly runs: RunUseCases;
  /** Does what can be done now, approving what waits for it; answers where the run stands. */
  bringForward(run: number): Promise<Run>;
  close(): Promise<void>;
}

/** One instance of the bot, as far as runs go: two of them share the store and the target. */
export function openInstance(
  urls: { readonly store: string; readonly target: string },
  point: Point = () => undefined,
): Instance {
  const real = openStore(urls.store);
  const store: Store = {
    ...real,
    // Before an intent or an outcome is as after the commit before it: between them is nothing that lasts.
    transaction: async (act) => {
      const result = await real.transaction(act);
      point();
      return result;
    },
  };
  const config: TargetSettings = { ...shop, urls: { diag: urls.target, act: urls.target, ddl: urls.target } };
  const targets = ['shop', 'shop-2', 'shop-3'].map((name) => ({ ...config, name }));
  const opened = new Map(targets.map((each) => [each.name, openTarget(each)]));
  const settings = {
    ...settingsWith(Object.fromEntries(targets.map((each) => [each.name, each]))),
    breaker: { dangerousPerHour: 100_000 },
  };
  const now = (): Date => new Date();
  const leases: Leases = openLeases(store, silentLogger);
  const runs = createRuns({
    store,
    settings,
    now,
    directory,
    runbooks: new Map([[TEN_STEPS.name, TEN_STEPS]]),
  });
  const worker = createRunWorker({
    store,
    now,
    log: silentLogger,
    settings,
    steps: new Map(kindsWith(point).map((kind) => [kind.name, kind])),
    target: (name) => opened.get(name),
    app: { captured: () => Promise.resolve([]), roster: () => Promise.resolve(undefined) },
  });
  const load = async (id: number): Promise<Run> => {
    const run = await loadRun(store, id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  };
  return {
    store,
    runs,
    async bringForward(id) {
      for (;;) {
        const never = new AbortController().signal;
        await leases.withLease('run', String(id), (lease) => worker.work(String(id), lease, never));
        const run = await load(id);
        const step = run.steps.find(({ state }) => state === 'awaiting_approval');
        if (!step?.approval || step.approval.decision) return run;
        const wish = { run: id, step: step.index, planHash: step.approval.planHash, by: 'UDBA' };
        await runs.decideApproval({ ...wish, decision: 'approved' });
      }
    },
    async close() {
      await leases.close();
      await Promise.all([...opened.values()].map((target) => target.close()));
      await real.close();
    },
  };
}
