/** Rollbacks, deadlocks and failed sessions as the server counts them. It informs; it cannot judge: the counters lag. */
import { type Check, defineCheck } from '../check.ts';

interface Row {
  readonly commits: string;
  readonly rollbacks: string;
  readonly deadlocks: string;
  readonly sessions_fatal: string;
  readonly sessions_killed: string;
  readonly checksum_failures: string;
  readonly since: Date | null;
}

const SQL = `
  select xact_commit::text as commits,
         xact_rollback::text as rollbacks,
         deadlocks::text,
         sessions_fatal::text,
         sessions_killed::text,
         coalesce(checksum_failures, 0)::text as checksum_failures,
         stats_reset as since
    from pg_stat_database
   where datname = current_database()`;

const check: Check = defineCheck({
  name: 'error-rate',
  title: 'Rollbacks, deadlocks and failed sessions as the server counts them',
  order: 60,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  async run(target) {
    const [row] = await target.read<Row>(SQL);
    const rollbacks = Number(row?.rollbacks ?? 0);
    const all = rollbacks + Number(row?.commits ?? 0);
    const percent = all === 0 ? 0 : Math.round((rollbacks / all) * 1000) / 10;
    const corrupt = Number(row?.checksum_failures ?? 0);
    const facts = { ...row, rollback_percent: percent };
    if (corrupt > 0) {
      const verdict = `${corrupt} pages failed their checksum: stop writing and call a database expert.`;
      return { status: 'crit', verdict, facts };
    }
    const verdict = `${percent} % of all transactions so far were rolled back; ${row?.deadlocks ?? 0} deadlocks.`;
    return { status: 'ok', verdict, facts };
  },
});
export default check;
