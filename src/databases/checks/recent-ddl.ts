/** What of the schema changed in the last hour, whoever did it: by the commit times of catalog rows. */
import { type Check, defineCheck } from '../check.ts';
import { sqlstateOf } from '../pg-errors.ts';
import { missing } from '../privileges.ts';
import { ago } from '../recent.ts';
import type { Target } from '../target.ts';

interface Row {
  readonly object: string;
  readonly kind: string;
  readonly partition: boolean;
  readonly at: Date;
  readonly what: readonly string[];
}

/**
 * A drop leaves no row, and is not seen. Rows of pg_class change by TRUNCATE, VACUUM FULL and GRANT as well. Objects
 * from 16384 on are people's own.
 */
const SQL = `
  with touched (kind, id, xid, what) as (
    select 'relation', attrelid, xmin, 'columns' from pg_attribute where attnum > 0 and attrelid >= 16384
     union
    select 'relation', typrelid, xmin, 'name' from pg_type where typrelid >= 16384
     union
    select 'relation', conrelid, xmin, 'constraints' from pg_constraint where conrelid >= 16384
     union
    select 'relation', tgrelid, xmin, 'triggers' from pg_trigger where tgrelid >= 16384
     union
    select 'relation', polrelid, xmin, 'policies' from pg_policy
     union
    select 'relation', ev_class, xmin, 'query' from pg_rewrite where ev_class >= 16384
     union
    select 'relation', oid, xmin, 'storage or rights' from pg_class where oid >= 16384
     union
    select 'function', oid, xmin, 'definition' from pg_proc where oid >= 16384
  ), times as materialized (
    select xid, pg_xact_commit_timestamp(xid) as at from (select distinct xid from touched) as xids
  ), recent as (
    select t.kind, t.id, max(times.at) as at, array_agg(distinct t.what order by t.what) as what
      from touched t
      join times on times.xid = t.xid
     where times.at > $1::timestamptz - interval '1 hour'
     group by t.kind, t.id
  )
  select r.id::regclass::text as object,
         case when c.relkind in ('i', 'I') then 'index' when c.relkind in ('v', 'm') then 'view'
              when c.relkind in ('r', 'p', 'f') then 'table' else 'object' end as kind,
         c.relispartition as partition, r.at, r.what
    from recent r
    join pg_class c on c.oid = r.id
    join pg_namespace n on n.oid = c.relnamespace
   where r.kind = 'relation' and n.nspname not like 'pg\\_%' and n.nspname not like 'firebreak%'
   union all
  select r.id::regproc::text, 'function', false, r.at, r.what
    from recent r
   where r.kind = 'function'
   order by 4 desc, 1
   limit 30`;

const check: Check = defineCheck({
  name: 'recent-ddl',
  title: 'What of the schema changed in the last hour, whoever did it',
  order: 65,
  firstMinutes: true,
  privilege: 'none; the server must run with track_commit_timestamp = on',
  danger: 'reads the catalogs through, which takes a second with 100,000 tables',
  async run(target, { now }) {
    const found = await changesIn(target, now);
    if (found === undefined) {
      return missing(
        'The server does not keep the times of commits, so that changes of the schema have no time.',
        'ALTER SYSTEM SET track_commit_timestamp = on, and restart the server; it counts from then on',
      );
    }
    const changes = found.map((it) => ({ ...it, at: it.at.toISOString(), when: ago(it.at, now) }));
    const suspects = changes.filter(isSuspect);
    const named = (suspects.length > 0 ? suspects : changes).slice(0, 3).map(text);
    if (named.length === 0) {
      return { status: 'ok', verdict: 'The schema did not change in the last hour.', facts: { changes } };
    }
    const rest = (suspects.length > 0 ? suspects : changes).length - named.length;
    const more = rest > 0 ? ` and ${rest} more` : '';
    const verdict = `Changed in the last hour: ${named.join(', ')}${more}.`;
    return { status: suspects.length > 0 ? 'warn' : 'ok', verdict, facts: { changes } };
  },
});
export default check;

type Change = Omit<Row, 'at'> & { readonly at: string; readonly when: string };

/** What code can trip over. Partitions and indexes come and go by themselves in a healthy database. */
const isSuspect = ({ kind, partition, what }: Change): boolean =>
  !partition && kind !== 'index' && what.some((each) => each !== 'storage or rights');

const text = ({ kind, object, what, when }: Change): string =>
  `${kind} ${object} (${what.join(', ')}) ${when}`;

/** Without commit times a database in which nothing was ever made would still look unchanged: the setting is asked. */
async function changesIn(target: Target, now: Date): Promise<Row[] | undefined> {
  const [setting] = await target.read<{ on: boolean }>(
    `select current_setting('track_commit_timestamp')::bool as on`,
  );
  if (setting?.on !== true) return undefined;
  return target.read<Row>(SQL, [now]).catch((error: unknown) => {
    // A standby has no commit times unless its primary keeps them.
    if (sqlstateOf(error) === '55000') return undefined;
    throw error;
  });
}
