/** What `migrations test` found out about each migration, by the hash of its file; `guard` reads it. */
import { z } from 'zod';

const Result = z.enum(['passed', 'failed', 'opaque', 'no-down']);
export type TestResult = z.infer<typeof Result>;

export const MigrationReport = z.object({
  version: z.literal(1),
  results: z.record(z.string(), z.object({ name: z.string(), result: Result, reasons: z.array(z.string()) })),
});
export type MigrationReport = z.infer<typeof MigrationReport>;
