/** The last errors in the server's log, where it may be read: their kinds, never what people wrote. */
import { type Check, defineCheck, type Finding, judge, type Limits } from '../check.ts';
import { errorsIn, type LogEntry } from '../log-lines.ts';
import { isPrivilege } from '../pg-errors.ts';
import { LOG_PRIVILEGE, missing, missingForLog, roleOf } from '../privileges.ts';
import type { Target } from '../target.ts';
import { count } from '../words.ts';

interface File {
  /** NULL when the server does not write its log itself. */
  readonly path: string | null;
  readonly size: number | null;
  /** What is older is another story; by the clock and zone of the log. */
  readonly since: string;
}

const fileSql = (version: number): string => `
  select f.path,
         case when f.path is not null
              then (select l.size::float8 from pg_ls_logdir() l where l.name = regexp_replace(f.path, '.*/', ''))
          end as size,
         to_char((clock_timestamp() - interval '15 minutes') at time zone current_setting('log_timezone'),
                 'YYYY-MM-DD HH24:MI:SS') as since
    from (select coalesce(pg_current_logfile('stderr'), ${version >= 15 ? "pg_current_logfile('jsonlog'), " : ''}pg_current_logfile('csvlog')) as path) f`;

/** Bytes, since the middle of the file may be the middle of a character. */
const TAIL = `select pg_read_binary_file($1, $2, $3) as tail`;
const TAIL_BYTES = 65_536;

const check: Check = defineCheck({
  name: 'log-tail',
  title: "The last errors in the server's log",
  order: 85,
  firstMinutes: true,
  privilege: LOG_PRIVILEGE,
  danger: 'reads 64 kB of a file',
  /** Errors within the last quarter of an hour. */
  limits: { warn: 20, crit: Infinity },
  source: 'ours',
  async run(target, { limits, version }) {
    try {
      return await look(target, limits, version);
    } catch (error) {
      if (!isPrivilege(error)) throw error;
      const { role } = await roleOf(target);
      const { reason, fix } = missingForLog(role);
      return missing(reason, fix);
    }
  },
});
export default check;

async function look(target: Target, limits: Limits, version: number): Promise<Finding> {
  const [file] = await target.read<File>(fileSql(version));
  if (file?.path === undefined || file.path === null || file.size === null) {
    return missing(
      'The server keeps no log files of its own that could be read.',
      "look where its log goes: the service manager's journal, the cloud provider's console",
    );
  }
  const params = [file.path, Math.max(0, file.size - TAIL_BYTES), TAIL_BYTES];
  const [row] = await target.read<{ tail: Buffer }>(TAIL, params);
  const all = errorsIn(row?.tail.toString() ?? '');
  const recent = all.filter(({ at }) => at === undefined || at >= file.since);
  return judged(recent, limits);
}

function judged(errors: readonly LogEntry[], limits: Limits): Finding {
  const kinds = kindsOf(errors);
  const facts = { errors: errors.length, kinds: kinds.slice(0, 10) };
  if (errors.length === 0) {
    return { status: 'ok', verdict: 'No error in the log of the last 15 min.', facts };
  }
  const grave = errors.some((it) => it.grave);
  const named = kinds.slice(0, 3).map((it) => `${it.count} × ${it.severity} ${it.message}`);
  return {
    status: grave ? 'crit' : judge(errors.length, limits),
    verdict: `${count(errors.length, 'error')} in the log of the last 15 min: ${named.join('; ')}.`,
    facts,
  };
}

/** How often each message came: what is grave first, then the most frequent. */
function kindsOf(errors: readonly LogEntry[]): readonly (LogEntry & { readonly count: number })[] {
  const kinds = new Map<string, LogEntry & { readonly count: number }>();
  for (const { at: _, ...each } of errors) {
    const key = `${each.severity} ${each.message}`;
    kinds.set(key, { ...each, count: (kinds.get(key)?.count ?? 0) + 1 });
  }
  return [...kinds.values()].sort((a, b) => Number(b.grave) - Number(a.grave) || b.count - a.count);
}
