/** Tables with many dead rows, or with statistics that are no longer true: the planner then chooses badly. */
import { type Check, defineCheck, type Finding, judge, type Limits } from '../check.ts';
import { andMore, counted, percentOf } from '../figures.ts';

interface Row {
  readonly relation: string;
  readonly live: number;
  readonly dead: number;
  /** Rows that were written since the last analyze. */
  readonly modified: number;
  readonly vacuumed: Date | null;
  readonly analyzed: Date | null;
  readonly autovacuum: boolean;
}

const SQL = `
  select s.relid::regclass::text as relation,
         s.n_live_tup::float8 as live,
         s.n_dead_tup::float8 as dead,
         s.n_mod_since_analyze::float8 as modified,
         greatest(s.last_vacuum, s.last_autovacuum) as vacuumed,
         greatest(s.last_analyze, s.last_autoanalyze) as analyzed,
         coalesce((select o.option_value::boolean
                     from pg_options_to_table(c.reloptions) o
                    where o.option_name = 'autovacuum_enabled'), true) as autovacuum
    from pg_stat_user_tables s
    join pg_class c on c.oid = s.relid
   order by greatest(s.n_dead_tup, s.n_mod_since_analyze) desc
   limit 100`;

/** Fewer rows than these are read in no time, however wrong the plan is. */
const FEW = 5000;

interface Trouble extends Row {
  readonly status: 'warn' | 'crit';
  readonly what: string;
  readonly mend: string;
}

const check: Check = defineCheck({
  name: 'table-stats',
  title: 'Dead rows, and tables whose statistics are no longer true',
  order: 200,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 20, crit: 80 },
  unit: "% of a table's rows that are dead; as many written since its last analyze only warn",
  source: "PostgreSQL's own autovacuum begins at 20 % dead and 10 % written rows; crit is ours",
  async run(target, { limits }) {
    const tables = await target.read<Row>(SQL);
    const [server] = await target.read<{ on: boolean }>(`select current_setting('autovacuum') = 'on' as on`);
    const troubles = tables.flatMap((row) => [...dead(row, limits), ...stale(row, limits)]);
    const [worst] = troubles.sort((a, b) => a.status.localeCompare(b.status));
    const facts = { autovacuum: server?.on === true, tables: tables.slice(0, 20) };
    if (server?.on !== true) return withoutAutovacuum(worst, facts);
    if (worst === undefined)
      return { status: 'ok', verdict: 'Statistics are fresh, and dead rows are few.', facts };
    return { status: worst.status, verdict: `${worst.what}${alsoIn(troubles)}.`, facts, next: worst.mend };
  },
});
export default check;

function dead(row: Row, limits: Limits): readonly Trouble[] {
  const percent = percentOf(row.dead, row.live + row.dead);
  const status = judge(percent, limits);
  if (status === 'ok' || row.dead < FEW) return [];
  const off = row.autovacuum ? '' : ', and autovacuum is off for it';
  const what = `${percent} % of the rows of ${row.relation} are dead (${counted(row.dead)}), last vacuumed ${at(row.vacuumed)}${off}`;
  const mend = `VACUUM (ANALYZE) ${row.relation}; if they stay, an old transaction needs them: see idle-in-transaction`;
  return [{ ...row, status, what, mend }];
}

function stale(row: Row, limits: Limits): readonly Trouble[] {
  const percent = Math.min(100, percentOf(row.modified, row.live));
  if (percent < limits.warn || row.modified < FEW) return [];
  const what = `The statistics of ${row.relation} are stale: ${counted(row.modified)} rows were written since it was last analyzed (${at(row.analyzed)})`;
  return [{ ...row, status: 'warn', what, mend: `ANALYZE ${row.relation}` }];
}

function withoutAutovacuum(worst: Trouble | undefined, facts: Finding['facts']): Finding {
  const also = worst === undefined ? '' : ` ${worst.what}.`;
  return {
    status: worst?.status ?? 'warn',
    verdict: `Autovacuum is off on this server: dead rows stay, and statistics go stale.${also}`,
    facts,
    next: 'ALTER SYSTEM SET autovacuum = on, then SELECT pg_reload_conf()',
  };
}

const at = (time: Date | null): string => (time === null ? 'never' : time.toISOString());

const alsoIn = (troubles: readonly Trouble[]): string =>
  andMore([...new Set(troubles.map(({ relation }) => relation))]);
