/** The look from outside after a rollback: an exit status is not believed. */
import type { ActionOutcome } from '../../domain/plan.ts';
import type { ProbeResult } from '../../domain/sweep.ts';
import { isApplied } from '../history.ts';
import { shortName } from '../names.ts';
import { errorText } from '../pg-errors.ts';
import { runProbes } from '../probe.ts';
import { sourceFor, suspectRows } from '../source.ts';
import type { Target } from '../target.ts';
import type { RollbackInputs } from './inputs.ts';
import type { RollbackCopy } from './transaction.ts';

export interface Committed {
  readonly xid: string;
  readonly attempts: number;
  readonly duration_ms: number;
  /** Empty when the COMMIT was only found out about later. */
  readonly copies: readonly RollbackCopy[];
}

/** What is true now, as the diag role sees it. */
export async function verified(
  target: Target,
  inputs: RollbackInputs,
  committed: Committed,
): Promise<ActionOutcome> {
  // It is committed: no failure in here may read as if it were not.
  const probes = await runProbes(target);
  const history = await isApplied(target, inputs.migration).catch(errorText);
  const suspect = await suspects(target, inputs);
  const [first] = committed.copies;
  const facts = {
    rows: committed.copies.reduce((sum, it) => sum + it.rows, 0),
    checksum: first?.checksum ?? null,
    snapshot_table: first?.snapshot ?? null,
    untouched: committed.copies.reduce((sum, it) => sum + it.untouched, 0),
    tables: committed.copies,
    duration_ms: committed.duration_ms,
    attempts: committed.attempts,
    xid: committed.xid,
    not_undone: inputs.notUndone,
    data_suspect: suspect.total,
    data_suspect_tables: suspect.tables,
    history_gone: history === false,
  };
  return {
    state: 'done',
    verdict: verdict(target, inputs, { probes, history, suspect, copies: committed.copies }),
    facts,
    probes,
  };
}

interface Suspects {
  /** Undefined is not known. */
  readonly total: number | undefined;
  readonly tables: Readonly<Record<string, number | string>>;
}

/** Rows whose values are not those of their source, in every table that the migration touched and has one. */
async function suspects(target: Target, inputs: RollbackInputs): Promise<Suspects> {
  const names = [...inputs.tables.flatMap((it) => it.after ?? []), ...inputs.damaged.map((it) => it.table)];
  const tables: Record<string, number | string> = {};
  for (const name of new Set(names.map(shortName))) {
    if (sourceFor(target, name) === undefined) continue;
    const found = await suspectRows(target, name).catch(errorText);
    tables[name] = typeof found === 'string' ? found : found.ok ? found.rows : found.code;
  }
  const counts = Object.values(tables).filter((it) => typeof it === 'number');
  return { total: counts.length === 0 ? undefined : counts.reduce((a, b) => a + b, 0), tables };
}

interface Seen {
  readonly probes: readonly ProbeResult[];
  readonly history: boolean | string;
  readonly suspect: Suspects;
  readonly copies: Committed['copies'];
}

function verdict(target: Target, inputs: RollbackInputs, { probes, history, suspect, copies }: Seen): string {
  const green = probes.filter((probe) => probe.ok).length;
  const lines = [
    `Rolled back ${inputs.migration} on ${target.name}`,
    probes.length === 0 ? 'no probe can confirm it' : `${green} of ${probes.length} probes answer`,
  ];
  for (const { table, changed_since_copy: changed } of copies)
    if (changed !== undefined)
      lines.push(
        `${changed} rows of ${shortName(table)} changed between its copy and the lock, and the copy has them`,
      );
  if (history !== false) lines.push('ITS HISTORY ROW IS STILL THERE OR CANNOT BE READ');
  if ((suspect.total ?? 0) > 0)
    lines.push(`${suspect.total ?? 0} rows are still not as their source says: repair them`);
  else if (suspect.total === undefined && inputs.notUndone.length > 0) {
    lines.push('whether the data is right is not known: the down does not undo all that the up did');
  }
  return `${lines.join('; ')}.`;
}
