/** Readers for tools that need none of their own: a table and its columns, and SQL from pairs of files. */
import type { ConfiguredTool, HistorySettings } from '../domain/migration-tools.ts';
import type { CapturedMigration } from '../domain/plan.ts';
import { refuse } from '../domain/refusal.ts';
import type { HistoryReader } from './history.ts';
import { pairs } from './history-files.ts';
import { type HistoryTable, historyTable } from './history-table.ts';
import { ident, literal, quoteName } from './names.ts';

interface Preset extends HistoryTable {
  readonly table: string;
  readonly lock?: HistoryReader['lock'];
  /** The table holds one row, the present version, a number: it is set back to the one before. */
  readonly single?: { readonly column: string; readonly clean: string };
  /** The history has more than its rows: the tool itself has to take one back, by this command. */
  readonly command?: string;
  /** What the history calls the migration of a file. */
  readonly named?: (stem: string) => string;
}

/** `20240102` of `20240102_add_due`. */
const leading = (stem: string): string => /^\d+/.exec(stem)?.[0] ?? stem;

const PRESETS: Readonly<Record<Exclude<ConfiguredTool, 'other'>, Preset>> = {
  'golang-migrate': {
    table: 'public.schema_migrations',
    name: 'version::text',
    state: "case when dirty then 'dirty' end",
    order: 'version desc',
    ownTransaction: true,
    single: { column: 'version', clean: 'dirty = false' },
    named: (stem) => leading(stem).replace(/^0+(?=\d)/, ''),
  },
  alembic: {
    table: 'public.alembic_version',
    name: 'version_num',
    order: 'version_num',
    // Only the revisions' own code says which one comes before: their names have no order.
    command: 'alembic downgrade -1',
    named: (stem) => stem.split('_')[0] ?? stem,
  },
  rails: { table: 'public.schema_migrations', name: 'version', order: 'version desc', named: leading },
  django: {
    table: 'public.django_migrations',
    name: "app || '.' || name",
    appliedAt: 'applied',
    order: 'id desc',
  },
  liquibase: {
    table: 'public.databasechangelog',
    name: "filename || '::' || id || '::' || author",
    appliedAt: 'dateexecuted',
    state: "case when exectype not in ('EXECUTED', 'RERAN', 'MARK_RAN') then 'failed' end",
    order: 'orderexecuted desc',
    ownTransaction: true,
    // A slash of the changelog's path is written %2F in the name of a file.
    named: decodeURIComponent,
    lock: (table) =>
      `select coalesce((select not locked from ${quoteName(`${table}lock`)} limit 1 for update skip locked), false) as free`,
  },
  sqitch: {
    table: 'sqitch.changes',
    name: 'change',
    appliedAt: 'committed_at',
    order: 'committed_at desc',
    ownTransaction: true,
    command: 'sqitch revert',
  },
  pgroll: {
    table: 'pgroll.migrations',
    name: 'name',
    appliedAt: 'created_at',
    state: "case when not done then 'running' end",
    order: 'created_at desc',
    ownTransaction: true,
    command: 'pgroll rollback',
  },
};

/** The reader of a tool by its preset, or by the columns that firebreak.yml names. */
export function configuredReader(tool: ConfiguredTool, settings: HistorySettings = {}): HistoryReader {
  const preset = tool === 'other' ? namedIn(settings) : PRESETS[tool];
  const rows = historyTable(preset);
  return {
    name: tool,
    table: preset.table,
    applied: rows.applied,
    lock: preset.lock ?? (() => undefined),
    capture: async (dir) => {
      const found = await pairs(dir, preset.named);
      return preset.single === undefined ? found : found.sort(byNumber);
    },
    removal(table, migration, known) {
      const { command, single } = preset;
      if (command !== undefined) return refuse('MIGRATION_HISTORY_NOT_OURS', { migration, tool, command });
      if (single === undefined) return rows.removal(table, migration, known);
      const before = versionBefore(migration, known);
      return before === undefined
        ? refuse('MIGRATION_BEFORE_UNKNOWN', { migration, tool })
        : setBack(quoteName(table), single, migration, before);
    },
  };
}

/** By number: as text, 10 comes before 9. Without one, an empty history would have the tool apply all again. */
function versionBefore(migration: string, known: readonly string[]): string | undefined {
  if (!NUMBER.test(migration)) return undefined;
  const older = known
    .filter((it) => NUMBER.test(it))
    .map(BigInt)
    .filter((version) => version < BigInt(migration));
  return older.length === 0 ? undefined : String(older.reduce((a, b) => (a > b ? a : b)));
}

const NUMBER = /^\d+$/;

const setBack = (
  table: string,
  { column, clean }: NonNullable<Preset['single']>,
  migration: string,
  before: string,
): string =>
  `update ${table} set ${column} = ${literal(before)}, ${clean} where ${column}::text = ${literal(migration)}`;

/** 10 comes after 9; names without a number keep their order. */
const byNumber = (a: CapturedMigration, b: CapturedMigration): number =>
  (Number.parseInt(a.name, 10) || 0) - (Number.parseInt(b.name, 10) || 0);

/** Names and table were asked for by config.ts. */
const namedIn = ({ table = '', name = '', applied_at, failed }: HistorySettings): Preset => ({
  table,
  name: `${ident(name)}::text`,
  ...(applied_at === undefined ? {} : { appliedAt: ident(applied_at) }),
  ...(failed === undefined ? {} : { state: `case when ${ident(failed)} then 'failed' end` }),
  order: `${applied_at === undefined ? '' : `${ident(applied_at)} desc, `}${ident(name)} desc`,
});
