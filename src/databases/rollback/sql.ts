/** The SQL of a rollback, piece by piece for the execution and whole for those who approve it. */
import { beforeLines, copyLines } from '../before-lines.ts';
import { aboutSql, copySql, createSchemaSql, untouchedSql } from '../snapshot.ts';
import { lockTablesSql } from '../transaction.ts';
import { concurrentSql } from './concurrent.ts';
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
  const outside = inputs.concurrent.length > 0;
  const lines = [
    ...(inputs.before ? beforeLines(inputs.snapshotSchema, inputs.tables.map(copied)) : []),
    ...(outside ? concurrentSql(inputs.concurrent) : []),
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
    const { untouched, about } = snapshotSql(inputs, table);
    lines.push(...copyLines(inputs, copied(table)));
    if (untouched !== undefined) lines.push('-- the rows nobody wrote since the migration', `${untouched};`);
    if (about !== undefined) lines.push(`${about};`);
  }
  if (!outside) lines.push(`-- the down of ${inputs.migration}, as captured`, inputs.down.trim());
  lines.push(
    '-- what the tool itself would do to its history',
    `${inputs.history};`,
    `-- the probes run here: a red one rolls ${outside ? 'this transaction' : 'everything'} back`,
    'commit;',
  );
  return lines.join('\n');
}

/** A table under the name that copies have here. */
export const copied = (table: PlanTable): PlanTable & { readonly copy: string } => ({
  ...table,
  copy: table.snapshot,
});
