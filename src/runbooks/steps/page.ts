/** Pages whoever is on call for a team, as `escalate` does: level after level until somebody answers. */
import { z } from 'zod';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'page',
  risk: 'change',
  dryRun: 'There is none: a page that is tried is a page.',
  input: z.strictObject({ team: z.string().min(1), reason: z.string().trim().min(1).max(500) }),
  async run({ roster }, { team, reason }) {
    const called = await roster(team);
    if (called === undefined) return { ok: false, verdict: `Nobody can be paged: there is no team ${team}.` };
    return {
      ok: true,
      verdict: `Paged ${team}: ${reason}.`,
      intent: { kind: 'escalate', by: 'firebreak', team, roster: called, reason },
      settled: ['ALREADY_PAGING'],
    };
  },
});
