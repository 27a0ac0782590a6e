/** Looking for damage in one table and its indexes. It only reads, but all of it: so it is planned and approved. */
import { z } from 'zod';
import type { ActionOutcome, Plan } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { voidReason } from './execution.ts';
import { counted, listed, sized } from './figures.ts';
import { ident } from './names.ts';
import { stopped } from './outcome.ts';
import { errorText, sqlstateOf } from './pg-errors.ts';
import { sealed } from './plan-hash.ts';
import { tableFacts } from './tables.ts';
import { refuseStandby, type Target } from './target.ts';

const look = z.object({ relation: z.string(), kind: z.enum(['table', 'index']), sql: z.string() });
type Look = z.infer<typeof look>;
const inputsOf = z.object({ table: z.string(), looks: z.array(look) });

export interface CorruptionOptions {
  /** Asked for between two relations. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (words: string) => Promise<void>;
}

/** A relation that takes longer counts as not looked at: its lock keeps every ALTER TABLE waiting. */
const LOOK_TIMEOUT_MS = 60_000;

/** Plans the look at one table, its partitions, what they store out of line, and their B-tree indexes. */
export async function planCorruption(
  target: Target,
  { table }: { readonly table: string },
): Promise<{ readonly ok: true; readonly plan: Plan } | Refusal> {
  const standby = await refuseStandby(target);
  if (standby !== undefined) return standby;
  const found = await tableFacts(target, table);
  if (found === undefined) return refuse('TABLE_NOT_FOUND', { table, target: target.name });
  const functions = await target.read<AmcheckFunction>(FUNCTIONS);
  if (!functions.some(({ name }) => name === 'bt_index_check'))
    return refuse('AMCHECK_MISSING', { target: target.name });
  const denied = functions.filter(({ allowed }) => !allowed);
  const [first] = denied;
  if (first !== undefined) {
    const signatures = denied.map(({ signature }) => signature).join(', ');
    return refuse('AMCHECK_DENIED', { target: target.name, role: first.role, functions: signatures });
  }
  const relations = await target.read<Relation>(RELATIONS, [found.oid]);
  return { ok: true, plan: await compose(target, found.name, relations, functions) };
}

interface AmcheckFunction {
  readonly name: 'bt_index_check' | 'verify_heapam';
  readonly schema: string;
  readonly signature: string;
  readonly allowed: boolean;
  readonly role: string;
}

/** `verify_heapam` is there from version 14 on. */
const FUNCTIONS = `
  select p.proname::text as name,
         n.nspname::text as schema,
         format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
         has_function_privilege(p.oid, 'execute') as allowed,
         quote_ident(current_user) as role
    from pg_extension e
    join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
     and d.classid = 'pg_proc'::regclass
    join pg_proc p on p.oid = d.objid
    join pg_namespace n on n.oid = p.pronamespace
   where e.extname = 'amcheck'
     and (p.proname = 'verify_heapam' or p.proname = 'bt_index_check' and p.pronargs = 1)
   order by 1`;

interface Relation {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly relation: string;
  readonly kind: 'table' | 'index';
  /** A B-tree that is valid, or a table. */
  readonly readable: boolean;
  readonly bytes: number;
}

const MOST_RELATIONS = 100;

const RELATIONS = `
  with recursive parts as (
    select $1::oid as oid
     union
    select i.inhrelid from pg_inherits i join parts p on p.oid = i.inhparent
  ), tables as (
    select c.oid from parts p join pg_class c on c.oid = p.oid where c.relkind = 'r'
     union all
    select c.reltoastrelid from parts p join pg_class c on c.oid = p.oid where c.reltoastrelid <> 0
  ), relations as (
    select oid, 'table' as kind, true as readable from tables
     union all
    select i.indexrelid, 'index', i.indisvalid and a.amname = 'btree'
      from tables t
      join pg_index i on i.indrelid = t.oid
      join pg_class c on c.oid = i.indexrelid
      join pg_am a on a.oid = c.relam
  )
  select r.oid::text,
         format('%I.%I', n.nspname, c.relname) as relation,
         r.kind,
         r.readable,
         c.relpages * current_setting('block_size')::float8 as bytes
    from relations r
    join pg_class c on c.oid = r.oid
    join pg_namespace n on n.oid = c.relnamespace
   order by r.kind desc, n.nspname = 'pg_toast', 2
   limit ${MOST_RELATIONS}`;

async function compose(
  target: Target,
  table: string,
  relations: readonly Relation[],
  functions: readonly AmcheckFunction[],
): Promise<Plan> {
  const looks = relations.flatMap((it) => lookAt(it, functions));
  const left = relations
    .filter(({ relation }) => !looks.some((it) => it.relation === relation))
    .map(({ relation }) => relation);
  const bytes = relations.reduce((sum, it) => sum + it.bytes, 0);
  return sealed({
    kind: 'db-corruption',
    target: target.name,
    identity: await target.identity(),
    title: `Look for damage in ${table} on ${target.name}`,
    summary: [
      `Reads ${table} and its indexes whole: ${looks.length} relations, about ${sized(bytes)}. It changes nothing.`,
      `A disk that is busy gets busier for about ${counted(Math.max(1, bytes / DISK_BYTES_A_SECOND))} s.`,
      `One after the other is locked as a SELECT would (ACCESS SHARE), for ${LOOK_TIMEOUT_MS / 1000} s at most: an ALTER TABLE waits that long, and everybody behind it.`,
      'What is locked by others, or takes longer, counts as not looked at.',
      ...(left.length === 0 ? [] : [`Not looked at, no B-tree or not valid: ${listed(left, 10)}.`]),
      ...(relations.length === MOST_RELATIONS
        ? [`Only ${MOST_RELATIONS} relations are looked at: name its partitions for the rest.`]
        : []),
    ],
    sql: looks.map(({ relation, sql }) => `-- ${relation.replace(/\s+/g, ' ')}\n${sql};`).join('\n'),
    inputs: { table, looks },
    facts: { bytes },
  });
}

const DISK_BYTES_A_SECOND = 100 * 1024 ** 2;

/** By oid: a name would need USAGE on its schema, which nobody but superusers has on pg_toast. */
function lookAt({ oid, relation, kind, readable }: Relation, functions: readonly AmcheckFunction[]): Look[] {
  const name = kind === 'index' ? 'bt_index_check' : 'verify_heapam';
  const by = functions.find((it) => it.name === name);
  if (by === undefined || !readable) return [];
  const call = `${ident(by.schema)}.${name}(${oid}::regclass)`;
  const sql = kind === 'index' ? `select ${call}` : `select blkno, offnum, msg from ${call} limit 10`;
  return [{ relation, kind, sql }];
}

/** What became of the look at one relation. Only `sound` is good news. */
type Seen = { readonly relation: string; readonly kind: Look['kind'] } & (
  | { readonly state: 'sound' }
  | { readonly state: 'damaged'; readonly found: string }
  | { readonly state: 'unseen'; readonly found: string }
);

/** Executes an approved plan, one relation after the other. */
export async function executeCorruption(
  target: Target,
  plan: Plan,
  { signal, onProgress = () => Promise.resolve() }: CorruptionOptions = {},
): Promise<ActionOutcome> {
  try {
    const voided = await voidReason(target, plan);
    if (voided !== undefined) return stopped('PLAN_VOID', voided);
  } catch (error) {
    return stopped('FAILED', `${errorText(error)}. Nothing was read.`);
  }
  const { table, looks } = inputsOf.parse(plan.inputs);
  const seen: Seen[] = [];
  for (const it of looks) {
    if (signal?.aborted === true) return stopped('FAILED', 'Stopped on request. It only read.', { seen });
    seen.push(await lookFor(target, it));
    await onProgress(`${seen.length} of ${looks.length} relations looked at`);
  }
  return summed(table, seen);
}

async function lookFor(target: Target, { relation, kind, sql }: Look): Promise<Seen> {
  try {
    const rows = await target.read<{ blkno?: string; msg?: string }>(sql, [], { timeoutMs: LOOK_TIMEOUT_MS });
    const [first] = kind === 'table' ? rows : [];
    if (first === undefined) return { relation, kind, state: 'sound' };
    return { relation, kind, state: 'damaged', found: `block ${first.blkno ?? '?'}: ${first.msg ?? '?'}` };
  } catch (error) {
    const state = DAMAGE.has(sqlstateOf(error) ?? '') ? 'damaged' : 'unseen';
    return { relation, kind, state, found: errorText(error) };
  }
}

/** Data or index corrupted, a file that is gone, one that cannot be read. */
const DAMAGE = new Set(['XX001', 'XX002', '58P01', '58030']);

function summed(table: string, seen: readonly Seen[]): ActionOutcome {
  const damaged = seen.filter((it) => it.state === 'damaged');
  const unseen = seen.filter((it) => it.state === 'unseen');
  const facts = { sound: seen.length - damaged.length - unseen.length, damaged, unseen };
  const notSeen = unseen.length === 0 ? '' : ` Not looked at: ${listed(unseen.map(inWords))}.`;
  if (damaged.length > 0) {
    const verdict = `Damage in ${table}: ${listed(damaged.map(inWords))}. ${mend(damaged)}${notSeen}`;
    return { state: 'done', verdict, facts, probes: [] };
  }
  if (facts.sound === 0) return stopped('FAILED', `Nothing of ${table} was looked at.${notSeen}`, facts);
  const verdict = `No damage was found in ${facts.sound} of ${seen.length} relations of ${table}.${notSeen}`;
  return { state: 'done', verdict, facts, probes: [] };
}

const inWords = (it: Seen): string =>
  `${it.kind} ${it.relation}${it.state === 'sound' ? '' : ` (${it.found})`}`;

/** An index can be made anew from its table; a table from a backup only. */
function mend(damaged: readonly Seen[]): string {
  if (damaged.some(({ kind }) => kind === 'table'))
    return 'Stop writing to it, keep a copy of the files, and call a database expert: only a backup has it whole.';
  const [index] = damaged;
  return `Find out why first; REINDEX INDEX CONCURRENTLY ${index?.relation ?? ''} makes it anew from its table.`;
}

/** After a crash there is nothing to find out: it only read. */
export const resolveCorruption = (): ActionOutcome =>
  stopped('FAILED', 'It was interrupted, and has no answer. It only read: start it again.');
