/** Which migration is recent enough to be suspected first. */
import type { AppliedMigration, CheckResult } from '../domain/sweep.ts';
import type { Target } from './target.ts';

const RECENT_MS = 3_600_000;

export interface Recent {
  readonly migration: AppliedMigration;
  /** `40 s ago`, `12 min ago` */
  readonly ago: string;
}

/** The newest migration, when it was applied within the last hour. */
export function recentMigration(migrations: readonly AppliedMigration[], now: Date): Recent | undefined {
  const [migration] = migrations;
  if (migration?.appliedAt === undefined) return undefined;
  const age = now.getTime() - migration.appliedAt.getTime();
  return age <= RECENT_MS ? { migration, ago: ago(migration.appliedAt, now) } : undefined;
}

/** In seconds up to two minutes; clocks that differ a little do not make it negative. */
export function ago(at: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - at.getTime()) / 1000));
  return seconds < 120 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}

/** The line to type, or the button to click, to have its rollback planned. */
export const rollbackOf = (
  { name }: Target,
  migration: string,
): Required<Pick<CheckResult, 'next' | 'offers'>> => ({
  next: `rollback ${migration}`,
  offers: [{ label: 'Plan the rollback', line: `rollback ${migration} ${name}` }],
});
