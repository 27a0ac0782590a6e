/** Which migration is recent enough to be suspected first. */
import type { AppliedMigration } from '../domain/sweep.ts';

const RECENT_MINUTES = 60;

export interface Recent {
  readonly migration: AppliedMigration;
  readonly minutes: number;
}

/** The newest migration, when it was applied within the last hour. */
export function recentMigration(migrations: readonly AppliedMigration[], now: Date): Recent | undefined {
  const [migration] = migrations;
  if (migration?.appliedAt === undefined) return undefined;
  const minutes = minutesAgo(migration.appliedAt, now);
  return minutes <= RECENT_MINUTES ? { migration, minutes } : undefined;
}

/** Full minutes since; clocks that differ a little do not make it negative. */
export const minutesAgo = (at: Date, now: Date): number =>
  Math.max(0, Math.floor((now.getTime() - at.getTime()) / 60_000));
