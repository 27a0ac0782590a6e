/** What a migration did to a table, column by column: only that may be put back, everything else is somebody's. */
import type { CapturedMigration } from '../../domain/plan.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { analyse, type SqlAnalysis } from '../analyse.ts';
import { appliedMigrations, deployedCapture, type KeptMigration } from '../history.ts';
import { baseName, shortName } from '../names.ts';
import type { Target } from '../target.ts';

/** The migration whose damage is repaired, and what is known of it. */
export interface Culprit {
  readonly migration: string;
  /** By the `xmin` of its history row. */
  readonly migrationXid: string;
  /** The transaction of the rollback, when there was one. */
  readonly rollbackXid?: string;
  /** What the plan of that rollback knew: the file that was undone, and what its up damaged. */
  readonly rolledBack?: {
    readonly fileHash: string;
    readonly damaged: readonly { readonly table: string; readonly columns: readonly string[] }[];
  };
  readonly captured: readonly KeptMigration[];
}

export interface Damage {
  /** By their names now; every column of the source when the migration cannot be read. */
  readonly columns: readonly string[];
  /** What an approver has to know of it, in sentences. */
  readonly notes: readonly string[];
}

type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Which of a source's columns a migration damaged, or why that cannot be told apart from what others wrote. */
export async function damageTo(
  target: Target,
  table: string,
  columns: readonly string[],
  culprit: Culprit,
): Promise<Outcome<Damage>> {
  const alone = await othersInTransaction(target, table, culprit);
  if (!alone.ok) return alone;
  const hit = await columnsHit(target, table, culprit);
  if (!hit.ok) return hit;
  const damaged = hit.value;
  const { migration } = culprit;
  if (damaged === undefined) {
    const what = `What ${migration} wrote cannot be read: every column of the source is put back`;
    return found({ columns, notes: [`${what}, in every row that its transaction wrote.`, ...alone.value] });
  }
  const wanted = columns.filter((column) => damaged.has(column));
  const left = columns.filter((column) => !damaged.has(column)).join(', ');
  if (wanted.length === 0)
    return refuse('REPAIR_NOT_DAMAGED', { migration, table: shortName(table), columns: left });
  const note = left === '' ? [] : [`${left}: left alone, since ${migration} did not write it.`];
  return found({ columns: wanted, notes: [...note, ...alone.value] });
}

const found = <T>(value: T): Outcome<T> => ({ ok: true, value });

/** Undefined: not known. */
async function columnsHit(
  target: Target,
  table: string,
  culprit: Culprit,
): Promise<Outcome<ReadonlySet<string> | undefined>> {
  const { rolledBack } = culprit;
  const capture = await captureOf(target, culprit);
  if (capture.ok) {
    const undone = rolledBack !== undefined || culprit.rollbackXid !== undefined;
    return found(await columnsWritten(capture.value, table, undone));
  }
  const known = rolledBack?.damaged.find((it) => isSame(it.table, table))?.columns ?? [];
  return known.length === 0 ? capture : found(new Set(known));
}

async function captureOf(target: Target, culprit: Culprit): Promise<Outcome<CapturedMigration>> {
  const { captured, migration, rolledBack } = culprit;
  const undone = captured.find((it) => it.name === migration && it.fileHash === rolledBack?.fileHash);
  if (undone !== undefined) return found(undone);
  const applied = (await appliedMigrations(target)).find((it) => it.name === migration);
  return deployedCapture(captured, migration, applied ?? {});
}

/** The columns that a migration wrote or dropped, by their names now. A down that writes, writes too. */
async function columnsWritten(
  captured: CapturedMigration,
  table: string,
  undone: boolean,
): Promise<ReadonlySet<string> | undefined> {
  const up = await read(captured.up);
  if (up === undefined) return undefined;
  const down = undone ? await read(captured.down ?? '', up) : undefined;
  if (undone && down === undefined) return undefined;
  const names = (down ?? up).names;
  const hit = [...cells(up), ...(down === undefined ? [] : cells(down))];
  return new Set(
    hit
      .filter((it) => isSame(names.tableNow(it.table), table))
      .map((it) => names.columnNow(it.table, it.column)),
  );
}

/** Names are those before the up, in both halves. */
const cells = (it: SqlAnalysis): { readonly table: string; readonly column: string }[] => [
  ...it.written.flatMap(({ table, columns }) => columns.map((column) => ({ table, column }))),
  ...it.dropped,
];

async function read(sql: string, before?: SqlAnalysis): Promise<SqlAnalysis | undefined> {
  if (sql === 'opaque') return undefined;
  const it = await analyse(sql, before?.names).catch(() => undefined);
  return it?.opaque === true ? undefined : it;
}

/** A name that a migration writes without its schema may be found in any. */
const isSame = (written: string, table: string): boolean =>
  shortName(written) === shortName(table) || written === baseName(table);

/** Two migrations of one transaction leave the same mark on rows: what the other one wrote must not be undone. */
async function othersInTransaction(
  target: Target,
  table: string,
  { migration, migrationXid, captured }: Culprit,
): Promise<Outcome<readonly string[]>> {
  const others = (await appliedMigrations(target)).filter(
    ({ name, xid }) => xid === migrationXid && name !== migration,
  );
  for (const other of others) {
    const { name } = other;
    const capture = deployedCapture(captured, name, other);
    const up = capture.ok ? await read(capture.value.up) : undefined;
    if (up !== undefined && !marks(up, table)) continue;
    const what = up === undefined ? 'it cannot be read' : 'it writes rows of that table';
    return refuse('REPAIR_NOT_ALONE', { migration, other: name, table: shortName(table), found: what });
  }
  if (others.length === 0) return found([]);
  const names = others.map(({ name }) => name).join(', ');
  return found([`${migration} ran in one transaction with ${names}, which left these rows alone.`]);
}

const MARKS = new Set(['update', 'insert', 'retype-column', 'add-column']);

/** Whether a migration leaves its transaction on rows of a table. */
const marks = (up: SqlAnalysis, table: string): boolean =>
  up.statements
    .flatMap((it) => it.effects)
    .some(({ op, on }) => MARKS.has(op) && isSame(up.names.tableNow(on), table));
