/** Cancels the statement that a session runs, named by pid and starts; the session itself stays. */
import { z } from 'zod';
import { executeCancel, planCancel, resolveCancel } from '../../databases/cancel.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-cancel',
  risk: 'dangerous',
  dryRun: 'The plan names the statement and what it holds; there is no trial of cancelling it.',
  input: z.strictObject({ pid: z.number().int().positive(), backend_start: z.string().min(1) }),
  plan: ({ target }, { pid, backend_start: backendStart }) => planCancel(target, { pid, backendStart }),
  execute: ({ target }, plan, { signal }) => executeCancel(target, plan, { signal }),
  resolve: ({ target }, plan) => resolveCancel(target, plan),
});
