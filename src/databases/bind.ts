/** SQL with places for values (`$1`) and for names (`"{{table}}"`), filled in without pasting text into text. */
import { z } from 'zod';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { quoteName } from './names.ts';
import { type Statement, statementsOf, tokensOf, walk } from './parse.ts';
import { errorText } from './pg-errors.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type Value = z.infer<typeof value>;

/** How a runbook brings such SQL. */
export const templateShape = {
  sql: z.string().trim().min(1).max(20_000),
  /** Bound as `$1`, `$2`, … */
  values: z.array(value).optional(),
  /** What stands for `"{{name}}"` in the SQL: a table, a column, `schema.table`. */
  names: z.record(z.string(), z.string().min(1)).optional(),
};

/** SQL as somebody wrote it, with what goes into its places. */
export interface Template {
  readonly sql: string;
  readonly values?: readonly Value[] | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface Bound {
  readonly statement: Statement;
  /** Those that this statement uses. */
  readonly values: readonly Value[];
}

type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Fills the names in and reads the SQL; refused when a place stays empty, a value has none, or it cannot be read. */
export async function bind({ sql, values = [], names = {} }: Template): Promise<Outcome<readonly Bound[]>> {
  const named = await fillNames(sql, names);
  if (!named.ok) return named;
  const statements = await statementsOf(named.value).catch(errorText);
  if (typeof statements === 'string') return refuse('SQL_UNREADABLE', { found: statements });
  if (statements.length === 0) return refuse('SQL_UNREADABLE', { found: 'it has no statement' });
  const bound = statements.map((statement) => ({
    statement,
    values: values.slice(0, highestParameter(statement)),
  }));
  const needed = Math.max(...statements.map(highestParameter));
  if (needed !== values.length) return refuse('SQL_VALUES', { needed, found: values.length });
  return { ok: true, value: bound };
}

const OPEN = '"{{';
const CLOSE = '}}"';

/** A place for a name is one token, a quoted identifier: in a string or a comment it is text and stays. */
async function fillNames(sql: string, names: Readonly<Record<string, string>>): Promise<Outcome<string>> {
  const scanned = await tokensOf(sql);
  if (scanned?.bytes.length !== Buffer.byteLength(sql))
    return refuse('SQL_UNREADABLE', { found: 'a text, a name or a comment in it has no end' });
  const { bytes, tokens } = scanned;
  const unused = new Set(Object.keys(names));
  let filled = '';
  let at = 0;
  for (const token of tokens) {
    const written = bytes.subarray(token.start, token.end).toString();
    if (!written.startsWith(OPEN) || !written.endsWith(CLOSE)) continue;
    const place = written.slice(OPEN.length, -CLOSE.length).trim();
    const name = Object.hasOwn(names, place) ? names[place] : undefined;
    if (name === undefined) return refuse('SQL_NAME_MISSING', { place });
    unused.delete(place);
    filled += bytes.subarray(at, token.start).toString() + quoteName(name);
    at = token.end;
  }
  const [left] = unused;
  if (left !== undefined) return refuse('SQL_NAME_UNUSED', { place: left });
  return { ok: true, value: filled + bytes.subarray(at).toString() };
}

function highestParameter({ node }: Statement): number {
  let highest = 0;
  walk(node, (key, tree) => {
    // The parser leaves a number of 0 out.
    if (key === 'ParamRef') highest = Math.max(highest, Number(tree['number'] ?? 0));
  });
  return highest;
}
