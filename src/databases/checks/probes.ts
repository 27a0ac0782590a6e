/** The target's probes; a red one shortly after a migration points at that migration. */

import { isSchemaMismatch } from '../../domain/sqlstate.ts';
import type { AppliedMigration, ProbeResult } from '../../domain/sweep.ts';
import { type Check, defineCheck, type Finding } from '../check.ts';
import { appliedMigrations } from '../history.ts';
import { runProbes } from '../probe.ts';
import { recentMigration, rollbackOf } from '../recent.ts';
import type { Target } from '../target.ts';

const check: Check = defineCheck({
  name: 'probes',
  title: "The target's probes: whether the application's own queries work",
  order: 90,
  firstMinutes: true,
  privilege: 'SELECT on the tables that the probes read',
  danger: 'waits behind an ACCESS EXCLUSIVE lock, 300 ms at most a probe',
  timeoutMs: 15_000,
  async run(target, { now }) {
    const probes = await runProbes(target);
    const red = probes.filter((probe) => !probe.ok);
    const facts = { probes };
    if (probes.length === 0) {
      const next = 'Name probes of this target in firebreak.yml: they show first what users cannot do';
      return { status: 'skipped', verdict: 'This target has no probes.', facts, next };
    }
    const judged = await Promise.all(red.map((probe) => judgeRed(target, probe, now)));
    const [worst, ...others] = judged.sort((a, b) => weightOf(a) - weightOf(b));
    if (worst === undefined) {
      return { status: 'ok', verdict: `All ${probes.length} probes answer.`, facts };
    }
    const more = others.length === 0 ? '' : ` ${others.map(({ verdict }) => verdict).join(' ')}`;
    return {
      facts,
      ...worst,
      verdict: more === '' ? worst.verdict : `${worst.verdict.replace(/\.?$/, '.')}${more}`,
    };
  },
});
export default check;

const WEIGHT = ['crit', 'timeout', 'skipped'];

/** What points at a migration first: it says what to do. */
const weightOf = ({ status, offers }: Judged): number => WEIGHT.indexOf(status) * 2 + (offers ? 0 : 1);

type Judged = Omit<Finding, 'facts'>;

const lockedOut = (probe: ProbeResult): boolean =>
  probe.sqlstate === '55P03' || probe.sqlstate === '57014' || probe.timedOut === true;

async function judgeRed(target: Target, probe: ProbeResult, now: Date): Promise<Judged> {
  const on = probe.relations.join(', ');
  if (lockedOut(probe)) {
    return {
      status: 'timeout',
      verdict: `The probe ${probe.name} got no answer in time: ${on} may be locked.`,
    };
  }
  if (probe.sqlstate === '42501') {
    const next = `GRANT SELECT ON ${on} to the diag role`;
    return { status: 'skipped', verdict: `The probe ${probe.name} may not read ${on}.`, next };
  }
  const migrations = isSchemaMismatch(probe.sqlstate) ? await history(target) : [];
  const recent = recentMigration(migrations, now);
  if (recent === undefined) {
    return {
      status: 'crit',
      verdict: `The probe ${probe.name} fails: ${probe.error ?? 'red'}${code(probe)}.`,
    };
  }
  return {
    status: 'crit',
    verdict:
      `schema does not match code: ${probe.sqlstate ?? ''} on ${on} (${probe.error ?? ''}), ` +
      `migration ${recent.migration.name} applied ${recent.ago}`,
    ...rollbackOf(target, recent.migration.name),
  };
}

const code = (probe: ProbeResult): string => (probe.sqlstate === undefined ? '' : ` (${probe.sqlstate})`);

/** A history that cannot be read does not make the probe less red. */
const history = (target: Target): Promise<AppliedMigration[]> => appliedMigrations(target).catch(() => []);
