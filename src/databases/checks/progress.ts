/** Long work of the server that is going on: building indexes, copying, vacuuming, backups. */
import { type Check, defineCheck, judge } from '../check.ts';
import { seeingAll } from '../privileges.ts';
import { BACKEND_START, endingOf } from '../sessions.ts';
import { age } from '../words.ts';

interface Row {
  readonly pid: number;
  readonly command: string;
  readonly relation: string | null;
  readonly phase: string;
  readonly percent: number | null;
  readonly running_s: number;
  readonly backend_start: string;
  readonly autovacuum: boolean;
}

const share = (done: string, all: string): string =>
  `case when ${all} > 0 then round(100.0 * ${done} / ${all})::int end`;

const COPY = `
   union all
  select pid, command, relid, 'running', ${share('bytes_processed', 'bytes_total')}
    from pg_stat_progress_copy where datname = current_database()`;

const sql = (version: number): string => `
  with work (pid, command, relid, phase, percent) as (
    select pid, command, relid, phase, ${share('blocks_done', 'blocks_total')}
      from pg_stat_progress_create_index where datname = current_database()
     union all
    select pid, 'VACUUM', relid, phase, ${share('heap_blks_scanned', 'heap_blks_total')}
      from pg_stat_progress_vacuum where datname = current_database()
     union all
    select pid, command, relid, phase, ${share('heap_blks_scanned', 'heap_blks_total')}
      from pg_stat_progress_cluster where datname = current_database()
     union all
    select pid, 'ANALYZE', relid, phase, ${share('sample_blks_scanned', 'sample_blks_total')}
      from pg_stat_progress_analyze where datname = current_database()
     union all
    select pid, 'BASE BACKUP', null, phase, ${share('backup_streamed', 'backup_total')}
      from pg_stat_progress_basebackup
    ${version >= 14 ? COPY : ''}
  )
  select w.pid, w.command, nullif(w.relid, 0)::regclass::text as relation, w.phase, w.percent,
         extract(epoch from clock_timestamp() - coalesce(a.query_start, a.backend_start))::float8 as running_s,
         ${BACKEND_START} as backend_start,
         a.backend_type = 'autovacuum worker' as autovacuum
    from work w
    join pg_stat_activity a on a.pid = w.pid
   order by 6 desc
   limit 20`;

/** These keep writers out of the table while they run, the last two readers as well. */
const LOCKING = ['CREATE INDEX', 'REINDEX', 'VACUUM FULL', 'CLUSTER'];

const check: Check = defineCheck({
  name: 'progress',
  title: 'Long work of the server that is going on',
  order: 70,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'none',
  /** Seconds that work has been keeping writers out of a table. */
  limits: { warn: 10, crit: 300 },
  source: 'ours',
  run: seeingAll(async (target, { limits, version }) => {
    const work = await target.read<Row>(sql(version));
    const facts = { work };
    const locking = work.find(({ command }) => LOCKING.includes(command));
    const status = locking === undefined ? 'ok' : judge(locking.running_s, limits);
    if (locking !== undefined && status !== 'ok') {
      const verdict = `${workText(locking)}; it keeps writers out of the table until it ends.`;
      return {
        status,
        verdict,
        facts,
        ...endingOf(target, { pid: locking.pid, backendStart: locking.backend_start }),
      };
    }
    const verdict =
      work.length === 0 ? 'No long work is going on.' : `${work.slice(0, 3).map(workText).join('; ')}.`;
    return { status: 'ok', verdict, facts };
  }),
});
export default check;

function workText({ pid, command, relation, phase, percent, running_s, autovacuum }: Row): string {
  const on = relation === null ? '' : ` on ${relation}`;
  const done = percent === null ? phase : `${phase}, ${percent} %`;
  return `${autovacuum ? 'auto' : ''}${autovacuum ? command.toLowerCase() : command}${on} by pid ${pid} for ${age(running_s)} (${done})`;
}
