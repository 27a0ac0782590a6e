/** How copies are made, as those who approve a plan read it. */
import { type CopiedBefore, putInSql, takeOutSql } from './before.ts';
import { BEFORE_PART } from './marker.ts';
import { copySql, createSchemaSql } from './snapshot.ts';
import { type LockedTable, lockTablesSql } from './transaction.ts';

/** What comes before the transaction, where tables are copied before they are locked. */
export const beforeLines = (schema: string, tables: readonly (CopiedBefore & LockedTable)[]): string[] => [
  'begin isolation level repeatable read;',
  `${lockTablesSql(tables, 'access share')};`,
  '-- a marker of its own; transactions from $5 on may not have ended then',
  `insert into firebreak.markers (run, step, part, epoch, xid, plan_hash) values ($1, $2, ${BEFORE_PART}, $3, pg_current_xact_id(), $4);`,
  `${createSchemaSql(schema)};`,
  ...tables.flatMap((table) => wholeLines(schema, table)),
  'commit;',
];

/** How one table is copied under the lock, or its copy brought up to date. */
export const copyLines = (
  { before, snapshotSchema }: { readonly before: boolean; readonly snapshotSchema: string },
  table: CopiedBefore,
): string[] =>
  before
    ? [
        `-- the copy of ${table.name} is brought up to date`,
        `${takeOutSql(snapshotSchema, table, '$5')};`,
        `${putInSql(snapshotSchema, table, '$5')};`,
      ]
    : wholeLines(snapshotSchema, table);

const wholeLines = (schema: string, { name, copy }: CopiedBefore): string[] => [
  `-- the copy of ${name}; all rights revoked, rows counted and summed`,
  `${copySql(`${schema}.${copy}`, name)};`,
];
