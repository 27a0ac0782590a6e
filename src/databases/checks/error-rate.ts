/** What share of transactions fails now, and which sessions end badly, from two looks a second apart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Check, defineCheck, judge } from '../check.ts';
import { LONG_RUN, rollbackPercent } from '../counters.ts';
import type { Target } from '../target.ts';
import { count, size } from '../words.ts';

const COUNTERS = ['commits', 'rollbacks', 'deadlocks', 'conflicts', 'temp_bytes'] as const;
const SESSIONS = ['sessions_fatal', 'sessions_killed', 'sessions_abandoned'] as const;

type Counters = Readonly<Record<(typeof COUNTERS)[number] | (typeof SESSIONS)[number], number>>;

const sql = (version: number): string => `
  select xact_commit::float8 as commits,
         xact_rollback::float8 as rollbacks,
         deadlocks::float8,
         conflicts::float8,
         temp_bytes::float8,
         ${SESSIONS.map((name) => (version >= 14 ? `${name}::float8` : `0::float8 as ${name}`)).join(', ')}
    from pg_stat_database
   where datname = current_database()`;

/** Our own reads end by ROLLBACK: what this connection has counted until here is sent before the first look. */
const FLUSH = 'select pg_stat_force_next_flush()';

const WINDOW_MS = 1000;
/** Fewer rollbacks than this within the window are no rate. */
const FEW = 10;

const check: Check = defineCheck({
  name: 'error-rate',
  title: 'What share of transactions fails now, and which sessions end badly',
  order: 22,
  firstMinutes: true,
  privilege: 'none',
  danger: 'takes a second: it looks twice',
  /** Percent of the transactions that are rolled back, beyond what is usual here. */
  limits: { warn: 10, crit: 50 },
  source: 'awesome-prometheus-alerts has 10 % for a warning; crit is ours',
  async run(target, { limits, version }) {
    if (version >= 15) await target.read(FLUSH);
    const reads = target.reads();
    const before = await look(target, version);
    await sleep(WINDOW_MS);
    // Two who look at once do not take each other's reads for failures; those of another process are not known.
    const own = target.reads() - reads;
    const delta = difference(await look(target, version), before, own);
    const percent = rollbackPercent(delta);
    const usual_percent = before.commits + before.rollbacks >= LONG_RUN ? rollbackPercent(before) : 0;
    const beyond = usual_percent >= 100 ? 0 : ((percent - usual_percent) / (100 - usual_percent)) * 100;
    const rate = delta.rollbacks < FEW ? 'ok' : judge(beyond, limits);
    const events = eventsIn(delta);
    const facts = { ...delta, rollback_percent: percent, usual_percent };
    const status = rate === 'ok' && events.length > 0 ? 'warn' : rate;
    const all = delta.commits + delta.rollbacks;
    const usual = usual_percent > 0 ? ` (${usual_percent} % is usual here)` : '';
    const seen = `Within a second ${delta.rollbacks} of ${count(all, 'transaction')} were rolled back: ${percent} %${usual}`;
    const also = events.length === 0 ? '' : `; also ${events.join(', ')}`;
    return { status, verdict: `${seen}${also}.${status === 'ok' ? CAVEAT : ''}`, facts };
  },
});
export default check;

const CAVEAT =
  ' Sessions that do nothing but fail are counted late: that users are served, only probes can tell.';

async function look(target: Target, version: number): Promise<Counters> {
  const [row] = await target.read<Counters>(sql(version));
  if (row === undefined) throw new Error('the server keeps no figures of this database');
  return row;
}

/** Without our own reads. A reset of the figures in between makes none of them negative. */
function difference(after: Counters, before: Counters, own: number): Counters {
  const names = [...COUNTERS, ...SESSIONS];
  const counted = { ...after, rollbacks: after.rollbacks - own };
  const pairs = names.map((name) => [name, Math.max(0, counted[name] - before[name])] as const);
  return Object.fromEntries(pairs) as Counters;
}

/** A second's worth of temporary files that is too much for any healthy service. */
const MUCH_TEMP = 1024 ** 3;

/** A client that goes away without a word is no news by itself. */
const MANY_LOST = 5;

/** What no healthy database has within a second. */
function eventsIn(delta: Counters): string[] {
  const events = [
    [delta.deadlocks, count(delta.deadlocks, 'deadlock')],
    [delta.conflicts, `${count(delta.conflicts, 'statement')} ended by recovery`],
    [delta.sessions_fatal, `${count(delta.sessions_fatal, 'session')} ended by a fatal error`],
    [delta.sessions_killed, `${count(delta.sessions_killed, 'session')} ended by an operator`],
    [
      delta.sessions_abandoned >= MANY_LOST ? delta.sessions_abandoned : 0,
      `${count(delta.sessions_abandoned, 'session')} lost by their clients`,
    ],
    [delta.temp_bytes >= MUCH_TEMP ? 1 : 0, `${size(delta.temp_bytes)} of temporary files`],
  ] as const;
  return events.flatMap(([number, text]) => (number > 0 ? [text] : []));
}
