/** A whole database as text: every object with its definition, owner, rights and comment, so that two states can be compared. */
import type { Read } from './history.ts';
import { shortName } from './names.ts';

/** By what it is and is called: `column public.orders.due`; the definition as PostgreSQL writes it. */
export type Schema = ReadonlyMap<string, string>;

export interface Difference {
  /** `column public.orders.due` */
  readonly object: string;
  /** The table, or the object itself, `public.` left out; what an announcement is about. */
  readonly on: string;
  readonly column?: string;
  /** Undefined: it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

interface Row {
  readonly what: string;
  readonly on: string;
  readonly col: string;
  readonly definition: string | null;
}

/** How what a line is about is kept beside its definition: neither may hold the separator. */
const ABOUT = '\u0001';

/** Reads it by catalog alone; tables are locked by nothing stronger than ACCESS SHARE. `without` are tables left out. */
export async function readSchema(read: Read, without: readonly string[] = []): Promise<Schema> {
  const schema = new Map<string, string>();
  for (const sql of PARTS) {
    for (const { what, on, col, definition } of await read<Row>(sql)) {
      if (without.includes(on)) continue;
      schema.set(what, [definition ?? '', on, col].join(ABOUT));
    }
  }
  return schema;
}

/** What differs, in the order of the objects' names. */
export function compareSchemas(before: Schema, after: Schema): Difference[] {
  const objects = [...new Set([...before.keys(), ...after.keys()])].sort();
  return objects
    .filter((object) => before.get(object) !== after.get(object))
    .map((object) => {
      const [was, on = '', column = ''] = parts(before.get(object) ?? after.get(object));
      const there = before.has(object);
      return {
        object,
        on: shortName(on),
        ...(column === '' ? {} : { column }),
        before: there ? was : undefined,
        after: after.has(object) ? parts(after.get(object))[0] : undefined,
      };
    });
}

const parts = (line: string | undefined): string[] => (line ?? '').split(ABOUT);

/** A difference in words: `column orders.due: gone`. */
export function differenceText({ object, before, after }: Difference): string {
  const name = object.replaceAll(' public.', ' ');
  if (after === undefined) return `${name}: gone (it was ${shown(before)})`;
  if (before === undefined) return `${name}: left behind (${shown(after)})`;
  return `${name}: ${shown(after)} instead of ${shown(before)}`;
}

const shown = (text: string | undefined): string => {
  const line = (text ?? '').replace(/\s+/g, ' ').trim();
  return line === '' ? 'nothing' : line.length > 120 ? `${line.slice(0, 119)}…` : line;
};

const OWN = `(n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and n.nspname !~ '^firebreak')`;
/** What belongs to an extension comes and goes with it. */
const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;
const REL = `n.nspname || '.' || c.relname`;
const KIND = `case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view'
       when 'S' then 'sequence' when 'f' then 'foreign table' else 'type' end`;
/** Of a right that was never given, the default counts. */
const acl = (column: string, kind: string, owner: string): string =>
  `(select string_agg(a::text, ', ' order by a::text) from unnest(coalesce(${column}, acldefault(${kind}, ${owner}))) a)`;

const RELATIONS = `
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${OWN} and ${notOfExtension('pg_class', 'c.oid')}`;

/** Each answers what (its name), on (the table or the object), col and definition. */
const PARTS: readonly string[] = [
  `select 'schema ' || n.nspname as what, n.nspname::text as "on", '' as col,
          concat_ws(' ', n.nspowner::regrole, ${acl('n.nspacl', "'n'", 'n.nspowner')}) as definition
     from pg_namespace n where ${OWN}`,
  `select 'extension ' || extname as what, extname::text as "on", '' as col, extversion as definition from pg_extension`,
  `select ${KIND} || ' ' || ${REL} as what, ${REL} as "on", '' as col,
          concat_ws(' ', c.relpersistence, c.reloptions::text, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
            (select 'of ' || string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
            case when c.relrowsecurity then 'row security' end, case when c.relforcerowsecurity then 'forced' end,
            'identity ' || c.relreplident::text) as definition ${RELATIONS}`,
  `select 'owner of ' || ${KIND} || ' ' || ${REL} as what, ${REL} as "on", '' as col, c.relowner::regrole::text as definition ${RELATIONS}`,
  `select 'rights on ' || ${KIND} || ' ' || ${REL} as what, ${REL} as "on", '' as col,
          ${acl('c.relacl', `case c.relkind when 'S' then 's'::"char" else 'r'::"char" end`, 'c.relowner')} as definition ${RELATIONS}`,
  `select 'columns of ' || ${KIND} || ' ' || ${REL} as what, ${REL} as "on", '' as col,
          (select string_agg(a.attname, ', ' order by a.attnum) from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as definition ${RELATIONS} and c.relkind <> 'S'`,
  `select 'column ' || ${REL} || '.' || a.attname as what, ${REL} as "on", a.attname::text as col,
          concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
            case when a.attnotnull then 'not null' end, 'default ' || pg_get_expr(d.adbin, d.adrelid),
            nullif(a.attidentity, ''), nullif(a.attgenerated, ''), a.attoptions::text, 'storage ' || a.attstorage::text,
            'statistics ' || nullif(a.attstattarget, -1)::text, a.attacl::text) as definition
     from pg_attribute a
     join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace
     join pg_type t on t.oid = a.atttypid
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${OWN}
      and ${notOfExtension('pg_class', 'c.oid')}`,
  `select 'constraint ' || ${REL} || '.' || k.conname as what, ${REL} as "on", '' as col,
          concat_ws(' ', pg_get_constraintdef(k.oid), case when not k.convalidated then 'not validated' end) as definition
     from pg_constraint k
     join pg_class c on c.oid = k.conrelid
     join pg_namespace n on n.oid = c.relnamespace
    where k.contype <> 'n' and ${OWN}`,
  `select 'index ' || n.nspname || '.' || i.relname as what, ${REL} as "on", '' as col,
          concat_ws(' ', pg_get_indexdef(x.indexrelid), case when not x.indisvalid then 'INVALID' end,
            case when x.indisclustered then 'clustered' end, case when x.indisreplident then 'replica identity' end) as definition
     from pg_index x
     join pg_class i on i.oid = x.indexrelid
     join pg_class c on c.oid = x.indrelid
     join pg_namespace n on n.oid = c.relnamespace
    where ${OWN}`,
  `select 'trigger ' || ${REL} || '.' || t.tgname as what, ${REL} as "on", '' as col,
          pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text as definition
     from pg_trigger t
     join pg_class c on c.oid = t.tgrelid
     join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and ${OWN}`,
  `select 'rule ' || ${REL} || '.' || r.rulename as what, ${REL} as "on", '' as col,
          pg_get_ruledef(r.oid) || ' ' || r.ev_enabled::text as definition
     from pg_rewrite r
     join pg_class c on c.oid = r.ev_class
     join pg_namespace n on n.oid = c.relnamespace
    where r.rulename <> '_RETURN' and ${OWN}`,
  `select 'definition of ' || ${KIND} || ' ' || ${REL} as what, ${REL} as "on", '' as col, pg_get_viewdef(c.oid) as definition
     ${RELATIONS} and c.relkind in ('v', 'm')`,
  `select 'policy ' || ${REL} || '.' || p.polname as what, ${REL} as "on", '' as col,
          concat_ws(' ', p.polcmd, case when p.polpermissive then 'permissive' end, p.polroles::regrole[]::text,
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as definition
     from pg_policy p
     join pg_class c on c.oid = p.polrelid
     join pg_namespace n on n.oid = c.relnamespace
    where ${OWN}`,
  `select 'settings of sequence ' || ${REL} as what, ${REL} as "on", '' as col,
          concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
            (select 'of ' || d.refobjid::regclass || '.' || a.attname from pg_depend d
               join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
              where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') limit 1)) as definition
     from pg_sequence s
     join pg_class c on c.oid = s.seqrelid
     join pg_namespace n on n.oid = c.relnamespace
    where ${OWN} and ${notOfExtension('pg_class', 'c.oid')}`,
  `select 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as what,
          n.nspname || '.' || p.proname as "on", '' as col,
          concat_ws(' ', case when p.prokind in ('f', 'p', 'w') then pg_get_functiondef(p.oid) else p.prosrc end,
            p.proowner::regrole, ${acl('p.proacl', "'f'", 'p.proowner')}) as definition
     from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace
    where ${OWN} and ${notOfExtension('pg_proc', 'p.oid')}`,
  `select 'type ' || n.nspname || '.' || t.typname as what, n.nspname || '.' || t.typname as "on", '' as col,
          concat_ws(' ', t.typtype,
            (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
            case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end, case when t.typnotnull then 'not null' end,
            t.typdefault, (select string_agg(pg_get_constraintdef(k.oid), ', ' order by k.conname) from pg_constraint k where k.contypid = t.oid),
            t.typowner::regrole, ${acl('t.typacl', "'T'", 't.typowner')}) as definition
     from pg_type t
     join pg_namespace n on n.oid = t.typnamespace
    where (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and (select relkind from pg_class where oid = t.typrelid) = 'c')
      and ${OWN} and ${notOfExtension('pg_type', 't.oid')}`,
  `select 'default rights in ' || coalesce(n.nspname, 'every schema') || ' of ' || d.defaclrole::regrole || ' on ' || d.defaclobjtype::text as what,
          coalesce(n.nspname, '')::text as "on", '' as col,
          (select string_agg(a::text, ', ' order by a::text) from unnest(d.defaclacl) a) as definition
     from pg_default_acl d
     left join pg_namespace n on n.oid = d.defaclnamespace`,
  `select 'comment on ' || o.type || ' ' || o.identity as what,
          case when d.classoid = 'pg_class'::regclass then (select ${REL} from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = d.objoid)
               when d.classoid = 'pg_constraint'::regclass then (select ${REL} from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where k.oid = d.objoid)
               else coalesce(o.schema || '.', '') || coalesce(o.name, o.identity) end as "on",
          coalesce((select a.attname::text from pg_attribute a where d.classoid = 'pg_class'::regclass and a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0), '') as col,
          d.description as definition
     from pg_description d
    cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    where d.classoid in ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass)
      and coalesce(o.schema, '') not in ('pg_catalog', 'information_schema') and coalesce(o.schema, '') !~ '^(firebreak|pg_)'`,
  `select 'publication ' || p.pubname as what, p.pubname::text as "on", '' as col,
          concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
            (select string_agg(r.prrelid::regclass::text, ', ' order by r.prrelid::regclass::text) from pg_publication_rel r where r.prpubid = p.oid)) as definition
     from pg_publication p`,
  `select 'statistics ' || n.nspname || '.' || s.stxname as what, s.stxrelid::regclass::text as "on", '' as col,
          pg_get_statisticsobjdef(s.oid) as definition
     from pg_statistic_ext s
     join pg_namespace n on n.oid = s.stxnamespace
    where ${OWN}`,
];
