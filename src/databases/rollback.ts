/** Undoing a migration: a plan to approve, and its execution, which leaves nothing behind when it fails. */
import type { ActionOutcome, CapturedMigration, Marker, Plan, TransactionTrace } from '../domain/plan.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Loss } from './analyse/losses.ts';
import { BEFORE_MS, type ExecuteOptions, executeOnce } from './attempts.ts';
import { copyingBefore } from './before.ts';
import { formOf } from './copy-form.ts';
import { historyStatement } from './history.ts';
import { nameWithSuffix } from './names.ts';
import { sealed } from './plan-hash.ts';
import { firedBy, foreignLocks, publishingAll } from './reach.ts';
import { type Resolution, resolveCopying, resolveUnknown } from './resolve.ts';
import { concurrentLines, planConcurrent } from './rollback/concurrent.ts';
import { leftOf, runningConcurrent } from './rollback/concurrent-run.ts';
import {
  type ConcurrentStep,
  type KeptTable,
  type RollbackInputs,
  readRollbackInputs,
} from './rollback/inputs.ts';
import { lostBy } from './rollback/lost.ts';
import { type Candidate, preflight } from './rollback/preflight.ts';
import { copied, fullSql } from './rollback/sql.ts';
import { summaryOf } from './rollback/summary.ts';
import { type Affected, type Down, damagedBy, tablesOf } from './rollback/tables.ts';
import { prepare } from './rollback/transaction.ts';
import { verified } from './rollback/verify.ts';
import { roomFor } from './room.ts';
import { holdersOf, lockedOids } from './sessions.ts';
import { firstFree } from './snapshot.ts';
import { measured } from './tables.ts';
import type { Target } from './target.ts';
import { usersOf } from './users.ts';

export { resolveUnknown };

/** Plans the rollback of an applied migration. It only reads. */
export async function planRollback(
  target: Target,
  request: {
    readonly migration: string;
    readonly captured: readonly CapturedMigration[];
    /** `firebreak_<incident>`. */
    readonly snapshotSchema: string;
    /** What was kept before the migration ran. */
    readonly kept?: readonly KeptTable[];
    /** Copies may be larger than `snapshot.max_bytes` and than the free disk bears. */
    readonly large?: boolean;
  },
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const checked = await preflight(target, request.migration, request.captured);
  if (!checked.ok) return checked;
  const it = checked.value;
  const tables = await tablesOf(target, it);
  if (!tables.ok) return tables;
  const { tables: affected, bytes, exact } = await measured(target, tables.value.affected);
  const room = await roomFor(target, bytes, request.large === true);
  if (!room.ok) return room;
  const form = await formOf(target, affected, bytes, it.down.rewrites);
  if (!form.ok) return form;
  const { seconds, before } = form;
  const touched = {
    ...tables.value,
    affected: before ? await copiedBefore(target, affected, request.snapshotSchema) : affected,
  };
  const concurrent = await planConcurrent(target, it.captured.name, it.downSql);
  if (!concurrent.ok) return concurrent;
  const history = await historyStatement(target, it.captured.name, request.captured);
  if (!history.ok) return history;
  const lost = await lostBy(target, it);
  const inputs = inputsOf(it, touched, history.sql, {
    ...request,
    before,
    lost,
    concurrent: concurrent.value,
  });
  const known = { seconds, exact, lost, room: room.lines };
  return { ok: true, plan: await compose(target, it, touched, inputs, known) };
}

/** A copy that is left of an execution that failed is not touched: the next one gets another name. */
async function copiedBefore(
  target: Target,
  affected: readonly Affected[],
  schema: string,
): Promise<readonly Affected[]> {
  const renamed: Affected[] = [];
  for (const one of affected) {
    const { snapshot } = one.plan;
    const named = (n: number): string => (n === 1 ? snapshot : nameWithSuffix(snapshot, `_${n}`));
    const free = named(await firstFree(target, schema, named));
    renamed.push({ ...one, plan: { ...one.plan, snapshot: free } });
  }
  return renamed;
}

function inputsOf(
  it: Candidate,
  { affected, fresh }: Down,
  history: string,
  {
    snapshotSchema,
    before,
    lost,
    concurrent,
    kept = [],
  }: {
    readonly snapshotSchema: string;
    readonly before: boolean;
    readonly lost: readonly Loss[];
    readonly concurrent: readonly ConcurrentStep[];
    readonly kept?: readonly KeptTable[];
  },
): RollbackInputs {
  return {
    migration: it.captured.name,
    migrationXid: it.applied.xid,
    fileHash: it.captured.fileHash,
    snapshotSchema,
    tables: affected.map((one) => one.plan),
    fresh: [...fresh],
    rewrites: it.down.rewrites,
    before,
    damaged: damagedBy(it),
    down: it.downSql,
    concurrent: [...concurrent],
    history,
    ownTransaction: it.applied.ownTransaction === true,
    notUndone: [...new Set(lost.map(({ text }) => text))],
    kept: [...kept],
  };
}

async function compose(
  target: Target,
  it: Candidate,
  { affected, writes, reached }: Down,
  inputs: RollbackInputs,
  known: {
    readonly seconds: number;
    readonly exact: boolean;
    readonly lost: readonly Loss[];
    readonly room: readonly string[];
  },
): Promise<Plan> {
  const { down } = it;
  const foreign = await foreignLocks(target, down, it.up.names);
  const locked = await lockedOids(target, [
    ...foreign,
    ...affected.map((one) => one.facts.name),
    ...down.locks.map((lock) => it.up.names.tableNow(down.names.table(lock.relation))),
  ]);
  const holders = locked.length === 0 ? undefined : await holdersOf(target, locked);
  const users = await usersOf(target, down);
  const summary = summaryOf({
    sql: down,
    waits: 'readers',
    foreign,
    notUndone: inputs.notUndone,
    ownTransaction: inputs.ownTransaction,
    kept: inputs.kept,
    affected,
    reached,
    fires: await firedBy(target, [...writes, ...reached]),
    before: inputs.before,
    publishing: await publishingAll(target),
    holders,
    users,
    lockSeconds: known.seconds,
    maxLockSeconds: target.config.snapshot.maxLockSeconds,
    sizesOld: !known.exact,
    room: known.room,
    ...(inputs.concurrent.length === 0
      ? {}
      : { outside: concurrentLines(inputs.concurrent, BEFORE_MS / 60_000) }),
    snapshotSchema: inputs.snapshotSchema,
  });
  const sizes = affected.map(({ facts }) => ({ table: facts.name, rows: facts.rows, bytes: facts.bytes }));
  return sealed({
    kind: 'migration-rollback',
    target: target.name,
    identity: await target.identity(),
    title: `Roll back migration ${inputs.migration} on ${target.name}`,
    summary,
    sql: fullSql(inputs),
    inputs,
    facts: {
      sizes,
      holders: holders ?? [],
      users,
      lock_seconds: known.seconds,
      announced: known.lost,
      applied_at: it.applied.appliedAt?.toISOString() ?? 'unknown',
    },
  });
}

export interface RollbackOptions extends ExecuteOptions {
  /** What is captured now: another file hash voids the plan. */
  readonly captured?: readonly CapturedMigration[];
  /** One of several that follow each other: the site need not work again yet. */
  readonly notLast?: boolean;
}

/**
 * Executes an approved plan: everything or nothing, and nothing twice. What stays when it stops, a copy that was made
 * before and statements that no transaction bears, is said.
 */
export function executeRollback(
  target: Target,
  plan: Plan,
  options: RollbackOptions,
): Promise<ActionOutcome> {
  const inputs = (): RollbackInputs => readRollbackInputs(plan.inputs);
  return runningConcurrent(target, inputs, options, (statements) =>
    copyingBefore(inputs, (copies) =>
      executeOnce(target, plan, options, {
        voided: () => otherFile(inputs(), options.captured),
        before: () => {
          const { before, concurrent, tables } = inputs();
          if (concurrent.length > 0) return (client, work) => statements.run(client, work);
          return before ? (client, work) => copies.make(client, work, tables.map(copied)) : undefined;
        },
        prepare: (client, work) => prepare(client, work, inputs(), copies.made(), options.notLast === true),
        verified: (done) => verified(target, inputs(), done),
      }),
    ),
  );
}

/** What became of an execution that was cut off, and what it left; it stays unknown while the server is still at it. */
export async function resolveRollback(
  target: Target,
  plan: Plan,
  marker: Marker,
  trace?: TransactionTrace,
): Promise<Resolution | ActionOutcome> {
  const found = await resolveCopying(target, plan, marker, trace);
  const { concurrent } = readRollbackInputs(plan.inputs);
  return found === 'aborted' && concurrent.length > 0 ? leftOf(target, plan, concurrent) : found;
}

function otherFile(
  { migration, fileHash }: RollbackInputs,
  captured: readonly CapturedMigration[] = [],
): string | undefined {
  const hashes = captured.filter((it) => it.name === migration).map((it) => it.fileHash);
  if (hashes.length === 0 || hashes.includes(fileHash)) return undefined;
  return `No captured file of ${migration} is the one that was planned.`;
}
