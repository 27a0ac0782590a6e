/** What a rollback plan hands to its execution: everything that decides what is done, and so part of the hash. */
import { z } from 'zod';

const planTable = z.object({
  /** `schema.table`, as it is called before the down. */
  name: z.string(),
  oid: z.number(),
  /** How the down writes it: each of these names must lead the ddl role to this very table. */
  written: z.array(z.string()).default([]),
  /** What it is called after the down; absent when the down drops it. */
  after: z.string().optional(),
  key: z.array(z.string()),
  /** The full copy, in the snapshot schema. */
  snapshot: z.string(),
  /** The kept keys; absent without a primary key. */
  untouched: z.string().optional(),
  /** Columns that the up dropped, by their names after the down: rows older than the migration lost their values too. */
  droppedColumns: z.array(z.string()),
});

const rollbackInputs = z.object({
  migration: z.string(),
  migrationXid: z.string(),
  fileHash: z.string(),
  snapshotSchema: z.string(),
  tables: z.array(planTable),
  /** Names that the down makes, or drops if they are there: they may lead to no table but those above. */
  fresh: z.array(z.string()).default([]),
  /** Tables and columns that the up wrote or dropped, by the names that hold after the down. */
  damaged: z.array(z.object({ table: z.string(), columns: z.array(z.string()) })),
  down: z.string(),
  rewrites: z.boolean().default(true),
  history: z.string(),
  /** The history row says nothing of who wrote which rows: none are kept as untouched. */
  ownTransaction: z.boolean().default(false),
  notUndone: z.array(z.string()),
});

export type RollbackInputs = z.infer<typeof rollbackInputs>;
export type PlanTable = z.infer<typeof planTable>;

/** Reads the inputs of a plan that may come from a store. */
export const readRollbackInputs = (inputs: unknown): RollbackInputs => rollbackInputs.parse(inputs);
