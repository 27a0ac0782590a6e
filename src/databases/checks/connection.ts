/** Whether the database answers, how fast, and what it is. */
import { type Check, defineCheck, type Finding, judge } from '../check.ts';
import { errorText, sqlstateOf } from '../pg-errors.ts';
import type { Target } from '../target.ts';
import { age } from '../words.ts';

interface Row {
  readonly version: string;
  readonly version_num: number;
  readonly in_recovery: boolean;
  readonly uptime_s: number;
  /** Seconds since the configuration was loaded. */
  readonly loaded_s: number;
}

const SQL = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int as version_num,
         pg_is_in_recovery() as in_recovery,
         extract(epoch from now() - pg_postmaster_start_time())::int as uptime_s,
         extract(epoch from now() - pg_conf_load_time())::int as loaded_s`;

/** Younger than this, a start or a reload belongs to the story of an outage. */
const RECENT_S = 3600;

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
    if ('error' in outcome) return unreachable(target, outcome.error, latency_ms);
    const [row] = outcome;
    if (row === undefined) throw new Error('the server said nothing of itself');
    return {
      status: judge(latency_ms, limits),
      verdict: `PostgreSQL ${row.version} (${row.in_recovery ? 'standby' : 'primary'}) answers in ${latency_ms} ms; ${since(row)}.`,
      facts: { reachable: true, latency_ms, ...row },
    };
  },
});
export default check;

function since({ uptime_s, loaded_s }: Row): string {
  const started = `it was started ${age(uptime_s)} ago`;
  // A start loads the configuration as well.
  const reloaded = loaded_s < RECENT_S && loaded_s < uptime_s - 1;
  return reloaded ? `${started}, its configuration was loaded ${age(loaded_s)} ago` : started;
}

function unreachable(target: Target, error: unknown, latency_ms: number): Finding {
  const full = sqlstateOf(error) === '53300';
  return {
    status: 'crit',
    verdict: full
      ? 'No connection is left for Firebreak: the server refuses new ones (53300).'
      : `The database cannot be reached: ${errorText(error)}.`,
    facts: { reachable: false, latency_ms, error: errorText(error) },
    ...(full
      ? {
          next: 'GRANT pg_use_reserved_connections to the diag role, and set reserved_connections',
          offers: [{ label: 'What to do', line: `run connections-exhausted target=${target.name}` }],
        }
      : {}),
  };
}
