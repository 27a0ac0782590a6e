/** Copies a table into the schema of the incident, readable by nobody else, before people work on it. */
import { z } from 'zod';
import { executeSql, planSnapshot } from '../../databases/execute.ts';
import { resolveCopying } from '../../databases/resolve.ts';
import { isLarge, largeInput } from '../large.ts';
import { defineStep } from '../step.ts';

export default defineStep({
  kind: 'snapshot',
  risk: 'dangerous',
  dryRun: 'The plan tells the size and how long writers wait; there is no trial of copying.',
  input: z.strictObject({ table: z.string().min(1), large: largeInput }),
  plan: ({ target, snapshotSchema }, { table, large }) =>
    planSnapshot(target, { table, snapshotSchema, large: isLarge(large) }),
  execute: ({ target }, plan, options) => executeSql(target, plan, options),
  resolve: ({ target }, plan, marker, trace) => resolveCopying(target, plan, marker, trace),
});
