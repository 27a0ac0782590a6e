/** What each monitor of firebreak.yml looks at. */
import { appliedMigrations } from '../databases/history.ts';
import { runProbes } from '../databases/probe.ts';
import type { Target } from '../databases/target.ts';
import type { MonitorPorts, MonitorSettings } from './contract.ts';

export interface WatchedTarget extends Pick<MonitorPorts, 'runProbes' | 'recentMigrations'> {
  readonly settings: MonitorSettings;
}

/** Monitors whose target is configured; config.ts has refused the others. */
export const watch = (
  monitors: readonly MonitorSettings[],
  targets: ReadonlyMap<string, Target>,
): readonly WatchedTarget[] =>
  monitors.flatMap((settings) => {
    const target = targets.get(settings.target);
    if (!target) return [];
    return [
      { settings, runProbes: () => runProbes(target), recentMigrations: () => appliedMigrations(target) },
    ];
  });
