/** The migration history of a target, read by the reader of its tool. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CapturedMigration } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import type { Target, TargetConfig } from './target.ts';

/** Reads by a target's envelope, or inside a transaction that is open. */
export type Read = <Row extends object>(sql: string) => Promise<Row[]>;

export interface HistoryReader {
  /** The tool, and the name of its file. */
  readonly name: string;
  /** Where the tool keeps its history when the target does not say. */
  readonly table: string;
  applied(read: Read, table: string): Promise<AppliedMigration[]>;
  /** Reads a project's directory as data. It runs where the project lives. */
  capture(dir: string): Promise<CapturedMigration[]>;
  /** The statement by which the tool itself forgets a migration. */
  removal(table: string, migration: string): string;
  /** A SELECT that takes the tool's own lock until the transaction ends, and says in `free` whether it could. */
  readonly lock: string;
}

/** Defines the reader of one migration tool. */
export const defineHistory = (reader: HistoryReader): HistoryReader => reader;

/** What is applied, newest first. */
export async function appliedMigrations(target: Target, read?: Read): Promise<AppliedMigration[]> {
  const reader = await readerOf(target.config.tool);
  return reader.applied(read ?? ((sql) => target.read(sql)), historyTable(target.config, reader));
}

/** What a project's directory holds, in the tool's own order. */
export async function captureMigrations(from: {
  readonly tool: TargetConfig['tool'];
  readonly dir: string;
}): Promise<CapturedMigration[]> {
  return (await readerOf(from.tool)).capture(from.dir);
}

/** A capture, and when its contents became those of the file; from a directory there is no such time. */
export type KeptMigration = CapturedMigration & { readonly capturedAt?: readonly Date[] };

/** A deploy captures at about the time that it migrates, by another clock. */
const CAPTURE_SKEW_MS = 60_000;

/** The capture of what was applied: a file that was edited since is not what ran. */
export function deployedCapture(
  captured: readonly KeptMigration[],
  migration: string,
  appliedAt: Date | undefined,
): { readonly ok: true; readonly value: CapturedMigration } | Refusal {
  const same = captured.filter((it) => it.name === migration);
  const [first] = same;
  if (first === undefined) return refuse('MIGRATION_NOT_CAPTURED', { migration });
  const hashes = [...new Set(same.map((it) => it.fileHash))];
  if (hashes.length === 1) return { ok: true, value: first };
  const until = appliedAt === undefined ? Number.NaN : appliedAt.getTime() + CAPTURE_SKEW_MS;
  const newest = same
    .flatMap((it) => (it.capturedAt ?? []).map((at) => ({ it, at: at.getTime() })))
    .filter(({ at }) => at <= until)
    .sort((a, b) => b.at - a.at)[0];
  if (newest !== undefined) return { ok: true, value: newest.it };
  const short = hashes.map((hash) => hash.slice(0, 12)).join(', ');
  return refuse('MIGRATION_HASH_MISMATCH', { migration, found: short });
}

/** The statement by which the target's tool forgets a migration. */
export async function historyStatement(target: Target, migration: string): Promise<string> {
  const reader = await readerOf(target.config.tool);
  return reader.removal(historyTable(target.config, reader), migration);
}

/** Takes the tool's own lock until the transaction ends; false when a deploy holds it. */
export async function lockHistory(target: Target, read: Read): Promise<boolean> {
  const reader = await readerOf(target.config.tool);
  const [row] = await read<{ free: boolean }>(reader.lock);
  return row?.free === true;
}

/** Whether the history names a migration. */
export async function isApplied(target: Target, migration: string): Promise<boolean> {
  return (await appliedMigrations(target)).some((applied) => applied.name === migration);
}

const historyTable = (config: TargetConfig, reader: HistoryReader): string =>
  config.history?.table ?? reader.table;

async function readerOf(tool: TargetConfig['tool']): Promise<HistoryReader> {
  const extension = extname(fileURLToPath(import.meta.url));
  const url = new URL(`./history/${tool}${extension}`, import.meta.url);
  return ((await import(url.href)) as { default: HistoryReader }).default;
}
