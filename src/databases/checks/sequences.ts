/** Sequences that run out: of their own maximum, or of what the column that they feed can hold. */
import { type Check, defineCheck, type Finding, judge } from '../check.ts';
import { andMore, counted, listed } from '../figures.ts';

interface Row {
  readonly sequence: string;
  readonly schema: string;
  /** Null when it was never used, or cannot be read. */
  readonly last_value: string | null;
  readonly readable: boolean;
  /** The column with the narrowest type that it feeds. */
  readonly feeds: string | null;
  readonly column_type: string | null;
  /** Of what there is, either in the sequence or in that column. */
  readonly percent: number | null;
  /** The column ends before the sequence does. */
  readonly narrower: boolean;
  readonly role: string;
}

/**
 * A sequence belongs to a column (serial, identity), or is what a column's default asks for, or both. There may be
 * thousands: each part is read once. The full ones come first, then those that may be full, since they cannot be read.
 */
const SQL = `
  with feeds as (
    select d.objid as seq, d.refobjid as rel, d.refobjsubid as att
      from pg_depend d
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and d.refobjsubid > 0 and d.deptype in ('a', 'i')
     union
    select d.refobjid, a.adrelid, a.adnum
      from pg_depend d
      join pg_attrdef a on a.oid = d.objid
     where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
  ), columns as (
    select f.seq, f.rel::regclass::text || '.' || quote_ident(a.attname) as feeds,
           format_type(a.atttypid, null) as column_type,
           case coalesce(nullif(t.typbasetype, 0), t.oid)
             when 'int2'::regtype then 32767
             when 'int4'::regtype then 2147483647
             when 'int8'::regtype then 9223372036854775807
           end::numeric as column_max
      from feeds f
      join pg_attribute a on a.attrelid = f.rel and a.attnum = f.att and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
  ), narrowest as (
    select distinct on (seq) * from columns order by seq, column_max nulls last, feeds
  ), known as (
    select s.*, c.relnamespace, has_sequence_privilege(c.oid, 'select, usage') as readable,
           case when has_sequence_privilege(c.oid, 'select, usage') then pg_sequence_last_value(c.oid) end as last_value
      from pg_sequence s
      join pg_class c on c.oid = s.seqrelid
     where not pg_is_other_temp_schema(c.relnamespace)
  ), figures as (
    select k.seqrelid::regclass::text as sequence,
           k.relnamespace::regnamespace::text as schema,
           k.last_value::text,
           k.readable,
           n.feeds,
           n.column_type,
           case when k.seqincrement < 0 then (k.last_value - k.seqmax::numeric) / least(k.seqmin::numeric - k.seqmax, -1)
                else (k.last_value - k.seqmin::numeric) / greatest(least(k.seqmax, n.column_max) - k.seqmin, 1)
           end::float8 * 100 as percent,
           coalesce(n.column_max < k.seqmax and k.seqincrement > 0, false) as narrower,
           quote_ident(current_user) as role
      from known k
      left join narrowest n on n.seq = k.seqrelid
     where not k.seqcycle or n.column_max < k.seqmax
  )
  select sequence, schema, last_value, readable, feeds, column_type, percent, narrower, role
    from figures
   order by case when readable then percent else $1 end desc nulls last
   limit 500`;

const check: Check = defineCheck({
  name: 'sequences',
  title: 'Sequences that run out, by their own end or by the type of the column that they feed',
  order: 240,
  firstMinutes: false,
  privilege: 'SELECT on the sequences',
  danger: 'waits behind an ALTER SEQUENCE, 300 ms at most',
  limits: { warn: 85, crit: 95 },
  unit: '% of the values that are used up',
  source: 'check_postgres',
  async run(target, { limits }) {
    const rows = await target.read<Row>(SQL, [limits.warn]);
    const hidden = rows.filter((row) => !row.readable);
    const seen = rows.filter((row) => row.readable);
    const full = seen.filter((row) => judge(row.percent ?? 0, limits) !== 'ok');
    const facts = { sequences: seen.slice(0, 20), hidden: hidden.map(({ sequence }) => sequence) };
    const [worst] = full;
    if (worst === undefined) return hidden.length > 0 ? blind(hidden, facts) : fine(seen, facts);
    const unseen = hidden.length > 0 ? `; ${hidden.length} more cannot be read` : '';
    return {
      status: judge(worst.percent ?? 0, limits),
      verdict: `${used(worst)}${andMore(full)}${unseen}.`,
      facts,
      next: mend(worst),
    };
  },
});
export default check;

function used(row: Row): string {
  const value = counted(Number(row.last_value ?? 0));
  const percent = Math.floor((row.percent ?? 0) * 10) / 10;
  if (!row.narrower)
    return `The sequence ${row.sequence} has used up ${percent} % of its values (at ${value})`;
  return `The column ${row.feeds ?? '?'} is ${row.column_type ?? '?'}, and its sequence ${row.sequence} has used up ${percent} % of what it can hold (at ${value})`;
}

function mend(row: Row): string {
  if (row.feeds === null || row.column_type === 'bigint')
    return `Let ${row.sequence} go on: ALTER SEQUENCE ${row.sequence} AS bigint, or a larger MAXVALUE`;
  return `Give ${row.feeds} the type bigint before it is full (it rewrites the table: plan it), and ALTER SEQUENCE ${row.sequence} AS bigint`;
}

function fine(seen: readonly Row[], facts: Finding['facts']): Finding {
  const [fullest] = seen;
  const figure = Math.floor((fullest?.percent ?? 0) * 10) / 10;
  const verdict =
    fullest === undefined
      ? 'There are no sequences.'
      : `The fullest of ${seen.length} sequences is ${fullest.sequence} with ${figure} %.`;
  return { status: 'ok', verdict, facts };
}

/** Of a sequence that cannot be read nobody knows how full it is. */
function blind(hidden: readonly Row[], facts: Finding['facts']): Finding {
  const schemas = [...new Set(hidden.map(({ schema }) => schema))].join(', ');
  const role = hidden[0]?.role ?? 'the diag role';
  return {
    status: 'skipped',
    verdict: `A privilege is missing: ${role} cannot read ${listed(hidden.map(({ sequence }) => sequence))}.`,
    facts,
    next: `GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schemas} TO ${role}`,
  };
}
