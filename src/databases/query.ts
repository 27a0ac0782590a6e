/** One query of a person: read-only, bounded in rows, bytes and time, and redacted before it is handed on. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import { bind, type Template, type Value } from './bind.ts';
import type { Statement } from './parse.ts';
import { errorText, isTimeout, sqlstateOf } from './pg-errors.ts';
import { refuseUnreadable } from './query/readable.ts';
import { redactValue, shortened } from './redact.ts';
import { refuseUnsafeDiag } from './rights.ts';
import type { Target } from './target.ts';

export interface QueryResult {
  readonly columns: readonly string[];
  /** Values as they may be shown. */
  readonly rows: readonly (readonly string[])[];
  /** There were more rows or columns than are shown. */
  readonly more: boolean;
}

export interface QueryRequest extends Template {
  /** At most 200. */
  readonly maxRows: number;
}

/** Asks it as the diag role. Refused: what may do more than read, and a diag role that may. */
export async function query(
  target: Target,
  request: QueryRequest,
): Promise<{ readonly ok: true; readonly value: QueryResult } | Refusal> {
  const bound = await bind(request);
  if (!bound.ok) return bound;
  const [only, second] = bound.value;
  if (only === undefined || second !== undefined)
    return refuse('QUERY_NOT_ONE', { found: bound.value.length });
  try {
    const refusal = (await refuseUnsafeDiag(target)) ?? (await refuseUnreadable(target, only.statement));
    if (refusal !== undefined) return refusal;
    const rows = await ask(target, only.statement, only.values, request.maxRows);
    return { ok: true, value: shown(rows, request.maxRows) };
  } catch (error) {
    return failed(target, error);
  }
}

/** A cell as the server sends it: column, JSON type, the first characters of its text. */
type Cell = readonly [column: string, type: string, text: string | null];

const VALUE_CHARACTERS = 200;
const COLUMNS = 50;
const OUTPUT_BYTES = 64_000;

/** The server cuts rows, columns and values, so that no answer is larger than what can be kept. */
async function ask(
  target: Target,
  { kind, sql }: Statement,
  values: readonly Value[],
  maxRows: number,
): Promise<readonly Cell[][]> {
  if (kind === 'ExplainStmt')
    return explained(await target.read<Record<string, unknown>>(sql, values), maxRows);
  const rows = await target.read<{ cells: Cell[] | null }>(
    `select (select json_agg(json_build_array(key, json_typeof(value), left(value #>> '{}', ${VALUE_CHARACTERS})) order by place)
               from json_each(row_to_json(firebreak_row.*)) with ordinality as cell (key, value, place)
              where place <= ${COLUMNS + 1}) as cells
       from (
${sql}
       ) as firebreak_row
      limit ${maxRows + 1}`,
    values,
  );
  return rows.map(({ cells }) => cells ?? []);
}

/** A plan cannot be asked for in a subquery. It holds no values of rows. */
const explained = (rows: readonly Record<string, unknown>[], maxRows: number): Cell[][] =>
  rows.slice(0, maxRows + 1).map((row) =>
    Object.entries(row).map(([column, value]): Cell => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      // A plan shows the literals of its conditions.
      return [column, 'plan', text.replace(/'(?:[^']|'')*'/g, '?').slice(0, VALUE_CHARACTERS)];
    }),
  );

function shown(all: readonly Cell[][], maxRows: number): QueryResult {
  const columns = (all[0] ?? []).slice(0, COLUMNS).map(([column]) => column);
  const rows: string[][] = [];
  let bytes = 0;
  for (const cells of all.slice(0, maxRows)) {
    const row = cells.slice(0, COLUMNS).map(textOf);
    bytes += row.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
    if (bytes > OUTPUT_BYTES) break;
    rows.push(row);
  }
  return { columns, rows, more: rows.length < all.length || (all[0] ?? []).length > COLUMNS };
}

function textOf([, type, text]: Cell): string {
  switch (type) {
    case 'plan':
      return text ?? '';
    case 'number':
    case 'boolean':
      return text ?? 'null';
    case 'null':
      return 'null';
    case 'string':
      return masked(text ?? '');
    default:
      return '(an object)';
  }
}

/** A number that is kept as text may be that of a card or a telephone. */
const masked = (text: string): string =>
  Number.isFinite(Number(text)) ? shortened(text) : redactValue(text);

/** The server's words are shown where they are about the SQL; elsewhere they can hold values of rows. */
function failed(target: Target, error: unknown): Refusal {
  if (isTimeout(error)) return refuse('QUERY_TIMEOUT', { target: target.name });
  const state = sqlstateOf(error);
  if (state === undefined) throw error;
  const found = state.startsWith('42') || state.startsWith('25') ? errorText(error) : `SQLSTATE ${state}`;
  return refuse('QUERY_FAILED', { target: target.name, found });
}
