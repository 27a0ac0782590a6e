/** A gate: the run goes on when an approver who did not ask for it says yes. */
import { z } from 'zod';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'approval',
  risk: 'change',
  dryRun: 'The question is the plan; nothing is changed by the answer itself.',
  input: z.strictObject({ question: z.string().trim().min(1).max(3000) }),
  run: (_context, { question }) => Promise.resolve({ waitsFor: 'approver', verdict: question }),
});
