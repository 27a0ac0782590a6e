/** The share of transactions that are rolled back, and deadlocks, from one look at the server's counters to the next. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Counters, LONG_RUN, readCounters, rollbackPercent } from '../../databases/counters.ts';
import type { Target } from '../../databases/target.ts';
import { count } from '../../databases/words.ts';
import type { Look, Symptom } from '../look.ts';
import type { RateLook } from '../look-settings.ts';

/**
 * Red by too many rollbacks, or by deadlocks; uneasy by half of it. The first look at a server only counts, and so does
 * the first after its figures were reset; what is usual is known on from before.
 */
export const lookAtErrorRate =
  (target: Target, settings: RateLook, now: () => Date): Look =>
  async (memory) => {
    const seen = { ...(await readCounters(target)), at: now().getTime() };
    const before = Memory.safeParse(memory).data;
    if (before === undefined || isAnew(before, seen))
      return { symptoms: [], memory: begun(target, seen, before) };
    const { own, ...rate } = between(before, seen, target.reads());
    const lately = lastMinute([...before.lately, { at: seen.at, deadlocks: seen.deadlocks }]);
    const high = isHigh(rate, settings, 1);
    return {
      symptoms: [...(high ? [rateSymptom(target, rate)] : []), ...deadlockSymptoms(target, lately)],
      uneasy: isHigh(rate, settings, 2),
      memory: { ...seen, own, lately, usual: high ? rate.usual : sum(rate.usual, rate) } satisfies Memory,
    };
  };

/** Names this process in the memory: only its own reads does it know. */
const PROCESS = randomUUID();

const Ended = z.object({ commits: z.number(), rollbacks: z.number() });
type Ended = z.infer<typeof Ended>;
const Lately = z.array(z.object({ at: z.number(), deadlocks: z.number() }));
type Lately = z.infer<typeof Lately>;

const Memory = Ended.extend({
  at: z.number(),
  deadlocks: z.number(),
  database: z.string(),
  started: z.number(),
  reset: z.number(),
  /** Our own reads end by ROLLBACK and are counted along; `owed` are those that were not counted yet. */
  own: z.object({ by: z.string(), reads: z.number(), perSecond: z.number(), owed: z.number() }),
  /** How the transactions of the last hour ended: older ones weigh less and less. */
  usual: Ended,
  lately: Lately,
});
type Memory = z.infer<typeof Memory>;

type Seen = Counters & { readonly at: number };

/** Another server behind the name, a restart, or a reset: what was counted before says nothing. */
const isAnew = (before: Memory, seen: Seen): boolean =>
  before.database !== seen.database ||
  before.started !== seen.started ||
  before.reset !== seen.reset ||
  seen.commits < before.commits ||
  seen.rollbacks < before.rollbacks;

const begun = (target: Target, seen: Seen, before: Memory | undefined): Memory => ({
  ...seen,
  own: { by: PROCESS, reads: target.reads(), perSecond: 0, owed: 0 },
  usual: longRun(seen) ?? (before?.database === seen.database ? before.usual : NOTHING),
  lately: [seen],
});

/** What ended between two looks, without our own reads. */
function between(before: Memory, seen: Seen, reads: number): Rate & Pick<Memory, 'own'> {
  const seconds = Math.max((seen.at - before.at) / 1000, 0.001);
  const { own } = before;
  const perSecond = own.by === PROCESS ? (reads - own.reads) / seconds : own.perSecond;
  const ours = perSecond * seconds;
  const counted = seen.rollbacks - before.rollbacks;
  return {
    commits: seen.commits - before.commits,
    rollbacks: Math.max(0, Math.round(counted - own.owed - ours)),
    seconds,
    usual: faded(before.usual, seconds),
    own: {
      by: PROCESS,
      reads,
      perSecond,
      // The server counts up to ten seconds late; what it never counts must not hide errors for ever.
      owed: Math.min(ours, Math.max(0, own.owed + ours - counted)),
    },
  };
}

/** What a long run weighs beside what is seen from now on. */
const WEIGHT = 10_000;

const NOTHING: Ended = { commits: 0, rollbacks: 0 };

function longRun({ commits, rollbacks }: Ended): Ended | undefined {
  const all = commits + rollbacks;
  if (all < LONG_RUN) return undefined;
  return { commits: (commits / all) * WEIGHT, rollbacks: (rollbacks / all) * WEIGHT };
}

const HOUR_S = 3600;

function faded({ commits, rollbacks }: Ended, seconds: number): Ended {
  const left = Math.exp(-seconds / HOUR_S);
  return { commits: commits * left, rollbacks: rollbacks * left };
}

const sum = (a: Ended, b: Ended): Ended => ({
  commits: a.commits + b.commits,
  rollbacks: a.rollbacks + b.rollbacks,
});

interface Rate extends Ended {
  readonly seconds: number;
  readonly usual: Ended;
}

/** By the whole limits, or a part of them. */
function isHigh(rate: Rate, { percent, min, baseline }: RateLook, part: number): boolean {
  const here = rollbackPercent(rate);
  return (
    here > percent / part &&
    rate.rollbacks >= min / part &&
    here >= (baseline / part) * rollbackPercent(rate.usual)
  );
}

function rateSymptom({ name }: Target, rate: Rate): Symptom {
  const { commits, rollbacks, seconds, usual } = rate;
  const all = count(commits + rollbacks, 'transaction');
  return {
    key: 'rate:rollbacks',
    error: `${rollbacks} of ${all} were rolled back within ${Math.round(seconds)} s: ${rollbackPercent(rate)} %, where ${rollbackPercent(usual)} % is usual`,
    relations: [],
    next: `db error-rate ${name}`,
  };
}

const MINUTE_MS = 60_000;

/** The last minute, and the newest look before it. */
function lastMinute(looks: Lately): Lately {
  const newest = looks.at(-1)?.at ?? 0;
  const first = looks.findLastIndex(({ at }) => newest - at >= MINUTE_MS);
  return looks.slice(Math.max(0, first));
}

/** awesome-prometheus-alerts: more than so many within a minute. */
const DEADLOCKS = 5;

function deadlockSymptoms({ name }: Target, looks: Lately): readonly Symptom[] {
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined) return [];
  const deadlocks = last.deadlocks - first.deadlocks;
  const ms = last.at - first.at;
  if (deadlocks <= DEADLOCKS * Math.max(1, ms / MINUTE_MS)) return [];
  const error = `${count(deadlocks, 'deadlock')} within ${Math.round(ms / 1000)} s`;
  return [{ key: 'rate:deadlocks', error, sqlstate: '40P01', relations: [], next: `db log-tail ${name}` }];
}
