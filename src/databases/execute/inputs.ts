/** What a plan that executes SQL, or only copies a table, hands to its execution; all of it is part of the hash. */
import { z } from 'zod';

const copiedTable = z.object({
  /** `schema.table`. */
  name: z.string(),
  oid: z.number(),
  /** How the SQL writes it: each of these names must lead the ddl role to this very table. */
  written: z.array(z.string()),
  /** Without a primary key rows cannot be told apart: no keys are kept. */
  key: z.array(z.string()),
  /** The full copy, in the snapshot schema. */
  copy: z.string(),
  /** Keys and `xmin` of the rows in the copy. A plan with statements drops it again: `changed` says more. */
  keys: z.string(),
  /** Keys of the rows that the statements changed, deleted or inserted, and their `xmin` afterwards. */
  changed: z.string(),
});

const executeInputs = z.object({
  snapshotSchema: z.string(),
  /** None: the tables are only copied. */
  statements: z.array(
    z.object({
      sql: z.string(),
      values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
      /** In words. */
      does: z.string(),
    }),
  ),
  tables: z.array(copiedTable),
  /** Names that the SQL makes, or drops if they are there: they may lead to no table but those above. */
  fresh: z.array(z.string()),
  rewrites: z.boolean(),
  /** The tables are copied before they are locked: under the lock it would take too long. */
  before: z.boolean().default(false),
  mode: z.enum(['share row exclusive', 'access exclusive']),
  /** Those that were green when it was planned: red inside, everything is rolled back. */
  probes: z.array(z.string()).default([]),
});

export type ExecuteInputs = z.infer<typeof executeInputs>;
export type CopiedTable = z.infer<typeof copiedTable>;

/** Reads the inputs of a plan that may come from a store. */
export const readExecuteInputs = (inputs: unknown): ExecuteInputs => executeInputs.parse(inputs);
