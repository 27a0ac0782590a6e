/** What keeps vacuum from removing dead rows: the oldest session, prepared transaction, slot or standby. */
import type { Offer } from '../../domain/refusal.ts';
import { type Check, defineCheck, judge } from '../check.ts';
import { literal } from '../names.ts';
import { seeingAll } from '../privileges.ts';
import { BACKEND_START, endingOf, sessionName } from '../sessions.ts';
import type { Target } from '../target.ts';

interface Row {
  readonly kind: 'session' | 'prepared transaction' | 'replication slot' | 'standby';
  readonly name: string;
  /** Transactions that began since. */
  readonly age: number;
  readonly pid: number | null;
  readonly backend_start: string | null;
  readonly usename: string | null;
}

/** Sessions and prepared transactions count in their own database, slots and standbys in all. */
const SQL = `
  select 'session' as kind, coalesce(application_name, '') as name,
         greatest(age(backend_xmin), age(backend_xid)) as age,
         pid, ${BACKEND_START} as backend_start, usename::text
    from pg_stat_activity
   where (backend_xmin is not null or backend_xid is not null) and pid <> pg_backend_pid()
     and datname = current_database() and backend_type = 'client backend'
   union all
  select 'prepared transaction', gid, age(transaction), null, null, owner::text
    from pg_prepared_xacts
   where database = current_database()
   union all
  select 'replication slot', slot_name::text, greatest(age(xmin), age(catalog_xmin)), null, null, null
    from pg_replication_slots
   where xmin is not null or catalog_xmin is not null
   union all
  select 'standby', coalesce(application_name, ''), age(backend_xmin), pid, null, usename::text
    from pg_stat_replication
   where backend_xmin is not null
   order by 3 desc
   limit 5`;

const check: Check = defineCheck({
  name: 'oldest-xmin',
  title: 'What keeps vacuum from removing dead rows',
  order: 46,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Transactions that began since; 200 million make vacuum force its way, by default. */
  limits: { warn: 10_000_000, crit: 150_000_000 },
  source: 'ours, from autovacuum_freeze_max_age',
  run: seeingAll(async (target, { limits }) => {
    const holders = await target.read<Row>(SQL);
    const [oldest] = holders;
    const facts = { holders };
    if (oldest === undefined) return { status: 'ok', verdict: 'Nothing holds vacuum back.', facts };
    const status = judge(oldest.age, limits);
    return {
      status,
      verdict: `${holderText(oldest)} holds vacuum back, by ${ageText(oldest.age)}.`,
      facts,
      ...(status === 'ok' ? {} : freeing(target, oldest)),
    };
  }),
});
export default check;

function holderText({ kind, name, pid, usename }: Row): string {
  if (kind === 'session') return sessionName({ pid: pid ?? 0, application: name, user: usename ?? '' });
  return `The ${kind} ${literal(name)}`;
}

/** A slot is not to be dropped lightly: its reader would have to be built anew. */
function freeing(target: Target, { kind, name, pid, backend_start }: Row) {
  if (kind === 'session') return endingOf(target, { pid: pid ?? 0, backendStart: backend_start ?? '' });
  if (kind === 'prepared transaction') {
    const gid = literal(name);
    return { next: `ask its coordinator, then COMMIT PREPARED ${gid} or ROLLBACK PREPARED ${gid}` };
  }
  const line = `run replication-lag target=${target.name}`;
  const offers: Offer[] = [{ label: 'Look at replication', line }];
  return { next: line, offers };
}

const ageText = (age: number): string =>
  `${age.toLocaleString('en-US')} ${age === 1 ? 'transaction' : 'transactions'}`;
