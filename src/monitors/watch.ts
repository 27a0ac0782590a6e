/** What each monitor of firebreak.yml looks at. */
import { appliedMigrations } from '../databases/history.ts';
import type { Target } from '../databases/target.ts';
import type { MonitorPorts, MonitorSettings } from './contract.ts';
import type { Look } from './look.ts';
import type { LookSettings } from './look-settings.ts';
import { lookAtChecks } from './looks/checks.ts';
import { lookAtErrorRate } from './looks/error-rate.ts';
import { type ErrorsAround, lookAtErrors } from './looks/errors.ts';
import { lookAtPage } from './looks/page.ts';
import { lookAtProbes } from './looks/probes.ts';
import { TIMEOUT_MS } from './monitor.ts';

export interface Watched extends Pick<MonitorPorts, 'recentMigrations'> {
  readonly settings: MonitorSettings;
  readonly look: Look;
}

type Around = ErrorsAround;

/** Monitors with what they look with; those of a target that is not there are left out: config.ts has refused them. */
export const watch = (
  monitors: readonly MonitorSettings[],
  targets: ReadonlyMap<string, Target>,
  around: Around,
): readonly Watched[] =>
  monitors.flatMap((settings) => {
    const target = settings.target === undefined ? undefined : targets.get(settings.target);
    const look = lookOf(settings, target, around);
    if (!look) return [];
    const recentMigrations = async () => (target ? appliedMigrations(target) : []);
    return [{ settings, look, recentMigrations }];
  });

function lookOf(
  { look, timeoutMs = TIMEOUT_MS }: MonitorSettings,
  target: Target | undefined,
  around: Around,
): Look | undefined {
  if (look.kind === 'http') return lookAtPage(look, timeoutMs);
  return target && lookInto(target, look, { ...around, timeoutMs });
}

function lookInto(
  target: Target,
  look: Exclude<LookSettings, { kind: 'http' }>,
  around: Around & { readonly timeoutMs: number },
): Look {
  switch (look.kind) {
    case 'probes':
      return lookAtProbes(target, look, around.now);
    case 'checks':
      return lookAtChecks(target, look, around);
    case 'error_rate':
      return lookAtErrorRate(target, look, around.now);
    case 'errors':
      return lookAtErrors(target, look, around);
  }
}
