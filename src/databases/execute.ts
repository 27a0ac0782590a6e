/** Executing approved SQL with a snapshot first, or only taking the snapshot: a plan, and one transaction. */
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { ProbeResult } from '../domain/sweep.ts';
import { analyse, type SqlAnalysis } from './analyse.ts';
import { type ExecuteOptions, executeOnce } from './attempts.ts';
import { copyingBefore } from './before.ts';
import { type Bound, bind, type Template } from './bind.ts';
import { formOf, whenCopied } from './copy-form.ts';
import { type ExecuteInputs, readExecuteInputs } from './execute/inputs.ts';
import { judge } from './execute/judge.ts';
import { fullSql } from './execute/sql.ts';
import { prepare } from './execute/transaction.ts';
import { verified } from './execute/verify.ts';
import { shortName } from './names.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { firedBy, publishingAll } from './reach.ts';
import { roomFor } from './room.ts';
import { holdersOf, lockedOids } from './sessions.ts';
import { copyNames } from './snapshot.ts';
import { changeLines, publishingLines } from './summary.ts';
import { measured, tableFacts } from './tables.ts';
import { refuseStandby, type Target } from './target.ts';
import { type Touched, type TouchedTable, tablesTouched } from './touched.ts';
import { usersOf } from './users.ts';

type Planned = { readonly ok: true; readonly plan: Plan } | Refusal;

export interface ExecuteRequest extends Template {
  /** `firebreak_<incident>`. */
  readonly snapshotSchema: string;
  /** Tables that are copied though the SQL does not change them. */
  readonly snapshot?: readonly string[] | undefined;
  /** Copies may be larger than `snapshot.max_bytes` and than the free disk bears. */
  readonly large?: boolean;
}

/** Plans SQL that changes rows or schema. It only reads. */
export async function planExecute(target: Target, request: ExecuteRequest): Promise<Planned> {
  const cannot = await refuseWithoutDdl(target);
  if (cannot !== undefined) return cannot;
  const bound = await bind(request);
  if (!bound.ok) return bound;
  const judged = await judge(target, bound.value);
  if (!judged.ok) return judged;
  const touched = await tablesTouched(target, judged.value);
  if ('unseen' in touched) return refuse('SQL_TABLE_UNSEEN', { table: touched.unseen, target: target.name });
  const also = await tablesNamed(target, request.snapshot ?? [], touched.tables);
  if (!also.ok) return also;
  const all = { ...touched, tables: [...touched.tables, ...also.value] };
  return plan(target, {
    kind: 'db-execute',
    sql: judged.value,
    bound: bound.value,
    touched: all,
    snapshotSchema: request.snapshotSchema,
    large: request.large === true,
  });
}

/** Plans the copy of one table. It only reads. */
export async function planSnapshot(
  target: Target,
  {
    table,
    snapshotSchema,
    large = false,
  }: { readonly table: string; readonly snapshotSchema: string; readonly large?: boolean },
): Promise<Planned> {
  const cannot = await refuseWithoutDdl(target);
  if (cannot !== undefined) return cannot;
  const tables = await tablesNamed(target, [table], []);
  if (!tables.ok) return tables;
  const touched = { tables: tables.value, fresh: [], writes: [], reached: [] };
  return plan(target, {
    kind: 'snapshot',
    sql: await analyse(''),
    bound: [],
    touched,
    snapshotSchema,
    large,
  });
}

async function refuseWithoutDdl(target: Target): Promise<Refusal | undefined> {
  if (target.config.urls.ddl === undefined)
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'ddl' });
  return refuseStandby(target);
}

async function tablesNamed(
  target: Target,
  names: readonly string[],
  known: readonly TouchedTable[],
): Promise<{ readonly ok: true; readonly value: TouchedTable[] } | Refusal> {
  const found = new Map<number, TouchedTable>();
  for (const name of names) {
    const facts = await tableFacts(target, name);
    if (facts === undefined) return refuse('TABLE_NOT_FOUND', { table: name, target: target.name });
    if (!known.some((it) => it.facts.oid === facts.oid))
      found.set(facts.oid, { before: [], facts, written: [] });
  }
  return { ok: true, value: [...found.values()] };
}

interface Candidate {
  readonly kind: 'db-execute' | 'snapshot';
  readonly sql: SqlAnalysis;
  readonly bound: readonly Bound[];
  readonly touched: Touched;
  readonly snapshotSchema: string;
  readonly large: boolean;
}

async function plan(target: Target, it: Candidate): Promise<Planned> {
  const { tables, bytes, exact } = await measured(target, it.touched.tables);
  const room = await roomFor(target, bytes, it.large);
  if (!room.ok) return room;
  const form = await formOf(target, tables, bytes, it.sql.rewrites);
  if (!form.ok) return form;
  const { seconds, before } = form;
  const sized = { ...it, touched: { ...it.touched, tables } };
  const inputs = await inputsOf(target, sized, before);
  return { ok: true, plan: await compose(target, sized, inputs, { seconds, exact, room: room.lines }) };
}

async function inputsOf(target: Target, it: Candidate, before: boolean): Promise<ExecuteInputs> {
  const { snapshotSchema, sql } = it;
  const tables: ExecuteInputs['tables'] = [];
  for (const { facts, written } of it.touched.tables) {
    const { oid, name, key } = facts;
    const names = await copyNames(target, snapshotSchema, name);
    tables.push({ name, oid, written: [...written], key: [...key], ...names });
  }
  return {
    snapshotSchema,
    statements: it.bound.map(({ statement, values }, i) => ({
      sql: statement.sql,
      values: [...values],
      does: sql.statements[i]?.describe ?? '',
    })),
    tables,
    fresh: [...it.touched.fresh],
    rewrites: sql.rewrites,
    before,
    mode: sql.locks.some(({ mode }) => mode === 'AccessExclusive')
      ? 'access exclusive'
      : 'share row exclusive',
    probes: [],
  };
}

async function compose(
  target: Target,
  it: Candidate,
  inputs: ExecuteInputs,
  size: { readonly seconds: number; readonly exact: boolean; readonly room: readonly string[] },
): Promise<Plan> {
  const { sql, touched } = it;
  const names = [...inputs.tables.map(({ name }) => name), ...sql.locks.map(({ relation }) => relation)];
  const locked = await lockedOids(target, names);
  const holders = locked.length === 0 ? undefined : await holdersOf(target, locked);
  const users = await usersOf(target, sql);
  const lines = changeLines({
    sql,
    affected: touched.tables,
    reached: touched.reached,
    fires: await firedBy(target, [...touched.writes, ...touched.reached]),
    holders,
    users,
    waits: inputs.mode === 'access exclusive' ? 'readers' : 'writers',
    lockSeconds: size.seconds,
    maxLockSeconds: target.config.snapshot.maxLockSeconds,
    sizesOld: !size.exact,
    room: size.room,
  });
  const kept = inputs.tables.map((table) => snapshotLine(inputs, table));
  const asked = it.kind === 'snapshot' ? [] : await runProbes(target);
  const probes = it.kind === 'snapshot' ? [] : probeLines(asked);
  // Which of them decide is part of what is approved.
  const whole = { ...inputs, probes: asked.filter(({ ok }) => ok).map(({ name }) => name) };
  return sealed({
    kind: it.kind,
    target: target.name,
    identity: await target.identity(),
    title: titleOf(target, it, inputs),
    summary: [...lines, ...kept, ...probes, ...publishingLines(await publishingAll(target))],
    sql: fullSql(inputs),
    inputs: whole,
    facts: {
      sizes: touched.tables.map(({ facts }) => ({ table: facts.name, rows: facts.rows, bytes: facts.bytes })),
      holders: holders ?? [],
      users,
      lock_seconds: size.seconds,
    },
  });
}

function titleOf(target: Target, { kind }: Candidate, { tables, statements }: ExecuteInputs): string {
  if (kind === 'snapshot')
    return `Copy ${tables.map(({ name }) => shortName(name)).join(', ')} on ${target.name}`;
  const [first, ...more] = statements;
  const rest = more.length === 0 ? '' : `, and ${more.length} more statement${more.length === 1 ? '' : 's'}`;
  return `Execute SQL on ${target.name}: ${first?.does ?? ''}${rest}`;
}

const snapshotLine = (inputs: ExecuteInputs, { name, copy, key }: ExecuteInputs['tables'][number]): string =>
  `Snapshot of ${shortName(name)} ${whenCopied(inputs.before)}: ${inputs.snapshotSchema}.${copy}` +
  `${key.length === 0 ? ' (no primary key: rows cannot be put back one by one)' : ', with the keys that a restore needs'}.`;

function probeLines(probes: readonly ProbeResult[]): string[] {
  if (probes.length === 0)
    return ['No probe is named: whether the application works afterwards is not asked.'];
  return probes.map(({ name, ok }) =>
    ok
      ? `The probe ${name} is green now: if it is red inside the transaction, everything is rolled back.`
      : `The probe ${name} is red already: it holds nothing up.`,
  );
}

/** Executes an approved plan of either kind: everything or nothing, and nothing twice. */
export function executeSql(target: Target, plan: Plan, options: ExecuteOptions): Promise<ActionOutcome> {
  const inputs = (): ExecuteInputs => readExecuteInputs(plan.inputs);
  return copyingBefore(inputs, (copies) =>
    executeOnce(target, plan, options, {
      before: () =>
        inputs().before ? (client, work) => copies.make(client, work, inputs().tables) : undefined,
      prepare: (client, work) => prepare(client, work, inputs(), copies.made()),
      verified: (done) => verified(target, inputs(), done),
    }),
  );
}
