/** Asks a person to do what no step does, and goes on once they say that it is done. */
import { z } from 'zod';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'manual',
  risk: 'change',
  dryRun: 'There is none: a person does it.',
  input: z.strictObject({ text: z.string().trim().min(1).max(3000) }),
  run: (_context, { text }) => Promise.resolve({ waitsFor: 'person', verdict: text }),
});
