/** Looks at the target: the whole sweep of the first minutes, or one check. */
import { z } from 'zod';
import { sweep } from '../../databases/sweep.ts';
import { type CheckStatus, type SweepReport, TOP } from '../../domain/sweep.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-check',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({
    check: z.string().min(1).optional(),
    /** `ok`: what is found wrong, and what could not be seen in time, fails the step; `any`: it is only told. */
    expect: z.enum(['any', 'ok']).default('any'),
  }),
  async run({ target, now }, { check, expect }) {
    const report = await sweep(target, { now, ...(check === undefined ? {} : { only: check }) });
    return { ok: expect === 'any' || isFine(report), verdict: sweepVerdict(report), output: report };
  },
});

/** A sweep bears checks that its target cannot answer; where nothing was seen, nothing is fine. */
const isFine = ({ checks, top }: SweepReport): boolean =>
  top.length === 0 && checks.some(({ status }) => status === 'ok');

const COUNTED: readonly CheckStatus[] = ['crit', 'warn', 'timeout', 'skipped', 'ok'];

/** What could not be seen is counted aloud: it is not ok. */
function sweepVerdict({ checks, took_ms, top }: SweepReport): string {
  const counts = COUNTED.map(
    (status) => [status, checks.filter((it) => it.status === status).length] as const,
  )
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const worst = top
    .slice(0, TOP)
    .map((each) => each.replace(/\.?$/, '.'))
    .join(' ');
  const looked = checks.length === 1 ? '1 check' : `${checks.length} checks`;
  return `${looked} in ${took_ms} ms: ${counts.join(', ')}.${worst ? ` ${worst}` : ''}`;
}
