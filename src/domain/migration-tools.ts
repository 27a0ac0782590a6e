/** The migration tools whose history Firebreak reads. */

/** Those with a reader and a capture of their own. */
export const TOOLS_WITH_READER = [
  'node-pg-migrate',
  'knex',
  'typeorm',
  'umzug',
  'drizzle',
  'dbmate',
  'prisma',
  'flyway',
] as const;

/** Those that are read by a table's name and columns; `other` is told both in firebreak.yml. */
export const CONFIGURED_TOOLS = [
  'golang-migrate',
  'alembic',
  'rails',
  'django',
  'liquibase',
  'sqitch',
  'pgroll',
  'other',
] as const;

export const MIGRATION_TOOLS = [...TOOLS_WITH_READER, ...CONFIGURED_TOOLS] as const;
export type MigrationTool = (typeof MIGRATION_TOOLS)[number];
export type ConfiguredTool = (typeof CONFIGURED_TOOLS)[number];

/** Where a tool keeps its history, as firebreak.yml may say. */
export interface HistorySettings {
  readonly table?: string | undefined;
  /** Columns, for the tool `other`: the name, when it was applied, and whether it failed (a boolean). */
  readonly name?: string | undefined;
  readonly applied_at?: string | undefined;
  readonly failed?: string | undefined;
}
