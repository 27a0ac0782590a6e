/** Whether checkpoints come when they are due, or are forced because the log of writes is full. */
import { type Check, defineCheck, judge } from '../check.ts';
import { counted, percentOf } from '../figures.ts';

interface Row {
  readonly timed: number;
  readonly requested: number;
  readonly write_s: number;
  readonly sync_s: number;
  readonly since: Date | null;
  readonly max_wal_size: string;
}

const SINCE_17 = `
  select num_timed::float8 as timed, num_requested::float8 as requested,
         write_time / 1000 as write_s, sync_time / 1000 as sync_s, stats_reset as since,
         current_setting('max_wal_size') as max_wal_size
    from pg_stat_checkpointer`;

const BEFORE = `
  select checkpoints_timed::float8 as timed, checkpoints_req::float8 as requested,
         checkpoint_write_time / 1000 as write_s, checkpoint_sync_time / 1000 as sync_s, stats_reset as since,
         current_setting('max_wal_size') as max_wal_size
    from pg_stat_bgwriter`;

/** Before so many checkpoints nothing can be said. */
const FEW = 10;

const check: Check = defineCheck({
  name: 'checkpointer',
  title: 'Whether checkpoints come when they are due, or are forced',
  order: 310,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  limits: { warn: 50, crit: Infinity },
  unit: '% of the checkpoints that were forced',
  source: 'ours',
  async run(target, { limits, version }) {
    const [row] = await target.read<Row>(version >= 17 ? SINCE_17 : BEFORE);
    const { timed = 0, requested = 0, max_wal_size = '?' } = row ?? {};
    const percent = percentOf(requested, timed + requested);
    const facts = { ...row, requested_percent: percent };
    if (timed + requested < FEW)
      return { status: 'ok', verdict: 'There were too few checkpoints to judge them.', facts };
    const status = judge(percent, limits);
    const verdict = `${percent} % of ${counted(timed + requested)} checkpoints were forced, by max_wal_size (${max_wal_size}) or by hand.`;
    if (status === 'ok') return { status, verdict, facts };
    return { status, verdict, facts, next: 'Raise max_wal_size, after a look at the room on the disk' };
  },
});
export default check;
