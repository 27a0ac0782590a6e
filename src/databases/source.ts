/** A configured source of right values, compared with its table. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { SourceSettings } from '../domain/target-settings.ts';
import { ident, quoteName, shortName } from './names.ts';
import { type TableFacts, tableFacts } from './tables.ts';
import type { Target } from './target.ts';

/** How long a comparison of a whole table may take. */
export const COMPARE_TIMEOUT_MS = 60_000;

/** The source that a target names for a table, written with or without `public.`. */
export function sourceFor(target: Target, table: string): SourceSettings | undefined {
  const wanted = shortName(table);
  const entry = Object.entries(target.config.sources).find(([name]) => shortName(name) === wanted);
  return entry?.[1];
}

/** The right value of a column, in the column's own type. */
function rightValue(table: TableFacts, column: string): string {
  const type = table.columns.find((it) => it.name === column)?.type ?? 'text';
  return `s.${ident(column)}::${type}`;
}

/** `(t.a, t.b)` as a row. */
const currentRow = (columns: readonly string[]): string =>
  `row(${columns.map((column) => `t.${ident(column)}`).join(', ')})`;

/** The source as `s`; a condition on its key is pushed into it by the planner. */
const sourceAs = (source: SourceSettings): string => `(\n${source.from}\n) s`;

/** How many rows of a table differ from their source. */
export async function suspectRows(
  target: Target,
  table: string,
): Promise<{ readonly ok: true; readonly rows: number } | Refusal> {
  const source = sourceFor(target, table);
  const facts = await tableFacts(target, table);
  if (facts === undefined) return refuse('TABLE_NOT_FOUND', { table, target: target.name });
  if (source === undefined) return refuse('NO_REPAIR_SOURCE', { table, target: target.name });
  const right = source.columns.map((column) => rightValue(facts, column));
  const [row] = await target.read<{ n: number }>(
    `select count(*)::int as n
       from ${quoteName(facts.name)} t
       join ${sourceAs(source)} on s.${ident(source.key)} = t.${ident(source.key)}
      where ${currentRow(source.columns)} is distinct from row(${right.join(', ')})`,
    [],
    { timeoutMs: COMPARE_TIMEOUT_MS, everyRow: true },
  );
  return { ok: true, rows: row?.n ?? 0 };
}
