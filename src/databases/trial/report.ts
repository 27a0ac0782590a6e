/** What `migrations test` found out about each migration, by the hash of its file; `guard` reads it. */
import { z } from 'zod';

const Result = z.enum(['passed', 'failed', 'opaque', 'no-down']);
export type TestResult = z.infer<typeof Result>;

export const MigrationReport = z.object({
  version: z.literal(1),
  results: z.record(
    z.string(),
    z.object({
      name: z.string(),
      result: Result,
      reasons: z.array(z.string()),
      /** SHA-256 of up and down, as they were tried: a down may lie in another file. */
      sql: z.string().optional(),
    }),
  ),
});
export type MigrationReport = z.infer<typeof MigrationReport>;
