/** Drops what was kept of an incident that is over: named tables of its schema, or all of it. */
import { z } from 'zod';
import { resolveUnknown } from '../../databases/resolve.ts';
import { executeDrop, planDrop } from '../../databases/snapshot-drop.ts';
import { defineStep } from '../step.ts';

const names = z
  .union([
    z
      .string()
      .min(1)
      .transform((name) => [name]),
    z.array(z.string().min(1)),
  ])
  .default([]);

export default defineStep({
  kind: 'snapshot-drop',
  risk: 'dangerous',
  dryRun: 'The plan lists the tables with their rows and sizes; there is no trial of dropping.',
  input: z.strictObject({
    /** `firebreak_<incident>`. */
    schema: z.string().min(1),
    /** One or several of its tables, without the schema; all of it when left out. */
    tables: names,
    /** The same names once more: these may go though the incident is open. */
    even_open: names,
  }),
  plan: ({ target, incidentOf }, { schema, tables, even_open: evenOpen }) =>
    planDrop(target, { schema, tables, evenOpen, incident: incidentOf }),
  execute: ({ target }, plan, options) => executeDrop(target, plan, options),
  resolve: ({ target }, _plan, marker, trace) => resolveUnknown(target, marker, trace),
});
