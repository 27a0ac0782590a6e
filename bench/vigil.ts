/** The default monitors of a ground, each at its own interval, by a clock that can be put forward between the looks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sighting } from '../src/domain/record.ts';
import { type AdvanceableClock, advanceableClock, systemClock } from '../src/jobs/clock.ts';
import { silentLogger } from '../src/log.ts';
import type { MonitorPorts } from '../src/monitors/contract.ts';
import { createMonitor, type Monitor } from '../src/monitors/monitor.ts';
import { watch } from '../src/monitors/watch.ts';
import { errorCounts } from '../src/store/error-reports.ts';
import { loadMonitor, saveMonitor } from '../src/store/monitors.ts';
import type { Store } from '../src/store/store.ts';
import type { Ground } from './ground.ts';

export interface Proposed {
  readonly sighting: Sighting;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Span {
  readonly seconds: number;
  /** How many milliseconds a second lasts: 1000 is as long as it is; in less, looks come one after the other. */
  readonly secondMs: number;
  /** Ends it early. */
  readonly until?: () => boolean;
}

export interface Vigil {
  readonly clock: AdvanceableClock;
  readonly proposals: readonly Proposed[];
  /** How many looks there were. */
  looks(): number;
  /** Looks, for so many seconds of the monitors' clock. */
  watch(span: Span): Promise<void>;
}

interface Lane {
  readonly monitor: Monitor;
  readonly everyMs: number;
  due: number;
  busy: boolean;
}

const SECOND_MS = 1000;
const POLL_MS = 100;

/** Forgets what was seen in the store before. `behindMs`: how far its clock is behind when it begins. */
export async function openVigil(ground: Ground, store: Store, behindMs = 0): Promise<Vigil> {
  await store.query('delete from monitors');
  await store.query('delete from error_reports');
  const clock = advanceableClock(systemClock, -behindMs);
  const proposals: Proposed[] = [];
  const lanes = lanesOf(ground, store, clock, proposals);
  const running = new Set<Promise<unknown>>();
  let looks = 0;

  async function tick(lane: Lane): Promise<void> {
    await ground.reporter?.send(store, clock.now());
    await lane.monitor.tick();
  }

  function look(lane: Lane): Promise<unknown> {
    if (lane.busy) return Promise.resolve();
    lane.busy = true;
    looks += 1;
    const looking = tick(lane)
      .catch((error: unknown) => console.error(error))
      .finally(() => (lane.busy = false));
    running.add(looking);
    return looking.finally(() => running.delete(looking));
  }

  return {
    clock,
    proposals,
    looks: () => looks,
    async watch({ seconds, secondMs, until = () => false }) {
      const end = clock.now().getTime() + seconds * SECOND_MS;
      for (let lane = earliest(lanes); lane.due <= end && !until(); lane = earliest(lanes)) {
        await pass(clock, lane.due, secondMs, until);
        if (until()) break;
        lane.due = nextSlot(lane, clock.now().getTime());
        const looking = look(lane);
        if (secondMs < SECOND_MS) await looking;
      }
      if (!until()) await pass(clock, end, secondMs, until);
      await Promise.all(running);
    },
  };
}

/** All begin at the same moment, as they do when the bot is started. */
function lanesOf(ground: Ground, store: Store, clock: AdvanceableClock, proposals: Proposed[]): Lane[] {
  const around = { now: () => clock.now(), log: silentLogger, reported: errorCounts(store) };
  const targets = new Map([[ground.target.name, ground.target]]);
  const due = clock.now().getTime();
  return watch(ground.config.monitors, targets, around).map(({ settings, look, recentMigrations }) => {
    const ports = { ...portsOf(store, clock, proposals), recentMigrations };
    if (!('everySeconds' in settings.schedule)) throw new Error('A default monitor has an interval');
    const everyMs = settings.schedule.everySeconds * SECOND_MS;
    return { monitor: createMonitor(settings, look, ports, silentLogger), everyMs, due, busy: false };
  });
}

const portsOf = (
  store: Store,
  clock: AdvanceableClock,
  proposals: Proposed[],
): Omit<MonitorPorts, 'recentMigrations'> => ({
  now: () => clock.now(),
  memory: { load: (name) => loadMonitor(store, name), save: (state) => saveMonitor(store, state) },
  propose: (sighting) => Promise.resolve(proposals.push({ sighting, at: Date.now() })),
  revise: () => Promise.resolve(),
  onGreen: () => Promise.resolve(),
  onRedAgain: () => Promise.resolve(true),
});

function earliest(lanes: readonly Lane[]): Lane {
  const [first, ...others] = lanes;
  if (first === undefined) throw new Error('No monitor watches the shop');
  return others.reduce((a, b) => (b.due < a.due ? b : a), first);
}

/** What came too late is left out, as ticks do. */
const nextSlot = ({ due, everyMs }: Lane, now: number): number =>
  due + everyMs * Math.max(1, Math.ceil((now - due) / everyMs));

/** Until the clock shows `time`: a part of it passes, the rest is skipped. */
async function pass(
  clock: AdvanceableClock,
  time: number,
  secondMs: number,
  until: () => boolean,
): Promise<void> {
  const left = (): number => time - clock.now().getTime();
  const wake = Date.now() + (left() * secondMs) / SECOND_MS;
  while (Date.now() < wake && !until()) await sleep(Math.min(POLL_MS, wake - Date.now()));
  if (left() > 0 && !until()) clock.advance(left());
}
