/** Ends one session that holds others up, named by pid and start so that a reused pid is never hit. */
import { z } from 'zod';
import { sessionsByPid } from '../../databases/sessions.ts';
import { executeTerminate, planTerminate } from '../../databases/terminate.ts';
import { stoppedOutcome } from '../../domain/run-moves.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-terminate',
  risk: 'dangerous',
  dryRun: 'The plan names the session and what it holds; there is no trial of ending it.',
  input: z.strictObject({ pid: z.number().int().positive(), backend_start: z.string().min(1) }),
  plan: ({ target }, { pid, backend_start: backendStart }) => planTerminate(target, { pid, backendStart }),
  execute: ({ target }, plan, { signal }) => executeTerminate(target, plan, { signal }),
  /** There is no marker for it: the session is gone, or it is not. */
  async resolve({ target }, plan) {
    const { pid, backendStart } = Session.parse(plan.inputs);
    const found = await sessionsByPid(target, [pid]);
    if (!found.some((session) => session.backendStart === backendStart)) return 'committed';
    const verdict = `The session ${pid} is still there; its statement may have been cancelled.`;
    return stoppedOutcome('FAILED', verdict);
  },
});

const Session = z.object({ pid: z.number(), backendStart: z.string() });
