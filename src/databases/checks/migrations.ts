/** What the migration tool applied lately. */
import type { AppliedMigration } from '../../domain/sweep.ts';
import { type Check, defineCheck, type Finding } from '../check.ts';
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
    const lately = found.filter(
      ({ appliedAt }) => appliedAt && now.getTime() - appliedAt.getTime() < HOURS_MS,
    );
    const newest = found.slice(0, Math.min(MOST, Math.max(5, lately.length))).map((it) => described(it, now));
    const [last] = newest;
    if (last === undefined) return { status: 'ok', verdict: 'No migration was applied.', facts: { newest } };
    const wrong = found.find(({ state }) => state !== undefined);
    if (wrong !== undefined) return notEnded(wrong, newest);
    const recent = recentMigration(found, now);
    const more = lately.length > 1 ? `; ${lately.length} ran within 4 hours` : '';
    return {
      status: recent === undefined ? 'ok' : 'warn',
      verdict: `The newest migration is ${last.name}, applied ${last.when}${more}.`,
      facts: { newest },
      ...(recent === undefined ? {} : rollbackOf(target, last.name)),
    };
  },
});
export default check;

/** What ran in them is worth a look when an incident begins. */
const HOURS_MS = 4 * 3_600_000;
const MOST = 20;

const notEnded = ({ name, state = 'failed' }: AppliedMigration, newest: readonly object[]): Finding =>
  state === 'running'
    ? {
        status: 'warn',
        verdict: `The migration ${name} is running, or was left half done.`,
        facts: { newest },
      }
    : {
        status: 'crit',
        verdict: `The migration ${name} is ${state}: it was begun and did not end well.`,
        facts: { newest },
        next: 'Find out what it did, then put it right with the migration tool (repair, resolve or force)',
      };

const described = (it: AppliedMigration, now: Date) => ({
  name: it.name,
  applied_at: it.appliedAt?.toISOString() ?? 'unknown',
  when: it.appliedAt === undefined ? 'at a time that is not known' : ago(it.appliedAt, now),
  xid: it.xid,
  state: it.state ?? 'applied',
});
