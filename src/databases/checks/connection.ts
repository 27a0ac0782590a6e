/** Whether the database answers, how fast, and what it is. */
import { type Check, defineCheck, judge } from '../check.ts';
import { errorText, sqlstateOf } from '../pg-errors.ts';

interface Row {
  readonly version: string;
  readonly version_num: number;
  readonly in_recovery: boolean;
  readonly uptime_s: number;
}

const SQL = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int as version_num,
         pg_is_in_recovery() as in_recovery,
         extract(epoch from now() - pg_postmaster_start_time())::int as uptime_s`;

const check: Check = defineCheck({
  name: 'connection',
  title: 'Whether the database answers, how fast, and what it is',
  order: 10,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  /** Milliseconds until the answer, connecting included. */
  limits: { warn: 500, crit: 2500 },
  source: 'ours',
  async run(target, { limits }) {
    const started = performance.now();
    const outcome = await target.read<Row>(SQL).catch((error: unknown) => ({ error }));
    const latency_ms = Math.round(performance.now() - started);
    if ('error' in outcome) return unreachable(outcome.error, latency_ms);
    const row = outcome[0];
    const restarted = (row?.uptime_s ?? 0) < 600;
    const role = row?.in_recovery === true ? 'standby' : 'primary';
    const verdict = `PostgreSQL ${row?.version ?? '?'} (${role}) answers in ${latency_ms} ms${
      restarted ? `; it was started ${Math.round((row?.uptime_s ?? 0) / 60)} min ago` : ''
    }.`;
    return {
      status: judge(latency_ms, limits),
      verdict,
      facts: { reachable: true, latency_ms, ...row },
    };
  },
});
export default check;

function unreachable(error: unknown, latency_ms: number) {
  const full = sqlstateOf(error) === '53300';
  return {
    status: 'crit' as const,
    verdict: full
      ? 'No connection is left for Firebreak: the server refuses new ones (53300).'
      : `The database cannot be reached: ${errorText(error)}.`,
    facts: { reachable: false, latency_ms, error: errorText(error) },
    ...(full
      ? { next: 'GRANT pg_use_reserved_connections to the diag role, and set reserved_connections' }
      : {}),
  };
}
