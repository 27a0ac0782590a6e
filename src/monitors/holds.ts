/** Looks whether a migration that was rolled back, and is held, has come back with a deploy. */
import { appliedMigrations } from '../databases/history.ts';
import type { Target } from '../databases/target.ts';
import type { Hold } from '../domain/record.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import type { Logger } from '../log.ts';

/** The name under which it ticks; no monitor of firebreak.yml can be called so. */
export const HOLDS = 'firebreak:holds';
export const HOLDS_EVERY_SECONDS = 15;

export interface HoldPorts {
  /** What is held on all targets. */
  readonly holds: () => Promise<readonly Hold[]>;
  /** The history of a target; undefined when it is configured no more. */
  readonly history: (target: string) => Promise<readonly AppliedMigration[] | undefined>;
  /** It is applied again: people are paged. */
  readonly onBack: (hold: Hold, appliedAt: Date | undefined) => Promise<void>;
  /** It is gone again. */
  readonly onGone: (hold: Hold) => Promise<void>;
}

/** Reads the history of a target, under the limits of every read. */
export const historyOf =
  (targets: ReadonlyMap<string, Target>): HoldPorts['history'] =>
  async (name) => {
    const target = targets.get(name);
    return target && appliedMigrations(target);
  };

/** One look at each target that holds something; one that cannot be read keeps no other from being looked at. */
export const createHoldMonitor = (ports: HoldPorts, log: Logger) => ({
  async tick(): Promise<void> {
    const holds = await ports.holds();
    for (const target of new Set(holds.map((it) => it.target))) {
      const held = holds.filter((it) => it.target === target);
      await look(target, held, ports).catch((error: unknown) => {
        log.warn({ err: error, target }, 'held migrations could not be looked for');
      });
    }
  },
});

async function look(target: string, held: readonly Hold[], ports: HoldPorts): Promise<void> {
  const applied = await ports.history(target);
  if (applied === undefined) return;
  for (const hold of held) {
    const found = applied.find(({ name }) => name === hold.migration);
    if (found && hold.returnedAt === undefined) await ports.onBack(hold, found.appliedAt);
    if (!found && hold.returnedAt !== undefined) await ports.onGone(hold);
  }
}
