/** Looks for damage in a table and its indexes. It only reads, but all of it: while people wait, somebody decides. */
import { z } from 'zod';
import { executeCorruption, planCorruption, resolveCorruption } from '../../databases/corruption.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-corruption',
  risk: 'dangerous',
  dryRun: 'The plan says what is read and how large it is; reading it is the act itself.',
  input: z.strictObject({ table: z.string().min(1) }),
  plan: ({ target }, { table }) => planCorruption(target, { table }),
  execute: ({ target }, plan, { signal, onProgress }) =>
    executeCorruption(target, plan, { signal, onProgress }),
  resolve: () => Promise.resolve(resolveCorruption()),
});
