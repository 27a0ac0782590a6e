/** A rollback tried out on another target: the whole transaction of its execution, measured, and rolled back. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { CapturedMigration, Plan } from '../domain/plan.ts';
import { redactedText } from '../domain/redact-output.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { ProbeResult } from '../domain/sweep.ts';
import { explainRefusal } from '../errors.ts';
import { failure } from './execution.ts';
import { MARKERS, markersExist } from './marker.ts';
import { Stop } from './outcome.ts';
import { connectionLost, errorText, isLockTrouble } from './pg-errors.ts';
import { rehearsalLines } from './rehearsal-lines.ts';
import { type RollbackInputs, readRollbackInputs } from './rollback/inputs.ts';
import { prepare } from './rollback/transaction.ts';
import { planRollback } from './rollback.ts';
import { endQuietly, identityText, sameIdentity, type Target } from './target.ts';
import type { Observer } from './transaction.ts';

/** Where a rollback is tried out. */
export interface RehearsalPlace {
  readonly target: Target;
  /** What was captured for it; where its migration is not among it, that of the plan's own target counts. */
  readonly captured: readonly CapturedMigration[];
}

/** What was measured; in a plan these are `facts.rehearsal`. */
export interface Figures {
  /** From asking for the first lock of a table until everything was rolled back. */
  readonly locked_ms: number;
  readonly rows_copied: number;
  /** By statement of the down, in order; null where a statement counts no rows. */
  readonly rows_changed: readonly (number | null)[];
  readonly probes: readonly Pick<ProbeResult, 'name' | 'ok' | 'took_ms' | 'error'>[];
}

/** `failed` may have figures up to there; it also stands for a red probe. */
export type Rehearsal =
  | ({ readonly target: string; readonly state: 'green' } & Figures)
  | ({ readonly target: string; readonly state: 'failed'; readonly why: string } & Figures)
  | { readonly target: string; readonly state: 'not done'; readonly why: string };

/** No statement is given longer than this, and nothing is locked for longer. */
const LIMIT_MS = 60_000;
const LOCK_TIMEOUT_MS = 1000;

/**
 * A plan with what its rehearsal found: told in the summary, kept in `facts.rehearsal`. The hash stays. A rehearsal
 * that fails or cannot be done takes nothing from the plan.
 */
export async function rehearsed(
  target: Target,
  plan: Plan,
  request: RehearsalPlace & {
    /** What was captured for the target of the plan. */
    readonly own: readonly CapturedMigration[];
    readonly signal?: AbortSignal;
  },
): Promise<Plan> {
  const rehearsal = await rehearse(target, plan, request).catch((error: unknown) =>
    notDone(request.target.name, errorText(error)),
  );
  const summary = rehearsalLines(plan.summary, rehearsal);
  return { ...plan, summary, facts: { ...plan.facts, rehearsal } };
}

type Request = Parameters<typeof rehearsed>[2];

const notDone = (target: string, why: string): Rehearsal => ({
  target,
  state: 'not done',
  why: redactedText(why),
});

async function rehearse(target: Target, plan: Plan, request: Request): Promise<Rehearsal> {
  const place = standIn(target, request.target);
  // Asked anew: after a failover in between the plan's own would look like another database.
  const identity = await place.identity();
  const same = sameIdentity(identity, await target.identity());
  const there = same
    ? refuse('REHEARSAL_SAME_DATABASE', {
        target: target.name,
        rehearsal: place.name,
        found: identityText(identity),
      })
    : await planThere(place, plan, request);
  if (!there.ok) return notDone(place.name, explainRefusal(there).message);
  return tryOut(place, there.plan, request.signal);
}

/** The other target under the conditions of the first: how long tables may be locked; and its probes, where the other names none. */
function standIn({ config: { snapshot, probes } }: Target, other: Target): Target {
  const maxLockSeconds = Math.min(snapshot.maxLockSeconds, LIMIT_MS / 1000);
  const asked = other.config.probes.length > 0 ? other.config.probes : probes;
  return {
    ...other,
    config: { ...other.config, snapshot: { ...snapshot, maxLockSeconds }, probes: asked },
  };
}

/** The plan as it would be there: other tables by number, another transaction, the same down of the same file. */
async function planThere(
  place: Target,
  plan: Plan,
  { own, captured }: Request,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const here = readRollbackInputs(plan.inputs);
  const { migration } = here;
  const there = await planRollback(place, {
    migration,
    captured: captured.some(({ name }) => name === migration) ? captured : own,
    // Of its own name: what an incident keeps there is not met.
    snapshotSchema: `firebreak_rehearsal_${randomBytes(4).toString('hex')}`,
  });
  if (!there.ok) return there;
  const inputs = readRollbackInputs(there.plan.inputs);
  const short = (it: RollbackInputs): string => it.fileHash.slice(0, 12);
  if (inputs.fileHash !== here.fileHash || inputs.down !== here.down)
    return refuse('REHEARSAL_OTHER_FILE', {
      target: plan.target,
      rehearsal: place.name,
      migration,
      found: short(inputs),
      expected: short(here),
    });
  return wouldStay(place, inputs) ?? there;
}

/** What commits by itself cannot be rolled back. */
function wouldStay({ name }: Target, { before, concurrent }: RollbackInputs): Refusal | undefined {
  const found =
    concurrent.length > 0
      ? 'the down has statements that run outside a transaction'
      : before
        ? 'the tables are copied before they are locked, in a transaction of its own'
        : undefined;
  return found === undefined ? undefined : refuse('REHEARSAL_WOULD_STAY', { rehearsal: name, found });
}

/** The execution's own path with a ROLLBACK at its end. */
async function tryOut(place: Target, plan: Plan, signal: AbortSignal | undefined): Promise<Rehearsal> {
  const measure = createMeasure();
  const limits = { lockTimeoutMs: LOCK_TIMEOUT_MS, statementTimeoutMs: LIMIT_MS };
  const marker = { run: `rehearsal-${randomBytes(8).toString('hex')}`, step: 0, epoch: 0 };
  const work = { target: place, plan, marker, ...limits, signal, observer: measure.observer };
  const client = await place.session('ddl', LIMIT_MS);
  try {
    const inputs = readRollbackInputs(plan.inputs);
    const [result] = await Promise.allSettled([prepare(client, work, inputs).then(checked(client))]);
    await client.query('rollback').catch(() => undefined);
    const at = { target: place.name };
    if (result.status === 'fulfilled')
      return { ...at, state: 'green', ...measure.figures(result.value.probes) };
    const { reason } = result as { readonly reason: unknown };
    const { verdict: why, facts } = failure(reason);
    if (!measure.locked() || signal?.aborted === true || saysNothing(reason)) return notDone(place.name, why);
    const probes = (facts['probes'] ?? []) as readonly ProbeResult[];
    return { ...at, state: 'failed', why: redactedText(why), ...measure.figures(probes) };
  } finally {
    await endQuietly(client);
  }
}

/** What a COMMIT would check is checked now: constraints that are deferred. */
const checked =
  (client: pg.Client) =>
  async <R>(ready: R): Promise<R> => {
    await client.query('set constraints all immediate');
    return ready;
  };

/** A lock that is not free there, or a cut connection, is no news of the plan. */
const saysNothing = (error: unknown): boolean =>
  isLockTrouble(error) || (!(error instanceof Stop) && connectionLost(error));

interface Measure {
  readonly observer: Observer;
  /** Whether the tables were locked at all. */
  locked(): boolean;
  /** Ends the measuring of time. */
  figures(probes: readonly ProbeResult[]): Figures;
}

function createMeasure(): Measure {
  let asked: number | undefined;
  let locked = false;
  let rows = 0;
  const changed: (number | null)[] = [];
  return {
    observer: {
      // In this transaction, so that it goes with it where it was not there.
      begun: async (client) => {
        if (!(await markersExist(client))) await client.query(MARKERS);
      },
      locking: () => void (asked = performance.now()),
      locked: () => void (locked = true),
      copied: (copy) => void (rows += copy.rows),
      changed: (count) => void changed.push(count),
    },
    locked: () => locked,
    figures: (probes) => ({
      locked_ms: Math.round(performance.now() - (asked ?? performance.now())),
      rows_copied: rows,
      rows_changed: [...changed],
      probes: probes.map(({ name, ok, took_ms, error }) => ({
        name,
        ok,
        took_ms,
        ...(error === undefined ? {} : { error: redactedText(error) }),
      })),
    }),
  };
}
