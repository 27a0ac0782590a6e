/** What the server of a target is set to, as far as diagnosis depends on it; and its clock. */
import type { Target } from './target.ts';

export interface TargetSetup {
  /** Without it no session says what it does. */
  readonly tracks: boolean;
  /** Optional: it tells which statements cost most. */
  readonly statements: boolean;
}

const SETUP = `
  select current_setting('track_activities')::bool as tracks,
         exists (select from pg_extension where extname = 'pg_stat_statements') as statements`;

export async function setupOf(target: Target): Promise<TargetSetup> {
  const [row] = await target.read<TargetSetup>(SETUP);
  return row ?? { tracks: false, statements: false };
}

/** Its clock, in milliseconds since 1970, and ours before and after it was asked. */
export async function clockOf(
  target: Target,
): Promise<{ readonly theirs: number; readonly asked: number; readonly answered: number }> {
  const asked = Date.now();
  const [row] = await target.read<{ at: Date }>('select clock_timestamp() as at');
  return { theirs: row?.at.getTime() ?? Number.NaN, asked, answered: Date.now() };
}
