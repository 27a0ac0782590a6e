/** The errors that a database gave within the last minute: as applications report them, and as its own log has them. */
import { z } from 'zod';
import { type LogRead, readServerLog } from '../../databases/server-log.ts';
import type { Target } from '../../databases/target.ts';
import { count } from '../../databases/words.ts';
import { addUp, bounded, type ErrorCount, SLICE_MS } from '../../domain/error-counts.ts';
import { byTelling, meaningOf, speak } from '../../domain/sqlstate.ts';
import type { Logger } from '../../log.ts';
import type { Look, Symptom } from '../look.ts';
import type { ErrorsLook } from '../look-settings.ts';
import { withBlocker } from './in-the-way.ts';
import { notYetWell, WasRed } from './not-yet-well.ts';

export interface ErrorsAround {
  readonly now: () => Date;
  readonly log: Logger;
  /** What applications reported of a target since then. */
  readonly reported: (target: string, since: Date) => Promise<readonly ErrorCount[]>;
}

const MINUTE_MS = 60_000;

/**
 * Red by any code that comes as often as its meaning says, uneasy by a fifth of one that was red. That the log cannot be
 * read is no trouble of the database.
 */
export function lookAtErrors(
  target: Target,
  { limits }: ErrorsLook,
  { now, log, reported }: ErrorsAround,
): Look {
  const limitOf = ({ sqlstate }: Kind): number =>
    limits[sqlstate] ?? limits[sqlstate.slice(0, 2)] ?? meaningOf(sqlstate).perMinute;
  const readOn = logReader(target, log);
  return async (memory) => {
    const at = now();
    const before = Memory.safeParse(memory).data ?? { counts: [], wasRed: [] };
    const since = new Date(at.getTime() - MINUTE_MS);
    const [read, fromApps] = await Promise.all([readOn(before, at), reported(target.name, since)]);
    const lately = [...before.counts, ...read.counts].filter((each) => isSince(each, since));
    const fromLog = bounded(addUp(lately));
    const kinds = kindsOf([fromLog, fromApps]);
    const red = kinds.filter((each) => each.count >= limitOf(each));
    const many = kinds.filter((each) => each.count > limitOf(each) / 5);
    const unwell = read.failed ? before.wasRed : many.map(codeOf);
    const { uneasy, wasRed } = notYetWell(before.wasRed, red.map(codeOf), unwell);
    return {
      symptoms: await withBlocker(
        red.map((each) => symptomOf(each, target)),
        target,
        at,
      ),
      uneasy: read.failed === true || uneasy,
      memory: { ...read.memory, counts: [...fromLog], wasRed } satisfies Memory,
    };
  };
}

const Memory = z.object({
  position: z.object({ file: z.string(), offset: z.number() }).optional(),
  /** Codes. */
  wasRed: WasRed,
  /** The log cannot be read: not tried again before, in milliseconds since 1970. */
  retryAt: z.number().optional(),
  /** What the log had of the last minute. */
  counts: z.array(
    z.object({
      sqlstate: z.string(),
      relation: z.string().optional(),
      at: z.coerce.date(),
      count: z.number(),
      sample: z.string().optional(),
    }),
  ),
});
type Memory = z.infer<typeof Memory>;

interface ReadOn {
  readonly counts: readonly ErrorCount[];
  readonly memory: Pick<Memory, 'position' | 'retryAt'>;
  /** It could be read before. */
  readonly failed?: true;
}

const RETRY_MS = 300_000;

/** Reads on in the target's log; why it cannot be read is told once. */
function logReader(target: Target, log: Logger): (before: Memory, at: Date) => Promise<ReadOn> {
  let told: string | undefined;
  let isBehind = false;
  function tellOnce({ reason, fix }: Extract<LogRead, { kind: 'unreadable' }>): void {
    const fields = { target: target.name, reason, fix };
    if (told !== reason)
      log.info(fields, 'log of the server cannot be read: only reported errors are counted');
    told = reason;
  }
  return async ({ position, retryAt = 0 }, at) => {
    if (at.getTime() < retryAt) return { counts: [], memory: { retryAt } };
    try {
      const read = await readServerLog(target, position, at);
      if (read.kind === 'unreadable') {
        tellOnce(read);
        return { counts: [], memory: { retryAt: at.getTime() + RETRY_MS } };
      }
      told = undefined;
      if (read.passedOver > 0 && !isBehind)
        log.warn(
          { target: target.name, bytes: read.passedOver },
          'log of the server grows too fast: passed over',
        );
      isBehind = read.passedOver > 0;
      return { counts: read.counts, memory: { position: read.position } };
    } catch (error) {
      // What keeps the database from answering at all is seen by its other monitors.
      log.debug({ err: error, target: target.name }, 'log of the server could not be read');
      return position === undefined
        ? { counts: [], memory: {} }
        : { counts: [], memory: { position }, failed: true };
    }
  };
}

const isSince = ({ at }: ErrorCount, since: Date): boolean => at.getTime() > since.getTime() - SLICE_MS;

interface Kind {
  readonly sqlstate: string;
  readonly count: number;
  /** The most frequent first. */
  readonly relations: readonly string[];
  readonly sample?: string | undefined;
}

const codeOf = ({ sqlstate }: Kind): string => sqlstate;

/** Each code once, the most telling first. Both sources may have the same errors: the one with more counts. */
function kindsOf(sources: readonly (readonly ErrorCount[])[]): readonly Kind[] {
  const codes = new Set(sources.flat().map(({ sqlstate }) => sqlstate));
  return [...codes].sort(byTelling).map((sqlstate) => {
    const [most = []] = sources
      .map((source) => source.filter((each) => each.sqlstate === sqlstate))
      .sort((a, b) => sum(b) - sum(a));
    const relations = new Set(byCount(most).flatMap(({ relation }) => relation ?? []));
    const sample = most.find((each) => each.sample !== undefined)?.sample;
    return { sqlstate, count: sum(most), relations: [...relations].slice(0, MOST_RELATIONS), sample };
  });
}

const MOST_RELATIONS = 5;

const sum = (counts: readonly ErrorCount[]): number => counts.reduce((all, each) => all + each.count, 0);

const byCount = (counts: readonly ErrorCount[]): readonly ErrorCount[] =>
  [...counts].sort((a, b) => b.count - a.count);

function symptomOf({ sqlstate, count: errors, relations, sample }: Kind, { name }: Target): Symptom {
  const such = sample === undefined ? '' : `, such as: ${sample}`;
  return {
    key: `errors:${sqlstate}`,
    error: `${meaningOf(sqlstate).means}; ${count(errors, 'error')} within a minute${such}`,
    sqlstate,
    relations,
    next: speak(sqlstate, { target: name, relations }).next,
  };
}
