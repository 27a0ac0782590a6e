/** What a repair plan hands to its execution. */
import { z } from 'zod';

const repairInputs = z.object({
  /** `schema.table`. */
  table: z.string(),
  oid: z.number(),
  key: z.array(z.string()),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  source: z.object({ key: z.string(), from: z.string() }),
  migration: z.string(),
  migrationXid: z.string(),
  /** As `xmin` shows it. Its writes are no customer's. */
  rollbackXid: z.string().optional(),
  /** The kept keys of the rows that nobody wrote between migration and rollback, `schema.table`. */
  untouched: z.string().optional(),
  /** Columns that are also lost in kept rows that the migration never wrote. */
  dropped: z.array(z.string()),
  snapshotSchema: z.string(),
  /** Where the rows are copied to before they are changed. */
  before: z.string(),
  batchRows: z.number(),
});

export type RepairInputs = z.infer<typeof repairInputs>;

/** Reads the inputs of a plan that may come from a store. */
export const readRepairInputs = (inputs: unknown): RepairInputs => repairInputs.parse(inputs);
