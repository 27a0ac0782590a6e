/** Whether WAL piles up, whether it is archived, and what temporary files take. */
import { type Check, defineCheck, judge } from '../check.ts';
import { seeingAll } from '../privileges.ts';
import type { Target } from '../target.ts';
import { age, count, size } from '../words.ts';

interface Row {
  readonly wal_bytes: number;
  /** What the server aims at, with what it is told to keep for standbys. */
  readonly wal_goal: number;
  readonly temp_bytes: number;
  readonly archiving: boolean;
  readonly failed: number;
  /** The last thing the archiver did was to fail. */
  readonly failing: boolean;
  readonly failing_s: number;
  readonly to_archive: number;
}

const SQL = `
  select (select coalesce(sum(size), 0)::float8 from pg_ls_waldir()) as wal_bytes,
         (pg_size_bytes(current_setting('max_wal_size')) + pg_size_bytes(current_setting('wal_keep_size')))::float8 as wal_goal,
         (select coalesce(sum(size), 0)::float8 from pg_ls_tmpdir()) as temp_bytes,
         current_setting('archive_mode') <> 'off' as archiving,
         a.failed_count::int as failed,
         coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false) as failing,
         extract(epoch from clock_timestamp() - coalesce(a.last_archived_time, a.stats_reset, pg_postmaster_start_time()))::float8
           as failing_s,
         (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') as to_archive
    from pg_stat_archiver a`;

const check: Check = defineCheck({
  name: 'wal',
  title: 'Whether WAL piles up, whether it is archived, and what temporary files take',
  order: 77,
  firstMinutes: true,
  privilege: 'pg_monitor',
  danger: 'asks the file system for the size of each file of WAL',
  /** Seconds since something was archived, while archiving fails. */
  limits: { warn: 1, crit: 300 },
  source: 'pgMonitor has 300 s of failing; the rest is ours',
  run: seeingAll(async (target, { limits }) => {
    const [row] = await target.read<Row>(SQL);
    if (row === undefined) throw new Error('the server said nothing of its WAL');
    const failing = row.archiving && row.failing ? judge(row.failing_s, limits) : 'ok';
    const piles = pilesIn(row);
    const facts = { ...row };
    if (failing === 'ok' && piles.length === 0) {
      return { status: 'ok', verdict: `${size(row.wal_bytes)} of WAL; ${archiveText(row)}.`, facts };
    }
    const failed = failing === 'ok' ? [] : [failingText(row)];
    return {
      status: failing === 'crit' ? 'crit' : 'warn',
      verdict: `${[...failed, ...piles].join('; ')}.`,
      facts,
      ...clearing(target),
    };
  }),
});
export default check;

const failingText = (row: Row): string =>
  `Archiving of WAL fails: nothing was archived for ${age(row.failing_s)}, ${count(row.to_archive, 'file')} wait`;

const archiveText = ({ archiving, to_archive }: Row): string =>
  archiving ? `archiving works, ${count(to_archive, 'file')} wait for it` : 'it is not archived';

/** Files that wait for the archiver: 100 are 1.6 GB by default. */
const MANY_FILES = 100;
const MUCH_TEMP = 10 * 1024 ** 3;

function pilesIn(row: Row): string[] {
  const piles = [
    [row.wal_bytes > 2 * row.wal_goal, `WAL takes ${size(row.wal_bytes)}, twice what the server aims at`],
    [row.archiving && row.to_archive > MANY_FILES, `${row.to_archive} files of WAL wait to be archived`],
    [row.temp_bytes > MUCH_TEMP, `temporary files take ${size(row.temp_bytes)}`],
  ] as const;
  return piles.flatMap(([high, text]) => (high ? [text] : []));
}

const clearing = ({ name }: Target) => ({
  next: `run disk-filling target=${name}`,
  offers: [{ label: 'Make room', line: `run disk-filling target=${name}` }],
});
