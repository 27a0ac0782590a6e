/** Finds what a restore needs: the snapshot of an earlier step, and the table as it is now. */
import type { Plan, TransactionTrace } from '../../domain/plan.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { type CopiedTable, type ExecuteInputs, readExecuteInputs } from '../execute/inputs.ts';
import { baseName, nameWithSuffix, shortName } from '../names.ts';
import { readRollbackInputs } from '../rollback/inputs.ts';
import { asXmin, firstFree } from '../snapshot.ts';
import { type TableFacts, tableFacts } from '../tables.ts';
import type { Target } from '../target.ts';
import type { RestoreInputs } from './inputs.ts';

/** A step that was done earlier. */
export interface EarlierStep {
  readonly run: number;
  readonly kind: string;
  readonly plan: Plan;
  readonly trace?: TransactionTrace;
}

export interface RestoreRequest {
  readonly table: string;
  /** Its snapshot; without it the newest one of the table. */
  readonly run?: number | undefined;
  /** Of a mere copy: the run whose writes may be undone. */
  readonly sinceRun?: number | undefined;
  readonly snapshotSchema: string;
  /** Newest first. */
  readonly earlier: readonly EarlierStep[];
  readonly batchRows?: number;
}

export interface Found {
  readonly inputs: RestoreInputs;
  readonly from: EarlierStep;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

/** The inputs of the plan, or why there can be none. */
export async function findSnapshot(target: Target, request: RestoreRequest): Promise<Outcome<Found>> {
  const { table } = request;
  const source = sourceOf(request);
  if (!source.ok) return source;
  const { taken, snapshotSchema, from } = source.value;
  if (taken.key.length === 0) return refuse('NO_PRIMARY_KEY', { table: shortName(table) });
  const facts = await tableFacts(target, taken.name);
  const copy = await tableFacts(
    target,
    taken.copy.includes('.') ? taken.copy : `${snapshotSchema}.${taken.copy}`,
  );
  if (facts === undefined) return refuse('TABLE_NOT_FOUND', { table: taken.name, target: target.name });
  const difference = differenceOf(taken, facts, copy);
  if (difference !== '')
    return refuse('RESTORE_SCHEMA_CHANGED', { table: shortName(table), found: difference });
  return { ok: true, value: { from, inputs: await inputsOf(target, request, facts, source.value) } };
}

interface Source {
  readonly from: EarlierStep;
  readonly snapshotSchema: string;
  /** The table as it was copied. */
  readonly taken: {
    readonly name: string;
    /** Undefined: the down may have made it anew. */
    readonly oid?: number;
    readonly key: readonly string[];
    readonly copy: string;
  };
  /** Where the rows are that may be put back; undefined: this restore finds them out. */
  readonly changed?: string;
  readonly since?: RestoreInputs['since'];
  readonly undone?: RestoreInputs['undone'];
}

function sourceOf(request: RestoreRequest): Outcome<Source> {
  for (const from of request.earlier) {
    if (request.run !== undefined && from.run !== request.run) continue;
    const source = from.kind === 'migration-rollback' ? keptBefore(from, request) : copied(from, request);
    if (source !== undefined) return source;
  }
  const found = request.run === undefined ? '' : `in run ${request.run} `;
  return refuse('NO_SNAPSHOT', { table: shortName(request.table), found });
}

/** Copied by a step of the incident, which may have changed it then. */
function copied(from: EarlierStep, request: RestoreRequest): Outcome<Source> | undefined {
  if (from.kind !== 'db-execute' && from.kind !== 'snapshot') return undefined;
  const inputs = readExecuteInputs(from.plan.inputs);
  const taken = inputs.tables.find(({ name }) => shortName(name) === shortName(request.table));
  if (taken === undefined) return undefined;
  const since = sinceOf(request, inputs, taken);
  if (!since.ok) return since;
  const { snapshotSchema } = inputs;
  return {
    ok: true,
    value: {
      from,
      snapshotSchema,
      taken,
      ...(since.value === undefined ? { changed: taken.changed } : { since: since.value }),
    },
  };
}

/** Kept before a migration ran that was rolled back since. */
function keptBefore(from: EarlierStep, { table }: RestoreRequest): Outcome<Source> | undefined {
  const inputs = readRollbackInputs(from.plan.inputs);
  const kept = inputs.kept.find((it) => shortName(it.table) === shortName(table));
  if (kept === undefined || from.trace === undefined || inputs.ownTransaction) return undefined;
  const planned = inputs.tables.find(({ after }) => after === kept.table);
  const untouched = planned?.untouched;
  const { snapshotSchema } = inputs;
  const undone = {
    hit: kept.hit,
    ...(untouched === undefined ? {} : { untouched: `${snapshotSchema}.${untouched}` }),
    migrationXid: asXmin(inputs.migrationXid),
    rollbackXid: asXmin(from.trace.xid),
    dropped: planned?.droppedColumns ?? [],
  };
  const taken = { name: kept.table, key: kept.key, copy: kept.copy };
  return { ok: true, value: { from, snapshotSchema, taken, undone } };
}

/** How the table differs from its copy, in words; empty when a row of the one is a row of the other. */
function differenceOf(taken: Source['taken'], now: TableFacts, copy: TableFacts | undefined): string {
  if (copy === undefined) return 'the copy is not there any more';
  if (taken.oid !== undefined && now.oid !== taken.oid) return 'it is another table now, by the same name';
  const [were, are] = [columnsOf(copy), columnsOf(now)];
  return [
    ...were.filter((it) => !are.includes(it)).map((it) => `it had the column ${it}`),
    ...are.filter((it) => !were.includes(it)).map((it) => `it has the column ${it} now`),
    ...(now.key.join() === taken.key.join() ? [] : [`its primary key is (${now.key.join(', ')}) now`]),
  ].join(', ');
}

const columnsOf = ({ columns }: TableFacts): string[] => columns.map(({ name, type }) => `${name} ${type}`);

/** With statements the execution kept itself what it changed; of a mere copy another run must be named. */
function sinceOf(
  { sinceRun, earlier }: RestoreRequest,
  { statements }: ExecuteInputs,
  { keys }: CopiedTable,
): Outcome<RestoreInputs['since']> {
  if (statements.length > 0) return { ok: true, value: undefined };
  if (sinceRun === undefined) return { ok: true, value: { keys, xid: null } };
  const trace = earlier.find(({ run, kind, trace: it }) => run === sinceRun && ONE.has(kind) && it)?.trace;
  if (trace === undefined) return refuse('NO_SUCH_TRANSACTION', { run: sinceRun });
  return { ok: true, value: { keys, xid: asXmin(trace.xid) } };
}

/** Steps whose one transaction is known. */
const ONE = new Set(['db-execute', 'migration-rollback']);

const BATCH_ROWS = 5000;

async function inputsOf(
  target: Target,
  { batchRows = BATCH_ROWS }: RestoreRequest,
  facts: TableFacts,
  { snapshotSchema, taken, changed, since, undone }: Source,
): Promise<RestoreInputs> {
  const named = (n: number): string =>
    nameWithSuffix(baseName(facts.name), `_before_restore${n === 1 ? '' : `_${n}`}`);
  const list = (n: number): string =>
    nameWithSuffix(baseName(facts.name), `_to_restore${n === 1 ? '' : `_${n}`}`);
  const columns = await writable(target, facts.oid);
  return {
    table: facts.name,
    oid: facts.oid,
    key: [...facts.key],
    set: columns.filter(({ name, always }) => !always && !facts.key.includes(name)).map(({ name }) => name),
    insert: columns.map(({ name }) => name),
    snapshotSchema,
    copy: taken.copy,
    changed: changed ?? list(await firstFree(target, snapshotSchema, list)),
    ...(since === undefined ? {} : { since }),
    ...(undone === undefined ? {} : { undone }),
    before: named(await firstFree(target, snapshotSchema, named)),
    references: await referencesTo(target, facts.oid),
    batchRows,
  };
}

/** All but generated columns; `always`: an identity that no UPDATE may set. */
const writable = (
  target: Target,
  oid: number,
): Promise<{ readonly name: string; readonly always: boolean }[]> =>
  target.read(
    `select attname::text as name, attidentity = 'a' as always
       from pg_attribute
      where attrelid = $1 and attnum > 0 and not attisdropped and attgenerated = ''
      order by attnum`,
    [oid],
  );

/** Also to a partition or child alone; those of partitions that come with one of their table are that one. */
const referencesTo = (target: Target, oid: number): Promise<RestoreInputs['references']> =>
  target.read(
    `with recursive parts as (
       select $1::oid as oid
        union
       select i.inhrelid from pg_inherits i join parts p on p.oid = i.inhparent
     )
     select n.nspname || '.' || c.relname as "table",
            array(select a.attname::text
                    from unnest(f.conkey) with ordinality as k (attnum, place)
                    join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum
                   order by k.place) as columns,
            array(select a.attname::text
                    from unnest(f.confkey) with ordinality as k (attnum, place)
                    join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum
                   order by k.place) as "to"
       from pg_constraint f
       join pg_class c on c.oid = f.conrelid
       join pg_namespace n on n.oid = c.relnamespace
      where f.contype = 'f' and f.confrelid in (select oid from parts)
        and not exists (select from pg_constraint parent
                         where parent.oid = f.conparentid and parent.confrelid in (select oid from parts))
      order by 1, f.conname`,
    [oid],
  );
