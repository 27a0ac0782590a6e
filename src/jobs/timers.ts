/** Does what is due: each timer once over all instances, by the handler of its kind. */
import type { App } from '../app/app.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import {
  type DueTimer,
  dueLanes,
  finish,
  forgetSlots,
  hold,
  nextDue,
  postpone,
  skipMissedSlots,
} from '../store/timers.ts';
import { retryAt } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Worker } from './crew.ts';
import type { Lease } from './lease.ts';

/** Answers with a Date when it is not to be done yet, but looked at again then. */
export type TimerHandler = (timer: DueTimer, signal: AbortSignal) => Promise<unknown>;

export interface TimersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** By kind. One that throws is called again later. */
  readonly handlers: Readonly<Record<string, TimerHandler>>;
}

/** The worker that serves the lanes of timers. */
export function timersWorker(options: TimersOptions): Worker {
  const { store, clock } = options;
  return {
    name: 'timers',
    due: () => dueLanes(store, clock.now()),
    async work(lane, lease, stopping) {
      let on = true;
      while (on && !stopping.aborted && !lease.signal.aborted) {
        // Each time: while a slow monitor looked, slots were missed as well.
        await skipMissedSlots(store, lane, clock.now());
        const timer = await nextDue(store, lane, clock.now());
        on = timer !== undefined && (await run(timer, lease, options));
      }
    },
  };
}

/** Runs one timer; says whether the lease is still ours. */
async function run(timer: DueTimer, lease: Lease, options: TimersOptions): Promise<boolean> {
  const { store, clock, log, handlers } = options;
  let answer: unknown;
  try {
    const handler = handlers[timer.kind];
    if (!handler) throw new Error(`There is no handler for timers of the kind ${timer.kind}`);
    answer = await handler(timer, lease.signal);
  } catch (error) {
    log.error({ err: error, timer: timer.key, attempts: timer.attempts + 1 }, 'timer failed: tried again');
    const message = error instanceof Error ? error.message : String(error);
    return postpone(store, lease, timer, retryAt(clock.now(), timer.attempts + 1), message);
  }
  if (answer instanceof Date) return hold(store, lease, timer, answer);
  const finished = await finish(store, lease, timer, clock.now());
  if (timer.kind === 'monitor') await forgetSlots(store, new Date(clock.now().getTime() - KEPT_MS));
  return finished;
}

/** Slots are kept for as long as another instance may still tick them. */
const KEPT_MS = 3_600_000;

/** So long what was said and is not done yet holds a level back. */
const HELD_MS = 30_000;
const AGAIN_MS = 1000;

export interface Unheard {
  /** Whether something that people said is not done yet: it may be the answer. */
  readonly waits: () => Promise<boolean>;
  readonly now: () => Date;
}

/** The handler of `escalation-due`: the next level is paged, unless somebody has answered. */
export function escalationDue(app: Pick<App, 'escalationDue'>, { waits, now }: Unheard): TimerHandler {
  const heldSince = new Map<string, number>();
  return async ({ key, payload, attempts }) => {
    const at = now().getTime();
    const since = heldSince.get(key) ?? at;
    if (at - since < HELD_MS && (await waits())) {
      heldSince.set(key, since);
      return new Date(at + AGAIN_MS);
    }
    const { incident, escalation, level } = payload as Record<'incident' | 'escalation' | 'level', number>;
    await app.escalationDue(incident, escalation, level, attempts);
    heldSince.delete(key);
    return undefined;
  };
}

/** The handler of `page-team`: a rule declared an incident, and somebody has to know. */
export const pageTeam =
  (app: Pick<App, 'escalate'>): TimerHandler =>
  async ({ payload }) => {
    const { incident, team, reason } = payload as { incident: number; team: string; reason: string };
    await app.escalate(incident, { by: 'firebreak', team, reason });
  };

/** The handler of `monitor`; the slots of a monitor that is no longer configured are passed over. */
export const monitorTick =
  (monitors: ReadonlyMap<string, { tick(signal: AbortSignal): Promise<unknown> }>): TimerHandler =>
  async ({ payload }, signal) => {
    await monitors.get(String(payload['monitor']))?.tick(signal);
  };
