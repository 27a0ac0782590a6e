/** Looks at the target again and again, and speaks in the channel only when something has changed. */
import { z } from 'zod';
import { sweep } from '../../databases/sweep.ts';
import type { Effect } from '../../domain/effects.ts';
import { foreign } from '../../domain/foreign.ts';
import { duration } from '../../domain/metrics.ts';
import type { CheckResult } from '../../domain/sweep.ts';
import { type Change, changesSince, changeText, type Seen, seenIn } from '../../domain/sweep-changes.ts';
import { durationInput } from '../inputs.ts';
import { defineStep, type StepContext } from '../step.ts';

/** Looking must not be a load itself. */
const OFTEN_MS = 5000;
const LONGEST_MS = 24 * 60 * 60 * 1000;

export default defineStep({
  kind: 'db-watch',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({
    every: durationInput.prefault('30s').transform((ms) => Math.max(ms, OFTEN_MS)),
    for: durationInput.prefault('30m').transform((ms) => Math.min(ms, LONGEST_MS)),
    check: z.string().min(1).optional(),
  }),
  async run(context, { every, for: whole, check }) {
    const { target, now, since } = context;
    const report = await sweep(target, { now, ...(check === undefined ? {} : { only: check }) });
    const seen = context.memo as Seen | null | undefined;
    const changes = !seen ? [] : changesSince(seen, report);
    const effects = changes.length === 0 ? [] : [told(context, changes)];
    const until = new Date(since.getTime() + whole);
    const next = new Date(now.getTime() + every);
    if (next >= until) {
      const verdict = `The ${words(whole)} are over: ${standOf(report.checks)}.`;
      return { ok: true, verdict, output: report, effects };
    }
    const verdict = `Looks every ${words(every)} until ${words(whole)} are over: ${standOf(report.checks)}.`;
    return { waitsFor: 'time', until: next, verdict, output: report, effects, memo: seenIn(report) };
  },
});

const words = (ms: number): string => duration(ms / 1000);

const told = ({ incident, target }: StepContext, changes: readonly Change[]): Effect => ({
  kind: 'say',
  to: { kind: 'incident', id: incident },
  text: changes
    .map((change) => `${markOf(change)} \`${target.name}\` ${foreign(changeText(change))}`)
    .join('\n'),
});

const markOf = ({ result: { status } }: Change): string =>
  status === 'ok' ? ':white_check_mark:' : status === 'crit' ? ':red_circle:' : ':large_yellow_circle:';

function standOf(checks: readonly CheckResult[]): string {
  const wrong = checks.filter(({ status }) => status !== 'ok' && status !== 'skipped');
  if (wrong.length === 0) return 'nothing is wrong';
  return wrong.map(({ check, status }) => `${check} ${status}`).join(', ');
}
