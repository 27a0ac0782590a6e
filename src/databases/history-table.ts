/** Reading a history that is a table with a row a migration, which nearly all tools keep. */
import type { AppliedMigration } from '../domain/sweep.ts';
import type { HistoryReader, Read } from './history.ts';
import { literal, quoteName } from './names.ts';

/** SQL expressions over a row of the table. */
export interface HistoryTable {
  readonly name: string;
  /** Undefined: the tool keeps no time. Then that of the row's transaction counts, where the server keeps it. */
  readonly appliedAt?: string;
  /** `failed`, `dirty`, `running` or null. */
  readonly state?: string;
  /** What the tool wrote down about the file, if that is its SHA-256. */
  readonly fileHash?: string;
  /** Rows `h` that count; the table comes quoted. */
  readonly where?: (table: string) => string;
  /** The newest first. */
  readonly order: string;
  /** The row is written by another transaction than the changes. */
  readonly ownTransaction?: true;
}

interface Row {
  readonly name: string;
  readonly applied_at: Date | null;
  readonly xid: string;
  readonly state: NonNullable<AppliedMigration['state']> | null;
  readonly file_hash: string | null;
}

/** Never invented: without a time of the tool's own and of the server's, it is not known. */
const COMMITTED = `case when current_setting('track_commit_timestamp') = 'on' then pg_xact_commit_timestamp(xmin) end`;

/** `applied` and `removal` of a reader. */
export const historyTable = (it: HistoryTable): Pick<HistoryReader, 'applied' | 'removal'> => ({
  async applied(read: Read, table: string) {
    const rows = await read<Row>(`
      select ${it.name} as name,
             (${it.appliedAt ?? COMMITTED})::timestamptz as applied_at,
             xmin::text as xid,
             ${it.state ?? 'null'} as state,
             ${it.fileHash ?? 'null'} as file_hash
        from ${quoteName(table)} h
       where ${it.where?.(quoteName(table)) ?? 'true'}
       order by ${it.order}
       limit 1000`);
    return rows.map((row) => applied(row, it));
  },
  removal: (table, migration) => `delete from ${quoteName(table)} where ${it.name} = ${literal(migration)}`,
});

const applied = (row: Row, { ownTransaction }: HistoryTable): AppliedMigration => ({
  name: row.name,
  ...(row.applied_at === null ? {} : { appliedAt: row.applied_at }),
  xid: row.xid,
  ...(row.state === null ? {} : { state: row.state }),
  ...(row.file_hash === null ? {} : { fileHash: row.file_hash }),
  ...(ownTransaction ? { ownTransaction } : {}),
});
