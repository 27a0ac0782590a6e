/** Puts rows back from a snapshot of this incident, where nobody has written since. */
import { z } from 'zod';
import { executeRestore, leftToRestore, planRestore } from '../../databases/restore.ts';
import { batched, resolveBatched } from '../batched.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'restore',
  risk: 'dangerous',
  dryRun: 'The plan counts the rows that are put back, brought back and removed, and the conflicts.',
  input: z.strictObject({
    table: z.string().min(1),
    /** The run whose snapshot it is; the newest one of the table when left out. */
    run: z.number().int().optional(),
    /** When that run only took a copy: the later run whose writes may be undone. */
    since_run: z.number().int().optional(),
  }),
  plan: ({ target, snapshotSchema, earlier }, { table, run, since_run: sinceRun }) =>
    planRestore(target, { table, run, sinceRun, snapshotSchema, earlier }),
  execute: ({ target }, plan, options) => executeRestore(target, plan, batched(options)),
  resolve: ({ target }, plan, marker, trace) =>
    resolveBatched(target, marker, trace, () => leftToRestore(target, plan)),
});
