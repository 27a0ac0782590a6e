/** Looks at the target again and again, and speaks in the channel only when something has changed. */
import { z } from 'zod';
import { sweep } from '../../databases/sweep.ts';
import type { Effect } from '../../domain/effects.ts';
import { foreign } from '../../domain/foreign.ts';
import type { CheckResult } from '../../domain/sweep.ts';
import { type Change, changesSince, changeText, type Seen, seenIn } from '../../domain/sweep-changes.ts';
import { defineStep, type StepContext } from '../step.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export default defineStep({
  kind: 'db-watch',
  risk: 'read',
  dryRun: 'It only reads, under short timeouts.',
  input: z.strictObject({
    /** Seconds, and not so often that the looking is a load itself. */
    every: z
      .number()
      .int()
      .max(3600)
      .default(30)
      .transform((seconds) => Math.max(seconds, 5)),
    /** Minutes. */
    for: z.number().int().positive().max(1440).default(30),
    check: z.string().min(1).optional(),
  }),
  async run(context, { every, for: minutes, check }) {
    const { target, now, since } = context;
    const report = await sweep(target, { now, ...(check === undefined ? {} : { only: check }) });
    const seen = context.memo as Seen | null | undefined;
    const changes = !seen ? [] : changesSince(seen, report);
    const effects = changes.length === 0 ? [] : [told(context, changes)];
    const until = new Date(since.getTime() + minutes * MINUTE);
    const next = new Date(now.getTime() + every * SECOND);
    if (next >= until) {
      const verdict = `The ${minutes} min are over: ${standOf(report.checks)}.`;
      return { ok: true, verdict, output: report, effects };
    }
    const verdict = `Looks every ${every} s until ${minutes} min are over: ${standOf(report.checks)}.`;
    return { waitsFor: 'time', until: next, verdict, output: report, effects, memo: seenIn(report) };
  },
});

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
