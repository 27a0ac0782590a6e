/** Looks from outside at who holds up a session while it waits; afterwards nobody can tell any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Blocker } from '../domain/sweep.ts';
import { blockersOf } from './sessions.ts';
import type { Target } from './target.ts';

const FIRST_LOOK_MS = 50;
const INTERVAL_MS = 200;

export interface Watched<T> {
  readonly result: PromiseSettledResult<T>;
  /** Those seen last. */
  readonly blockers: readonly Blocker[];
}

/** Runs work on the session `pid` and keeps those last seen in its way. */
export async function watchBlockers<T>(
  target: Target,
  pid: number,
  work: () => Promise<T>,
): Promise<Watched<T>> {
  const done = new AbortController();
  const looking = look(target, pid, done.signal);
  const [result] = await Promise.allSettled([work()]);
  done.abort();
  return { result, blockers: await looking };
}

async function look(target: Target, pid: number, done: AbortSignal): Promise<readonly Blocker[]> {
  let seen: readonly Blocker[] = [];
  let pause = FIRST_LOOK_MS;
  while (await paused(pause, done)) {
    const found = await blockersOf(target, pid).catch(() => []);
    if (found.length > 0) seen = found;
    pause = INTERVAL_MS;
  }
  return seen;
}

const paused = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);
