/** Calls another runbook: its steps take the place of this one. */
import { z } from 'zod';
import type { CallingStep } from '../step.ts';

const call: CallingStep = {
  name: 'runbook',
  risk: 'of what it calls',
  dryRun: 'Its steps are shown by `firebreak runbook show` under its own name.',
  input: z.strictObject({
    runbook: z.string().min(1),
    /** What the called one takes, by its own names. */
    params: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  }),
};
export default call;
