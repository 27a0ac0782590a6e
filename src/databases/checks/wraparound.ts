/** How far the databases and tables are from the end of their transaction ids, where the server stops to take writes. */
import { type Check, defineCheck, judge } from '../check.ts';
import { counted, percentOf } from '../figures.ts';

interface Aged {
  readonly name: string;
  readonly xid_age: number;
  readonly mxid_age: number;
}

const DATABASES = `
  select datname as name, age(datfrozenxid)::float8 as xid_age, mxid_age(datminmxid)::float8 as mxid_age
    from pg_database
   order by greatest(age(datfrozenxid), mxid_age(datminmxid)) desc
   limit 10`;

const TABLES = `
  select oid::regclass::text as name, age(relfrozenxid)::float8 as xid_age, mxid_age(relminmxid)::float8 as mxid_age
    from pg_class
   where relkind in ('r', 'm', 't') and relfrozenxid <> '0' and relminmxid <> '0'
   order by greatest(age(relfrozenxid), mxid_age(relminmxid)) desc, relpages desc
   limit 10`;

/** Half of all ids lie ahead of a row, half behind it. */
const IDS = 2 ** 31;

const check: Check = defineCheck({
  name: 'wraparound',
  title: 'How near databases and tables are to the end of their transaction ids',
  order: 230,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 50, crit: 75 },
  unit: '% of the ids that are used up',
  source: 'pgMonitor',
  async run(target, { limits }) {
    const databases = await target.read<Aged>(DATABASES);
    const tables = await target.read<Aged>(TABLES);
    const [oldest] = databases;
    const percent = oldest === undefined ? 0 : percentOf(ageOf(oldest), IDS);
    const status = judge(percent, limits);
    const facts = { percent, databases, tables };
    if (oldest === undefined || status === 'ok')
      return { status: 'ok', verdict: `At most ${percent} % of the transaction ids are used up.`, facts };
    const kind = oldest.mxid_age > oldest.xid_age ? 'multixact ids' : 'transaction ids';
    const [table] = tables;
    return {
      status,
      verdict: `The database ${oldest.name} has used up ${percent} % of its ${kind} (age ${counted(ageOf(oldest))}); the oldest table here is ${table?.name ?? 'none'} (${counted(table === undefined ? 0 : ageOf(table))}).`,
      facts,
      next: `VACUUM (FREEZE) ${table?.name ?? ''} in a session of its owner; end what keeps old rows first: see idle-in-transaction, prepared transactions and replication slots`,
    };
  },
});
export default check;

const ageOf = (it: Aged): number => Math.max(it.xid_age, it.mxid_age);
