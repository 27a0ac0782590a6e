/** What the server counts of one database: ended transactions and deadlocks. */
import { percentOf } from './figures.ts';
import type { Target } from './target.ts';

export interface Counters {
  readonly commits: number;
  /** Each transaction that failed, and each that somebody rolled back: our own reads among them. */
  readonly rollbacks: number;
  readonly deadlocks: number;
  /** The database's oid, and when its server was started and its figures were reset, in seconds since 1970; 0 for never. */
  readonly database: string;
  readonly started: number;
  readonly reset: number;
}

/** What share of the transactions ended by ROLLBACK, in percent. */
export const rollbackPercent = ({ commits, rollbacks }: Pick<Counters, 'commits' | 'rollbacks'>): number =>
  percentOf(rollbacks, commits + rollbacks);

/** So many transactions tell what is usual here: some drivers end every read by ROLLBACK. */
export const LONG_RUN = 100_000;

const SQL = `
  select xact_commit::float8 as commits,
         xact_rollback::float8 as rollbacks,
         deadlocks::float8,
         datid::text as database,
         extract(epoch from pg_postmaster_start_time())::float8 as started,
         coalesce(extract(epoch from stats_reset), 0)::float8 as reset
    from pg_stat_database
   where datname = current_database()`;

/** One look at `pg_stat_database`: any role may, and it waits for no lock. */
export async function readCounters(target: Target): Promise<Counters> {
  const [row] = await target.read<Counters>(SQL);
  if (row === undefined) throw new Error('the server keeps no figures of this database');
  return row;
}
