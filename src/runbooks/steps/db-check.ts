/** Looks at the target: the whole sweep of the first minutes, or one check. */
import { z } from 'zod';
import { sweep } from '../../databases/sweep.ts';
import type { CheckStatus, SweepReport } from '../../domain/sweep.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-check',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({ check: z.string().min(1).optional() }),
  async run({ target, now }, { check }) {
    const report = await sweep(target, { now, ...(check === undefined ? {} : { only: check }) });
    return { ok: true, verdict: verdictOf(report), output: report };
  },
});

const COUNTED: readonly CheckStatus[] = ['crit', 'warn', 'timeout', 'skipped', 'ok'];

/** What could not be seen is counted aloud: it is not ok. */
function verdictOf({ checks, took_ms, top }: SweepReport): string {
  const counts = COUNTED.map(
    (status) => [status, checks.filter((it) => it.status === status).length] as const,
  )
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const worst = top
    .slice(0, 3)
    .map((each) => each.replace(/\.?$/, '.'))
    .join(' ');
  return `${checks.length} checks in ${took_ms} ms: ${counts.join(', ')}.${worst ? ` ${worst}` : ''}`;
}
