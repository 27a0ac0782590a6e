/** Executes SQL that somebody else approved, in one transaction, with a snapshot first and probes inside. */
import { z } from 'zod';
import { templateShape } from '../../databases/bind.ts';
import { executeSql, planExecute } from '../../databases/execute.ts';
import { resolveCopying } from '../../databases/resolve.ts';
import { isLarge, largeInput } from '../large.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'db-execute',
  risk: 'dangerous',
  dryRun: 'The plan shows the exact SQL; executing it to roll it back again would lock the tables.',
  input: z.strictObject({
    ...templateShape,
    /** Copied as well as what the SQL changes. */
    snapshot: z.array(z.string().min(1)).optional(),
    large: largeInput,
  }),
  plan: ({ target, snapshotSchema }, { large, ...input }) =>
    planExecute(target, { ...input, snapshotSchema, large: isLarge(large) }),
  execute: ({ target }, plan, options) => executeSql(target, plan, options),
  resolve: ({ target }, plan, marker, trace) => resolveCopying(target, plan, marker, trace),
});
