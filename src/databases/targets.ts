/** The targets of firebreak.yml, open and warm for as long as the bot runs, and how each of them is. */
import type { TargetHealth } from '../domain/health.ts';
import type { TargetSettings } from '../domain/target-settings.ts';
import type { Logger } from '../log.ts';
import { lookAt } from './readiness.ts';
import { openTarget, type Target } from './target.ts';

export interface Targets extends ReadonlyMap<string, Target> {
  readonly names: readonly string[];
  /** What the last look at each found. It does not wait; where there were problems a minute ago, it looks anew meanwhile. */
  readonly health: () => readonly TargetHealth[];
  readonly closeAll: () => Promise<void>;
}

interface Around {
  readonly now: () => Date;
  readonly log: Logger;
}

interface Looks {
  readonly latest: () => readonly TargetHealth[];
  readonly stop: () => void;
}

const FRESH_MS = 60_000;

/** Begins to connect to all of them and to look at each; nothing waits for it, and nothing fails by it. */
export function openTargets(settings: Readonly<Record<string, TargetSettings>>, around: Around): Targets {
  const targets = new Map(Object.entries(settings).map(([name, config]) => [name, openTarget(config)]));
  for (const target of targets.values()) target.keepWarm();
  const looks = createLooks([...targets.values()], around);
  return Object.assign(targets, {
    names: [...targets.keys()],
    health: looks.latest,
    closeAll: async () => {
      looks.stop();
      await Promise.all([...targets.values()].map((target) => target.close()));
    },
  });
}

function createLooks(targets: readonly Target[], { now, log }: Around): Looks {
  const latest = new Map<string, TargetHealth>(targets.map(({ name }) => [name, { name, problems: [] }]));
  const begun = new Map<string, number>();
  let stopped = false;

  async function look(target: Target): Promise<void> {
    begun.set(target.name, performance.now());
    const { about, problems } = await lookAt(target);
    // Targets that are being closed have problems of their own.
    if (stopped) return;
    latest.set(target.name, { name: target.name, problems, lookedAt: now() });
    if (problems.length === 0) log.info({ target: target.name, about }, 'target is ready');
    else log.warn({ target: target.name, about, problems }, 'target has problems');
  }
  const hadProblems = ({ name }: Target): boolean => (latest.get(name)?.problems.length ?? 0) > 0;
  const isOld = ({ name }: Target): boolean => performance.now() - (begun.get(name) ?? 0) > FRESH_MS;

  for (const target of targets) void look(target);
  return {
    latest() {
      for (const target of targets) if (!stopped && hadProblems(target) && isOld(target)) void look(target);
      return [...latest.values()];
    },
    stop() {
      stopped = true;
    },
  };
}
