/** The migration history of a target, read by the reader of its tool. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIGURED_TOOLS, type ConfiguredTool, type MigrationTool } from '../domain/migration-tools.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { AppliedMigration } from '../domain/sweep.ts';
import { pairs } from './history-files.ts';
import { configuredReader } from './history-presets.ts';
import { quoteName } from './names.ts';
import { sqlstateOf } from './pg-errors.ts';
import type { Target, TargetConfig } from './target.ts';

/** Reads by a target's envelope, or inside a transaction that is open. */
export type Read = <Row extends object>(sql: string) => Promise<Row[]>;

export interface HistoryReader {
  /** The tool, and the name of its file. */
  readonly name: string;
  /** Where the tool keeps its history when the target does not say. */
  readonly table: string;
  /** Newest first. */
  applied(read: Read, table: string): Promise<AppliedMigration[]>;
  /** Reads a project's directory as text, in the tool's own order; what is code is opaque. */
  capture(dir: string): Promise<CapturedMigration[]>;
  /** The statement by which the tool itself forgets a migration; `known` are those captured, in no order. */
  removal(table: string, migration: string, known: readonly string[]): string | Refusal;
  /**
   * A SELECT that takes the tool's own lock until the transaction ends, and says in `free` whether it could. Undefined:
   * the tool has none, and nobody may write to its history meanwhile.
   */
  lock(table: string): string | undefined;
}

/** Defines the reader of one migration tool. */
export const defineHistory = (reader: HistoryReader): HistoryReader => reader;

/** What is applied, newest first. */
export async function appliedMigrations(target: Target, read?: Read): Promise<AppliedMigration[]> {
  const reader = await readerOf(target.config);
  return reader.applied(read ?? ((sql) => target.read(sql)), tableOf(target.config, reader));
}

/** The same before a deploy: a tool that has never run has no history yet. */
export const appliedSoFar = (target: Target): Promise<AppliedMigration[]> =>
  appliedMigrations(target).catch((error: unknown) => {
    if (NO_HISTORY.has(sqlstateOf(error) ?? '')) return [];
    throw error;
  });

/** No such table, no such schema. */
const NO_HISTORY = new Set(['42P01', '3F000']);

/** What a project's directory holds as text, in the tool's own order. */
export async function captureMigrations({
  tool,
  dir,
}: {
  readonly tool: MigrationTool;
  readonly dir: string;
}): Promise<CapturedMigration[]> {
  // The tool `other` is read by columns that say nothing of its files.
  return tool === 'other' ? pairs(dir) : (await readerOf({ tool })).capture(dir);
}

/** A capture, and when its contents became those of the file; from a directory there is no such time. */
export type KeptMigration = CapturedMigration & { readonly capturedAt?: readonly Date[] };

/** A deploy captures at about the time that it migrates, by another clock. */
const CAPTURE_SKEW_MS = 60_000;

/** The capture of what was applied: a file that was edited since is not what ran. */
export function deployedCapture(
  captured: readonly KeptMigration[],
  migration: string,
  { appliedAt, fileHash }: Pick<AppliedMigration, 'appliedAt' | 'fileHash'>,
): { readonly ok: true; readonly value: CapturedMigration } | Refusal {
  const same = captured.filter((it) => it.name === migration);
  const [first] = same;
  if (first === undefined) return refuse('MIGRATION_NOT_CAPTURED', { migration });
  if (fileHash !== undefined) return writtenDown(same, migration, fileHash);
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

/** The tool itself wrote the hash of the file down. */
function writtenDown(
  captured: readonly KeptMigration[],
  migration: string,
  fileHash: string,
): { readonly ok: true; readonly value: CapturedMigration } | Refusal {
  const found = captured.find((it) => it.fileHash === fileHash);
  if (found !== undefined) return { ok: true, value: found };
  const short = [...new Set(captured.map((it) => it.fileHash.slice(0, 12)))].join(', ');
  return refuse('MIGRATION_HASH_MISMATCH', {
    migration,
    found: `${short}; applied was ${fileHash.slice(0, 12)}`,
  });
}

/** The statement by which the target's tool forgets a migration; refused when only the tool itself can. */
export async function historyStatement(
  target: Target,
  migration: string,
  captured: readonly CapturedMigration[],
): Promise<{ readonly ok: true; readonly sql: string } | Refusal> {
  const reader = await readerOf(target.config);
  const known = captured.map(({ name }) => name);
  const removal = reader.removal(tableOf(target.config, reader), migration, known);
  return typeof removal === 'string' ? { ok: true, sql: removal } : removal;
}

/** Keeps the tool from running until the transaction ends; false when a deploy is at work. */
export async function lockHistory(target: Target, read: Read): Promise<boolean> {
  const reader = await readerOf(target.config);
  const table = tableOf(target.config, reader);
  const lock = reader.lock(table);
  if (lock !== undefined) return (await read<{ free: boolean }>(lock))[0]?.free === true;
  await read(`lock table ${quoteName(table)} in exclusive mode`);
  return true;
}

/** Whether the history names a migration. */
export async function isApplied(target: Target, migration: string): Promise<boolean> {
  return (await appliedMigrations(target)).some((applied) => applied.name === migration);
}

const tableOf = (config: Pick<TargetConfig, 'history'>, reader: HistoryReader): string =>
  config.history?.table ?? reader.table;

async function readerOf({ tool, history }: Pick<TargetConfig, 'tool' | 'history'>): Promise<HistoryReader> {
  if (isConfigured(tool)) return configuredReader(tool, history);
  const extension = extname(fileURLToPath(import.meta.url));
  const url = new URL(`./history/${tool}${extension}`, import.meta.url);
  return ((await import(url.href)) as { default: HistoryReader }).default;
}

const isConfigured = (tool: MigrationTool): tool is ConfiguredTool =>
  (CONFIGURED_TOOLS as readonly string[]).includes(tool);
