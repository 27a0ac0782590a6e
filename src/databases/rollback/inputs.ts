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

/** What was kept of a table before the migration ran: the rows that it changed, and how they were. */
export const keptTable = z.object({
  /** `schema.table`, as it is called after the down. */
  table: z.string(),
  key: z.array(z.string()),
  /** `schema.table`: keys (`k1`, `k2`, …) of the rows that the migration changed, and `how`: updated, deleted, inserted. */
  hit: z.string(),
  /** `schema.table`: those rows, and maybe others, as they were just before the migration. */
  copy: z.string(),
});
export type KeptTable = z.infer<typeof keptTable>;

/** One statement that no transaction bears. */
const concurrentStep = z.object({
  sql: z.string(),
  does: z.enum(['create', 'drop', 'reindex']),
  /** `schema.index` for what is made, else as written; empty when the indexes of a table are made anew. */
  index: z.string(),
  /** The index that is dropped; absent when it was gone when the plan was made. */
  oid: z.number().optional(),
  /** The table as written; empty when only the index is. */
  on: z.string(),
  tableOid: z.number(),
  /** What undoes it. */
  wayBack: z.string(),
  /** How the index was when the plan was made. */
  now: z.enum(['absent', 'valid', 'invalid']),
});
export type ConcurrentStep = z.infer<typeof concurrentStep>;

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
  /** The statements of the down when no transaction bears them; they are executed before it, one by one. */
  concurrent: z.array(concurrentStep).default([]),
  rewrites: z.boolean().default(true),
  /** The tables are copied before they are locked: under the lock it would take too long. */
  before: z.boolean().default(false),
  history: z.string(),
  /** The history row says nothing of who wrote which rows: none are kept as untouched. */
  ownTransaction: z.boolean().default(false),
  notUndone: z.array(z.string()),
  /** From these, rows can be restored afterwards. */
  kept: z.array(keptTable).default([]),
});

export type RollbackInputs = z.infer<typeof rollbackInputs>;
export type PlanTable = z.infer<typeof planTable>;

/** Reads the inputs of a plan that may come from a store. */
export const readRollbackInputs = (inputs: unknown): RollbackInputs => rollbackInputs.parse(inputs);
