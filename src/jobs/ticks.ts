/** node-cron only ticks: a tick inserts the timer of its slot, so that a slot runs once however many instances tick. */
import cron, { type ScheduledTask } from 'node-cron';
import type { Logger } from '../log.ts';
import type { Db } from '../store/store.ts';
import { schedule } from '../store/timers.ts';
import type { Clock } from './clock.ts';

/** `cron` has five fields, or six of which the first is the seconds. */
export type Schedule = { readonly everySeconds: number } | { readonly cron: string };

interface Ticking {
  readonly name: string;
  readonly schedule: Schedule;
}

export interface TicksOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly monitors: readonly Ticking[];
  /** In which cron expressions are read; UTC unless told. */
  readonly timezone?: string;
}

export interface Ticks {
  start(): void;
  stop(): Promise<void>;
}

const EACH_SECOND = '* * * * * *';

/** Ticks for all monitors. A slot that was missed is not made up for. */
export function createTicks(options: TicksOptions): Ticks {
  let tasks: readonly ScheduledTask[] = [];
  return {
    start() {
      tasks = options.monitors.map((monitor) => tickFor(monitor, options));
    },
    async stop() {
      await Promise.all(tasks.map(async (task) => task.destroy()));
      tasks = [];
    },
  };
}

function tickFor(monitor: Ticking, options: TicksOptions): ScheduledTask {
  let ticked: string | undefined;
  let away = false;

  async function tick(planned: Date): Promise<void> {
    const slot = slotOf(monitor.schedule, planned, options.clock.now());
    if (slot === ticked) return;
    try {
      await insertSlot(monitor.name, slot, options);
      ticked = slot;
      away = false;
    } catch (error) {
      if (!away) options.log.warn({ err: error, monitor: monitor.name }, 'monitor cannot tick: waiting');
      away = true;
    }
  }

  const expression = 'cron' in monitor.schedule ? monitor.schedule.cron : EACH_SECOND;
  return cron.schedule(expression, ({ date }) => tick(date), {
    timezone: options.timezone ?? 'UTC',
    noOverlap: true,
    suppressMissedWarning: true,
  });
}

/** Whether it is an expression of cron in five fields, or in six of which the first is the seconds. */
export const isCron = (text: string): boolean =>
  /^\S+( +\S+){4,5}$/.test(text.trim()) && cron.validate(text.trim());

/**
 * The slot's second, the same in all instances: by cron the planned one; every n seconds by our own clock, which tests
 * and the sandbox put forward.
 */
export function slotOf(schedule: Schedule, planned: Date, now: Date): string {
  const [time, seconds] = 'cron' in schedule ? [planned, 1] : [now, schedule.everySeconds];
  const start = Math.floor(time.getTime() / 1000 / seconds) * seconds;
  return new Date(start * 1000).toISOString().replace('.000Z', 'Z');
}

/** Inserts the timer of a slot, when no instance has done so yet. */
export const insertSlot = (
  monitor: string,
  slot: string,
  { db, clock }: Pick<TicksOptions, 'db' | 'clock'>,
): Promise<void> =>
  schedule(db, [
    { key: `monitor:${monitor}:${slot}`, kind: 'monitor', dueAt: clock.now(), payload: { monitor } },
  ]);
