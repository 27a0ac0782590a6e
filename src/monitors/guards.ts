/** Looks into the targets for guarded deploys that nobody has picked up yet. */
import { readGuards } from '../databases/guard/journal.ts';
import type { Target } from '../databases/target.ts';
import { died, type GuardSeen } from '../domain/guard.ts';
import type { Logger } from '../log.ts';

/** The name under which it ticks; no monitor of firebreak.yml can be called so. */
export const GUARDS = 'firebreak:guards';
export const GUARDS_EVERY_SECONDS = 5;

export interface GuardPorts {
  /** The journals of each target. */
  readonly journals: ReadonlyMap<string, () => Promise<readonly GuardSeen[]>>;
  readonly pickUp: (target: string, guard: GuardSeen) => Promise<void>;
}

/** The journal of each target, read under the limits of every read. */
export const journalsOf = (targets: ReadonlyMap<string, Target>): GuardPorts['journals'] =>
  new Map([...targets].map(([name, target]) => [name, () => readGuards(target)]));

/** One that ends between the look at its events and the look at its connection would seem to have died. */
async function twice(read: () => Promise<readonly GuardSeen[]>): Promise<readonly GuardSeen[]> {
  const guards = await read();
  return guards.some(died) ? read() : guards;
}

/** One look at all targets; one that cannot be read, or a guard that cannot be picked up, keeps no other from it. */
export const createGuardMonitor = ({ journals, pickUp }: GuardPorts, log: Logger) => ({
  async tick(): Promise<void> {
    for (const [target, read] of journals) {
      const guards = await twice(read).catch((error: unknown) => {
        log.warn({ err: error, target }, 'guards could not be looked for');
        return [];
      });
      for (const guard of guards) {
        await pickUp(target, guard).catch((error: unknown) => {
          log.warn({ err: error, target, guard: guard.id }, 'guard could not be picked up: tried again');
        });
      }
    }
  },
});
