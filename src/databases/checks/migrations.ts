/** What the migration tool applied lately. */
import type { AppliedMigration } from '../../domain/sweep.ts';
import { type Check, defineCheck } from '../check.ts';
import { appliedMigrations } from '../history.ts';
import { sqlstateOf } from '../pg-errors.ts';
import { ago, recentMigration, rollbackOf } from '../recent.ts';

const check: Check = defineCheck({
  name: 'migrations',
  title: 'What the migration tool applied lately',
  order: 100,
  firstMinutes: true,
  privilege: 'SELECT on the history table',
  danger: 'waits behind an ACCESS EXCLUSIVE lock, 300 ms at most',
  async run(target, { now }) {
    const found = await appliedMigrations(target).catch((error: unknown) => {
      if (sqlstateOf(error) === '42P01') return undefined;
      throw error;
    });
    if (found === undefined) {
      return { status: 'skipped', verdict: 'There is no migration history here.', facts: {} };
    }
    const newest = found.slice(0, 5).map((it) => described(it, now));
    const recent = recentMigration(found, now);
    const [last] = newest;
    if (last === undefined) return { status: 'ok', verdict: 'No migration was applied.', facts: { newest } };
    return {
      status: recent === undefined ? 'ok' : 'warn',
      verdict: `The newest migration is ${last.name}, applied ${last.when}.`,
      facts: { newest },
      ...(recent === undefined ? {} : rollbackOf(target, last.name)),
    };
  },
});
export default check;

const described = (it: AppliedMigration, now: Date) => ({
  name: it.name,
  applied_at: it.appliedAt?.toISOString() ?? 'unknown',
  when: it.appliedAt === undefined ? 'at a time that is not known' : ago(it.appliedAt, now),
  xid: it.xid,
});
