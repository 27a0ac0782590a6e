/** Whether SQL only reads, as far as its text, the views it names and this database's functions can tell. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { ident } from '../names.ts';
import { type Statement, statementsOf, strings, type Tree, text, walk } from '../parse.ts';
import type { Target } from '../target.ts';

/** Refuses everything but one SELECT, VALUES, TABLE or EXPLAIN, and in it all that is known to act. */
export async function refuseUnreadable(target: Target, statement: Statement): Promise<Refusal | undefined> {
  const acting = actingPart(statement);
  if (acting !== undefined) return refuse('QUERY_ACTS', { found: acting });
  const used = mentionsIn(statement.node);
  const views = await viewsBehind(target, used.relations);
  for (const { name, definition } of views) {
    const [inner] = await statementsOf(definition).catch(() => []);
    if (inner === undefined) return refuse('QUERY_ACTS', { found: `the view ${name}, which cannot be read` });
    merge(used, mentionsIn(inner.node));
  }
  const [foreign] = await foreignAmong(target, used.relations);
  if (foreign)
    return refuse('QUERY_ACTS', {
      found: `${foreign.name}, a foreign table: what reading it does is not known`,
    });
  const volatile = await volatileAmong(target, used);
  if (volatile.length === 0) return undefined;
  return refuse('QUERY_ACTS', { found: `${volatile.join(', ')}: not known to do nothing but read` });
}

/** What a statement does beside reading, in words. */
function actingPart({ kind, tree }: Statement): string | undefined {
  if (kind === 'SelectStmt') return inSelect(tree);
  if (kind !== 'ExplainStmt') return `a statement that is no SELECT or EXPLAIN (${kind})`;
  const [inner, query] = Object.entries((tree['query'] ?? {}) as Tree)[0] ?? ['', {}];
  if (inner === 'SelectStmt') return inSelect(query as Tree);
  if (!PLANNED.has(inner)) return `an EXPLAIN of something else than a query (${inner})`;
  const options = (tree['options'] ?? []) as readonly { readonly DefElem?: Tree }[];
  return options.some(({ DefElem }) => text(DefElem?.['defname']).toLowerCase() === 'analyze')
    ? 'EXPLAIN ANALYZE of a statement that writes, which carries it out'
    : undefined;
}

/** EXPLAIN without ANALYZE only plans them. */
const PLANNED = new Set(['UpdateStmt', 'InsertStmt', 'DeleteStmt', 'MergeStmt']);

const ACTS: Readonly<Record<string, string>> = {
  intoClause: 'INTO, which makes a table',
  LockingClause: 'FOR UPDATE or FOR SHARE, which locks rows',
  InsertStmt: 'an INSERT in it',
  UpdateStmt: 'an UPDATE in it',
  DeleteStmt: 'a DELETE in it',
  MergeStmt: 'a MERGE in it',
  ExecuteStmt: 'an EXECUTE in it',
};

function inSelect(tree: Tree): string | undefined {
  let found: string | undefined;
  walk(tree, (key) => (found ??= Object.hasOwn(ACTS, key) ? ACTS[key] : undefined));
  return found;
}

/** What a query names. */
interface Mentions {
  readonly functions: Set<string>;
  readonly operators: Set<string>;
  /** `row.name`, which calls the function `name` when there is no such column. */
  readonly fields: Set<string>;
  readonly relations: Set<string>;
}

function mentionsIn(node: unknown): Mentions {
  const found: Mentions = {
    functions: new Set(),
    operators: new Set(),
    fields: new Set(),
    relations: new Set(),
  };
  const last = (names: unknown, into: Set<string>): void => void into.add(strings(names).at(-1) ?? '');
  walk(node, (key, tree) => {
    if (key === 'FuncCall') last(tree['funcname'], found.functions);
    if (key === 'A_Expr') last(tree['name'], found.operators);
    if (key === 'SubLink' && tree['operName'] !== undefined) last(tree['operName'], found.operators);
    if (key === 'SortBy' && tree['useOp'] !== undefined) last(tree['useOp'], found.operators);
    if (key === 'ColumnRef' && strings(tree['fields']).length > 1) last(tree['fields'], found.fields);
    if (key === 'A_Indirection') for (const name of strings(tree['indirection'])) found.fields.add(name);
    if (key === 'RangeVar') found.relations.add(quotedName(tree));
  });
  return found;
}

/** A dot in a name is no dot between names. */
const quotedName = (tree: Tree): string =>
  [tree['schemaname'], tree['relname']]
    .flatMap((part) => (typeof part === 'string' ? [ident(part)] : []))
    .join('.');

function merge(into: Mentions, from: Mentions): void {
  for (const name of from.functions) into.functions.add(name);
  for (const name of from.operators) into.operators.add(name);
  for (const name of from.fields) into.fields.add(name);
}

/** Those of the system are left out: they call what only looks at the server. */
const VIEWS = `
  with recursive named (oid) as (
    select to_regclass(name)::oid from unnest($1::text[]) as name
     union
    select d.refobjid
      from named
      join pg_rewrite r on r.ev_class = named.oid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                      and d.refclassid = 'pg_class'::regclass
  )
  select c.oid::regclass::text as name, pg_get_viewdef(c.oid) as definition
    from named
    join pg_class c on c.oid = named.oid
   where c.relkind = 'v' and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`;

const viewsBehind = (
  target: Target,
  relations: ReadonlySet<string>,
): Promise<{ readonly name: string; readonly definition: string }[]> => target.read(VIEWS, [[...relations]]);

const foreignAmong = (target: Target, relations: ReadonlySet<string>): Promise<{ readonly name: string }[]> =>
  target.read(
    `select c.oid::regclass::text as name
       from pg_class c
      where c.relkind = 'f' and c.oid in (select to_regclass(name)::oid from unnest($1::text[]) as name)
      limit 1`,
    [[...relations]],
  );

/** They are said to be stable, and carry out the query or the view that they are given. */
const CARRY_OUT = [
  'query_to_xml',
  'query_to_xml_and_xmlschema',
  'query_to_xmlschema',
  'table_to_xml',
  'table_to_xml_and_xmlschema',
  'schema_to_xml',
  'schema_to_xml_and_xmlschema',
  'database_to_xml',
  'database_to_xml_and_xmlschema',
];

/** Volatile, and yet they only look at the server or invent a value. */
const READERS = [
  'clock_timestamp',
  'timeofday',
  'random',
  'random_normal',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
  'pg_stat_statements',
  'pg_stat_statements_info',
  'pg_lock_status',
  'pg_blocking_pids',
  'pg_safe_snapshot_blocking_pids',
  'pg_prepared_xact',
  'pg_relation_size',
  'pg_table_size',
  'pg_indexes_size',
  'pg_total_relation_size',
  'pg_database_size',
  'pg_tablespace_size',
  'pg_is_in_recovery',
  'pg_current_wal_lsn',
  'pg_current_wal_insert_lsn',
  'pg_current_wal_flush_lsn',
  'pg_last_wal_receive_lsn',
  'pg_last_wal_replay_lsn',
  'pg_last_xact_replay_timestamp',
  'pg_get_replication_slots',
  'pg_xact_status',
  'pg_xact_commit_timestamp',
  'pg_sequence_last_value',
  'currval',
  'lastval',
];

/** Only as the server or an extension brings it, in C; by the same name somebody may have made another. */
const VOLATILE = `
  with reader (oid) as (
    select p.oid
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where l.lanname in ('internal', 'c')
       and (p.proname::text = any($4::text[]) or p.proname like 'pg\\_stat\\_get\\_%')
  )
  select distinct p.proname::text || '()' as name
    from pg_proc p
   where (p.provolatile = 'v' or p.proname::text = any($5::text[])
          -- What somebody made, or an extension brings, is believed only when it says that it reads nothing at all.
          or p.pronamespace <> 'pg_catalog'::regnamespace and (p.provolatile = 's' or p.prokind = 'a'))
     and p.oid not in (select oid from reader)
     and (p.proname::text = any($1::text[])
          or p.oid in (select o.oprcode from pg_operator o where o.oprname::text = any($2::text[]))
          or p.proname::text = any($3::text[]) and p.pronargs = 1
             and (select t.typtype in ('c', 'p') from pg_type t where t.oid = p.proargtypes[0]))
   order by 1
   limit 5`;

async function volatileAmong(target: Target, used: Mentions): Promise<string[]> {
  const rows = await target.read<{ name: string }>(VOLATILE, [
    [...used.functions],
    [...used.operators],
    [...used.fields],
    READERS,
    CARRY_OUT,
  ]);
  return rows.map((row) => row.name);
}
