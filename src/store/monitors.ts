/** What a monitor remembers from one look to the next. */
import type { MonitorState } from '../domain/monitor.ts';
import { type Db, first } from './store.ts';

/** The monitor's memory; undefined before its first look. */
export async function loadMonitor(db: Db, name: string): Promise<MonitorState | undefined> {
  const row = first(
    await db.query<StoredMonitor>(
      `select name, target, revision, checked_at, red_since, failures, greens, green_since, proposal, told, green_at,
              memory
       from monitors
       where name = $1`,
      [name],
    ),
  );
  return row && monitorRow(row);
}

/** Writes the memory with the next revision. False: somebody wrote after `monitor.revision` was read. */
export async function saveMonitor(db: Db, monitor: MonitorState): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into monitors (name, target, revision, checked_at, red_since, failures, greens, green_since, proposal, told,
                           green_at, memory)
     values ($1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (name) do update
     set target = excluded.target, revision = excluded.revision, checked_at = excluded.checked_at,
         red_since = excluded.red_since, failures = excluded.failures, greens = excluded.greens,
         green_since = excluded.green_since, proposal = excluded.proposal, told = excluded.told,
         green_at = excluded.green_at, memory = excluded.memory
     where monitors.revision = $3`,
    [
      monitor.name,
      monitor.target,
      monitor.revision,
      monitor.checkedAt,
      monitor.redSince ?? null,
      monitor.failures,
      monitor.greens,
      monitor.greenSince ?? null,
      monitor.proposal ?? null,
      monitor.told ?? null,
      monitor.greenAt ?? null,
      monitor.memory === undefined ? null : JSON.stringify(monitor.memory),
    ],
  );
  return rowCount === 1;
}

interface StoredMonitor {
  readonly name: string;
  readonly target: string;
  readonly revision: number;
  readonly checked_at: Date;
  readonly red_since: Date | null;
  readonly failures: number;
  readonly greens: number;
  readonly green_since: Date | null;
  readonly proposal: number | null;
  readonly told: number | null;
  readonly green_at: Date | null;
  readonly memory: unknown;
}

const monitorRow = (row: StoredMonitor): MonitorState => ({
  name: row.name,
  target: row.target,
  revision: row.revision,
  checkedAt: row.checked_at,
  failures: row.failures,
  greens: row.greens,
  ...(row.red_since ? { redSince: row.red_since } : {}),
  ...(row.green_since ? { greenSince: row.green_since } : {}),
  ...(row.proposal === null ? {} : { proposal: row.proposal }),
  ...(row.told === null ? {} : { told: row.told }),
  ...(row.green_at ? { greenAt: row.green_at } : {}),
  ...(row.memory === null ? {} : { memory: row.memory }),
});
