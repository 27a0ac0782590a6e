/** Putting rows back from a snapshot of this incident, and only where nobody has written since. */
import type pg from 'pg';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { type Batch, type BatchOptions, type BatchWork, executeBatches, type Restored } from './batches.ts';
import { shortName } from './names.ts';
import { errorText, isPrivilege, sqlstateOf } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { runProbes } from './probe.ts';
import { firedBy, reachedFrom, type Write } from './reach.ts';
import { redactValue } from './redact.ts';
import { type Found, findSnapshot, type RestoreRequest } from './restore/find.ts';
import { type RestoreInputs, readRestoreInputs } from './restore/inputs.ts';
import {
  batchesSql,
  bringBackSql,
  countSql,
  firstSql,
  fullSql,
  keepSql,
  keysSql,
  lockSql,
  putBackSql,
  removeSql,
} from './restore/sql.ts';
import { COMPARE_TIMEOUT_MS } from './source.ts';
import { refuseStandby, type Target } from './target.ts';

const COMPARE = { timeoutMs: COMPARE_TIMEOUT_MS, everyRow: true };

const RESTORES = ['put back', 'brought back', 'removed'] as const;
const CONFLICTS = [
  'written since',
  'deleted since',
  'key used again since',
  'referred to since',
  'deleted since, nobody knows by whom',
] as const;

/** Rows by what will be done about them. */
type Fates = Readonly<Record<string, number>>;

/** Plans the restore of one table. It only reads. */
export async function planRestore(
  target: Target,
  request: RestoreRequest,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  if (target.config.urls.ddl === undefined)
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'ddl' });
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const found = await findSnapshot(target, request);
  if (!found.ok) return found;
  const table = shortName(found.value.inputs.table);
  let fates: Fates;
  try {
    fates = await fatesOf(target, found.value.inputs);
  } catch (error) {
    if (!isPrivilege(error)) throw error;
    return refuse('RESTORE_UNREADABLE', { table, target: target.name, found: errorText(error) });
  }
  if (sum(fates, RESTORES) === 0) {
    return refuse('NOTHING_TO_RESTORE', { table, conflicts: sum(fates, CONFLICTS), found: told(fates) });
  }
  return { ok: true, plan: await compose(target, found.value, fates) };
}

async function fatesOf(target: Target, inputs: RestoreInputs): Promise<Fates> {
  const rows = await target.read<{ fate: string; rows: number }>(countSql(inputs), [], COMPARE);
  return Object.fromEntries(rows.map(({ fate, rows: n }) => [fate, n]));
}

const sum = (fates: Fates, of: readonly string[]): number =>
  of.reduce((total, fate) => total + (fates[fate] ?? 0), 0);

const told = (fates: Fates, of: readonly string[] = CONFLICTS): string =>
  of
    .filter((fate) => (fates[fate] ?? 0) > 0)
    .map((fate) => `${fates[fate] ?? 0} ${fate}`)
    .join('; ') || 'none';

async function keysOf(target: Target, inputs: RestoreInputs, fates: readonly string[]): Promise<string[]> {
  const rows = await target.read<{ key: string; fate: string }>(keysSql(inputs), [fates], COMPARE);
  return rows.map(({ key, fate }) => `${redactValue(key)} (${fate})`);
}

async function compose(target: Target, { inputs, from }: Found, fates: Fates): Promise<Plan> {
  const table = shortName(inputs.table);
  const conflicts = await keysOf(target, inputs, CONFLICTS);
  const samples = (await keysOf(target, inputs, RESTORES)).slice(0, 5);
  return sealed({
    kind: 'restore',
    target: target.name,
    identity: await target.identity(),
    title: `Restore ${sum(fates, RESTORES)} rows of ${table} on ${target.name} from run ${from.run}`,
    summary: [
      `Restores ${table} to how run ${from.run} found it (${from.plan.title}): ${told(fates, RESTORES)}.`,
      `Conflicts, which are not touched: ${told(fates)}${listed(conflicts)}.`,
      ...sinceLines(inputs),
      ...((fates['brought back'] ?? 0) > 0 ? [REBORN] : []),
      `For example ${samples.join('; ')}. Values are not shown: the copy is closed to the diag role.`,
      `Columns that are set: ${inputs.set.join(', ') || 'none'}.`,
      ...(await reachLines(target, inputs, fates)),
      `In batches of ${inputs.batchRows}; each locks its own rows only, reads them again, and commits by itself.`,
      `Rows are kept as they are now in ${inputs.snapshotSchema}.${inputs.before} before they are changed or removed.`,
    ],
    sql: fullSql(inputs),
    inputs,
    facts: { fates, conflicts: sum(fates, CONFLICTS), conflict_keys: conflicts, samples },
  });
}

const listed = (keys: readonly string[]): string =>
  keys.length === 0 ? '' : `: ${keys.slice(0, 10).join('; ')}${keys.length > 10 ? '; …' : ''}`;

function sinceLines({ since }: RestoreInputs): string[] {
  if (since === undefined) return [];
  return [
    'Only a copy was taken, with no record of who changed what: rows count as changed by the run that was named only while they are as its transaction left them. Rows that are gone are not brought back: who deleted them cannot be told.',
  ];
}

const REBORN =
  'A deleted row is brought back while its key is free: one that was inserted anew and deleted again since cannot be told apart.';

/** What the restore sets off beyond its own rows. */
async function reachLines(target: Target, inputs: RestoreInputs, fates: Fates): Promise<string[]> {
  const where = { oid: inputs.oid, table: inputs.table };
  const writes: Write[] = [
    ...((fates['put back'] ?? 0) > 0
      ? inputs.set.map((column) => ({ ...where, op: 'update' as const, column }))
      : []),
    ...((fates['brought back'] ?? 0) > 0 ? [{ ...where, op: 'insert' as const, column: '' }] : []),
    ...((fates['removed'] ?? 0) > 0 ? [{ ...where, op: 'delete' as const, column: '' }] : []),
  ];
  const passed = await reachedFrom(
    target,
    writes.filter(({ op }) => op === 'update'),
  );
  return [
    ...(await firedBy(target, writes)).map((what) => `Fires ${what}.`),
    ...passed.map(({ table, column }) => `A foreign key passes it on to ${shortName(table)}.${column}.`),
  ];
}

/** How many rows an interrupted restore has left; it throws when that cannot be seen. */
export async function leftToRestore(target: Target, plan: Plan): Promise<number> {
  const inputs = readRestoreInputs(plan.inputs);
  const fates = await fatesOf(target, begun(inputs)).catch((error: unknown) => {
    // It had not begun: there is no list of the rows yet.
    if (sqlstateOf(error) === '42P01') return fatesOf(target, inputs);
    throw error;
  });
  return sum(fates, RESTORES);
}

/** Once it has begun, what is left stands in its own list: a row that was put back is a new version. */
const begun = ({ undone: _, ...inputs }: RestoreInputs): RestoreInputs => inputs;

/** Executes an approved restore. Executed again under the same marker, it goes on where it was left. */
export function executeRestore(target: Target, plan: Plan, options: BatchOptions): Promise<ActionOutcome> {
  const started = performance.now();
  const inputs = (): RestoreInputs => readRestoreInputs(plan.inputs);
  return executeBatches(target, plan, options, {
    work: () => workOf(inputs()),
    report: (progress) => report(target, inputs(), progress, started),
  });
}

const workOf = (inputs: RestoreInputs): BatchWork => ({
  schema: inputs.snapshotSchema,
  makes: [
    { table: inputs.before, mayRead: false },
    ...(inputs.since === undefined && inputs.undone === undefined
      ? []
      : [{ table: inputs.changed, mayRead: true }]),
  ],
  first: firstSql(inputs),
  batches: batchesSql(inputs),
  restore: (client, batch, skip) => restoreBatch(client, inputs, batch, skip),
});

/** Removed first, brought back last: a unique value that was taken over is free by then. */
async function restoreBatch(
  client: pg.Client,
  inputs: RestoreInputs,
  { low, high }: Batch,
  skip: boolean,
): Promise<number> {
  const locked = (await client.query<{ n: string }>(lockSql(inputs, skip), [low, high])).rows.map(
    ({ n }) => n,
  );
  await client.query(keepSql(inputs), [locked]);
  const removed = await client.query(removeSql(inputs), [locked]);
  const put = await client.query(putBackSql(inputs), [locked]);
  const brought = await client.query(bringBackSql(inputs), [low, high]);
  return (removed.rowCount ?? 0) + (put.rowCount ?? 0) + (brought.rowCount ?? 0);
}

async function report(
  target: Target,
  inputs: RestoreInputs,
  { restored, batches }: Restored,
  started: number,
): Promise<ActionOutcome> {
  const fates = await fatesOf(target, begun(inputs)).catch(errorText);
  const conflict_keys = await keysOf(target, begun(inputs), CONFLICTS).catch(() => []);
  const probes = await runProbes(target);
  const red = probes.filter(({ ok }) => !ok).map(({ name }) => name);
  const rest =
    typeof fates === 'string'
      ? `what is left cannot be counted (${fates})`
      : `conflicts, not touched: ${told(fates)}${leftLine(fates)}`;
  const facts = {
    restored,
    batches,
    conflicts: typeof fates === 'string' ? null : sum(fates, CONFLICTS),
    left: typeof fates === 'string' ? null : sum(fates, RESTORES),
    conflict_keys,
    snapshot_table: `${inputs.snapshotSchema}.${inputs.before}`,
    duration_ms: Math.round(performance.now() - started),
  };
  const verdict = `Restored ${restored} rows of ${shortName(inputs.table)}; ${rest}.${red.length === 0 ? '' : ` Red probes: ${red.join(', ')}.`}`;
  return { state: 'done', verdict, facts, probes };
}

/** Held by somebody, or a unique value of theirs is used by another row now. */
function leftLine(fates: Fates): string {
  const left = sum(fates, RESTORES);
  return left === 0
    ? ''
    : `; ${left} rows could not be restored: held by somebody, or a unique value is taken`;
}
