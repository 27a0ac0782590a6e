/** The targets of firebreak.yml, open for as long as the bot runs. */
import type { TargetSettings } from '../domain/target-settings.ts';
import { openTarget, type Target } from './target.ts';

export interface Targets extends ReadonlyMap<string, Target> {
  readonly names: readonly string[];
  readonly closeAll: () => Promise<void>;
}

/** Nothing connects until a target is read. */
export function openTargets(settings: Readonly<Record<string, TargetSettings>>): Targets {
  const targets = new Map(Object.entries(settings).map(([name, config]) => [name, openTarget(config)]));
  return Object.assign(targets, {
    names: [...targets.keys()],
    closeAll: async () => {
      await Promise.all([...targets.values()].map((target) => target.close()));
    },
  });
}
