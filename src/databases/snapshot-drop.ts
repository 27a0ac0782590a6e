/** Dropping what was kept of an incident: named tables of its schema, or the whole schema. Nothing else ever drops it. */
import type pg from 'pg';
import { z } from 'zod';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { type Done, type ExecuteOptions, executeOnce } from './attempts.ts';
import { beginSql } from './execution.ts';
import { counted, sized } from './figures.ts';
import { ident, quoteName } from './names.ts';
import { Stop } from './outcome.ts';
import { errorText } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { refuseStandby, type Target } from './target.ts';
import { markOnce, type Ready, type Work } from './transaction.ts';

/** What is known of the incident that a schema belongs to. */
export interface KeptFor {
  readonly open: boolean;
  readonly declaredAt: Date;
}

export interface DropRequest {
  /** `firebreak_<incident>`, or `firebreak_guard_<id>` of a guarded deploy. */
  readonly schema: string;
  /** Names in it; none: all of it. */
  readonly tables: readonly string[];
  /** Those of them that may go though the incident is open, or is not known. */
  readonly evenOpen: readonly string[];
  /** Undefined: there is no such incident. */
  readonly incident: (id: number) => Promise<KeptFor | undefined>;
}

const dropInputs = z.object({
  schema: z.string(),
  /** The schema goes as well; it fails when something else is in it by then. */
  whole: z.boolean(),
  tables: z.array(z.object({ name: z.string(), oid: z.number() })),
});
type DropInputs = z.infer<typeof dropInputs>;

/** Plans the dropping. It only reads; what may still be needed is refused. */
export async function planDrop(
  target: Target,
  request: DropRequest,
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const { schema } = request;
  if (target.config.urls.ddl === undefined)
    return refuse('TARGET_ROLE_MISSING', { target: target.name, role: 'ddl' });
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const owner = /^firebreak_(?:guard_.+|(?<incident>\d{1,9}))$/.exec(schema);
  if (owner === null) return refuse('SNAPSHOT_SCHEMA_WRONG', { found: schema });
  const there = await tablesIn(target, schema);
  if (there === undefined) return refuse('SNAPSHOT_NOT_FOUND', { found: schema, target: target.name });
  const whole = request.tables.length === 0;
  const chosen = whole ? there : there.filter(({ table }) => request.tables.includes(table));
  const missing = request.tables.find((table) => !there.some((it) => it.table === table));
  if (missing !== undefined)
    return refuse('SNAPSHOT_NOT_FOUND', { found: `${schema}.${missing}`, target: target.name });
  const id = owner.groups?.['incident'];
  const keptFor = id === undefined ? undefined : await request.incident(Number(id));
  const allowed = !whole && request.tables.every((table) => request.evenOpen.includes(table));
  if (keptFor?.open !== false && !allowed)
    return refuse('SNAPSHOT_NEEDED', { schema, why: whyNeeded(id, keptFor) });
  const inputs = {
    schema,
    whole,
    tables: chosen.map(({ table, oid }) => ({ name: `${schema}.${table}`, oid })),
  };
  return { ok: true, plan: await compose(target, inputs, chosen, keptText(id, keptFor)) };
}

const whyNeeded = (id: string | undefined, keptFor: KeptFor | undefined): string => {
  if (id === undefined) return 'it belongs to a guarded deploy, whose undo may need it';
  return keptFor === undefined ? `no incident ${id} is known here` : `incident ${id} is open`;
};

function keptText(id: string | undefined, keptFor: KeptFor | undefined): string {
  if (keptFor === undefined) return `CAREFUL: ${whyNeeded(id, keptFor)}. Each of these tables was named.`;
  const since = `incident ${id ?? ''}, declared ${keptFor.declaredAt.toISOString().slice(0, 10)}`;
  return keptFor.open
    ? `CAREFUL: kept for ${since}, which is OPEN. Each of these tables was named.`
    : `Kept for ${since}, which is closed.`;
}

interface Kept {
  readonly table: string;
  readonly oid: number;
  readonly rows: number;
  readonly bytes: number;
  /** Transactions ago. */
  readonly age: number;
}

/** Undefined when there is no such schema. Nothing is read from the tables: they are closed to the diag role. */
async function tablesIn(target: Target, schema: string): Promise<readonly Kept[] | undefined> {
  const [found] = await target.read('select 1 from pg_namespace where nspname = $1', [schema]);
  if (found === undefined) return undefined;
  const rows = await target.read<Record<keyof Kept, string>>(
    `select c.relname as "table",
            c.oid::text,
            greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint::text as rows,
            pg_table_size(c.oid)::text as bytes,
            age(c.xmin)::text as age
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind = 'r'
      order by c.relname`,
    [schema],
  );
  return rows.map(({ table, ...figures }) => ({
    table,
    oid: Number(figures.oid),
    rows: Number(figures.rows),
    bytes: Number(figures.bytes),
    age: Number(figures.age),
  }));
}

async function compose(
  target: Target,
  inputs: DropInputs,
  chosen: readonly Kept[],
  kept: string,
): Promise<Plan> {
  const bytes = chosen.reduce((sum, it) => sum + it.bytes, 0);
  const what = inputs.whole
    ? `the schema ${inputs.schema}`
    : `${chosen.length} of the tables in ${inputs.schema}`;
  return sealed({
    kind: 'snapshot-drop',
    target: target.name,
    identity: await target.identity(),
    title: `Drop ${what} on ${target.name}`,
    summary: [
      kept,
      ...chosen.map(
        (it) =>
          `Destroys: ${inputs.schema}.${it.table}, about ${counted(it.rows)} rows, ${sized(it.bytes)}, made ${counted(it.age)} transactions ago.`,
      ),
      `NOT kept anywhere else: afterwards nothing can be restored or repaired from ${chosen.length === 1 ? 'it' : 'them'}. Frees ${sized(bytes)}.`,
      'Without CASCADE: it fails when something depends on a table, or when the schema holds anything else.',
    ],
    sql: ['begin;', MARKER_LINE, ...dropSql(inputs).map((sql) => `${sql};`), 'commit;'].join('\n'),
    inputs,
    facts: { tables: chosen, bytes },
  });
}

const MARKER_LINE =
  '-- lock_timeout 1 s unless the step says otherwise; the marker of this run and step comes first: a second execution fails on it';

const dropSql = ({ schema, whole, tables }: DropInputs): string[] => [
  ...(tables.length === 0 ? [] : [`drop table ${tables.map(({ name }) => quoteName(name)).join(', ')}`]),
  ...(whole ? [`drop schema ${ident(schema)}`] : []),
];

/** Executes an approved plan: everything or nothing, and nothing twice. */
export function executeDrop(target: Target, plan: Plan, options: ExecuteOptions): Promise<ActionOutcome> {
  const inputs = (): DropInputs => dropInputs.parse(plan.inputs);
  return executeOnce(target, plan, options, {
    prepare: (client, work) => prepare(client, work, inputs()),
    verified: (done) => verified(target, inputs(), done),
  });
}

async function prepare(client: pg.Client, work: Work, inputs: DropInputs): Promise<Ready> {
  await client.query(beginSql(work));
  const xid = await markOnce(client, work);
  for (const { name, oid } of inputs.tables) {
    const { rows } = await client.query<{ oid: string | null }>('select to_regclass($1)::oid::text as oid', [
      quoteName(name),
    ]);
    if (rows[0]?.oid !== String(oid))
      throw new Stop('PLAN_VOID', `${name} is not the table that was planned for: it changed since.`);
  }
  for (const sql of dropSql(inputs)) await client.query(sql);
  return { xid, copies: [], probes: [] };
}

async function verified(target: Target, inputs: DropInputs, done: Done<Ready>): Promise<ActionOutcome> {
  const left = await tablesIn(target, inputs.schema).catch(errorText);
  const still =
    typeof left === 'string'
      ? left
      : (left ?? []).filter(({ oid }) => inputs.tables.some((it) => it.oid === oid));
  const gone = still.length === 0;
  return {
    state: 'done',
    verdict: `Dropped ${inputs.tables.length} tables of ${inputs.schema} on ${target.name}${inputs.whole ? ', and the schema' : ''}${gone ? '' : '; WHETHER THEY ARE GONE CANNOT BE SEEN'}.`,
    facts: {
      dropped: inputs.tables.map(({ name }) => name),
      gone,
      xid: done.xid,
      attempts: done.attempts,
      duration_ms: done.duration_ms,
    },
    probes: [],
  };
}
