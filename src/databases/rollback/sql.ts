/** The SQL of a rollback, piece by piece for the execution and whole for those who approve it. */
import { putInSql, takeOutSql } from '../before.ts';
import { BEFORE_PART } from '../marker.ts';
import { aboutSql, copySql, createSchemaSql, untouchedSql } from '../snapshot.ts';
import { lockTablesSql } from '../transaction.ts';
import type { PlanTable, RollbackInputs } from './inputs.ts';

interface SnapshotSql {
  readonly copy: string;
  readonly untouched?: string;
  /** Tells a later repair which columns the rows that are older than the migration lost. */
  readonly about?: string;
}

/** The statements that copy one table and keep its untouched keys. */
export function snapshotSql(inputs: RollbackInputs, table: PlanTable): SnapshotSql {
  const copy = copySql(`${inputs.snapshotSchema}.${table.snapshot}`, table.name);
  if (table.untouched === undefined) return { copy };
  const kept = `${inputs.snapshotSchema}.${table.untouched}`;
  const { name, key, droppedColumns } = table;
  const older = droppedColumns.length > 0;
  return {
    copy,
    untouched: untouchedSql({ kept, table: name, key, xid: inputs.migrationXid, older }),
    about: aboutSql(kept, droppedColumns),
  };
}

/** The whole, as it will be sent. */
export function fullSql(inputs: RollbackInputs): string {
  const lines = [
    ...beforeLines(inputs),
    'begin;',
    '-- lock_timeout 1 s unless the step says otherwise; statement_timeout: what is left of max_lock_s; row_security = off: fail, never filter',
    '-- the marker of this run and step, first: a second execution fails on it',
    'insert into firebreak.markers (run, step, part, epoch, xid, plan_hash) values ($1, $2, 0, $3, pg_current_xact_id(), $4);',
    "-- the migration tool's own lock; this migration must still be the newest",
  ];
  if (inputs.tables.length > 0)
    lines.push(
      `${lockTablesSql(inputs.tables, 'access exclusive')};`,
      `${createSchemaSql(inputs.snapshotSchema)};`,
    );
  for (const table of inputs.tables) {
    const { copy, untouched, about } = snapshotSql(inputs, table);
    lines.push(...copyLines(inputs, table, copy));
    if (untouched !== undefined) lines.push('-- the rows nobody wrote since the migration', `${untouched};`);
    if (about !== undefined) lines.push(`${about};`);
  }
  lines.push(
    `-- the down of ${inputs.migration}, as captured`,
    inputs.down.trim(),
    '-- what the tool itself would do to its history',
    `${inputs.history};`,
    '-- the probes run here: a red one rolls everything back',
    'commit;',
  );
  return lines.join('\n');
}

/** What is copied before, in a transaction of its own. */
function beforeLines(inputs: RollbackInputs): string[] {
  if (!inputs.before) return [];
  return [
    'begin isolation level repeatable read;',
    `${lockTablesSql(inputs.tables, 'access share')};`,
    '-- a marker of its own, with what was in progress then: transactions from $5 on',
    `insert into firebreak.markers (run, step, part, epoch, xid, plan_hash) values ($1, $2, ${BEFORE_PART}, $3, pg_current_xact_id(), $4);`,
    `${createSchemaSql(inputs.snapshotSchema)};`,
    ...inputs.tables.flatMap((table) => [
      `-- the copy of ${table.name}; all rights revoked, rows counted and summed`,
      `${snapshotSql(inputs, table).copy};`,
    ]),
    'commit;',
  ];
}

function copyLines(inputs: RollbackInputs, table: PlanTable, copy: string): string[] {
  if (!inputs.before)
    return [`-- the copy of ${table.name}; all rights revoked, rows counted and summed`, `${copy};`];
  const copied = { ...table, copy: table.snapshot };
  return [
    `-- the copy of ${table.name} is brought up to date`,
    `${takeOutSql(inputs.snapshotSchema, copied, '$5')};`,
    `${putInSql(inputs.snapshotSchema, copied, '$5')};`,
  ];
}
