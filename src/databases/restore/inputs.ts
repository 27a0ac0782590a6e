/** What a restore plan hands to its execution; all of it is part of the hash. */
import { z } from 'zod';

const restoreInputs = z.object({
  /** `schema.table`. */
  table: z.string(),
  oid: z.number(),
  key: z.array(z.string()),
  /** Columns that are set in rows that are still there. */
  set: z.array(z.string()),
  /** Columns that a row is brought back with. */
  insert: z.array(z.string()),
  snapshotSchema: z.string(),
  /** The copy, and the rows that may be put back, in that schema unless they name another one. */
  copy: z.string(),
  changed: z.string(),
  /**
   * Only a copy was taken: `changed` is made by this restore, from what the keys beside the copy tell. Null: no
   * transaction was named whose writes may be undone.
   */
  since: z.object({ keys: z.string(), xid: z.string().nullable() }).optional(),
  /**
   * A migration was rolled back: `hit` lists the rows that it changed, `untouched` those that nobody had written when
   * its down rewrote the table. `changed` is made by this restore from them.
   */
  undone: z
    .object({
      hit: z.string(),
      untouched: z.string().optional(),
      /** As `xmin` shows them. */
      migrationXid: z.string(),
      rollbackXid: z.string(),
      /** Of a row that is only known to be older than the migration, no others are set. */
      dropped: z.array(z.string()).default([]),
    })
    .optional(),
  /** Where rows are kept as they were before the restore, in that schema. */
  before: z.string(),
  /** Foreign keys that lead here: a row that somebody refers to by now is not removed. */
  references: z.array(z.object({ table: z.string(), columns: z.array(z.string()), to: z.array(z.string()) })),
  batchRows: z.number(),
});

export type RestoreInputs = z.infer<typeof restoreInputs>;

/** Reads the inputs of a plan that may come from a store. */
export const readRestoreInputs = (inputs: unknown): RestoreInputs => restoreInputs.parse(inputs);
