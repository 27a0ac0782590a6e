/** Ends one session that holds others up, named by pid and start so that a reused pid is never hit. */
import { z } from 'zod';
import { executeTerminate, planTerminate, resolveTerminate } from '../../databases/terminate.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-terminate',
  risk: 'dangerous',
  dryRun: 'The plan names the session and what it holds; there is no trial of ending it.',
  input: z.strictObject({ pid: z.number().int().positive(), backend_start: z.string().min(1) }),
  plan: ({ target }, { pid, backend_start: backendStart }) => planTerminate(target, { pid, backendStart }),
  execute: ({ target }, plan, { signal }) => executeTerminate(target, plan, { signal }),
  resolve: ({ target }, plan) => resolveTerminate(target, plan),
});
