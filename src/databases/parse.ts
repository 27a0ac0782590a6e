/** SQL as PostgreSQL's own parser reads it: statements, the relations they name, tokens. */
import { type Node, type ParseResult, parse, type ScanToken, scan } from 'libpg-query';

export interface Statement {
  /** Its own text, comments around it left out. */
  readonly sql: string;
  readonly kind: string;
  readonly node: Node;
  /** The tree below the kind. */
  readonly tree: Tree;
}

/** A part of a syntax tree whose shape is looked at key by key. */
export type Tree = Readonly<Record<string, unknown>>;

/** Reads SQL into statements; throws what the parser finds wrong. Text of comments only has none. */
export async function statementsOf(sql: string): Promise<Statement[]> {
  if (sql.trim() === '') return [];
  const result: ParseResult = await parse(sql);
  const bytes = Buffer.from(sql);
  return (result.stmts ?? []).flatMap((raw) => {
    if (raw.stmt === undefined) return [];
    const [kind, tree] = Object.entries(raw.stmt)[0] as [string, Tree];
    // Ranges are bytes; 0 and "to the end" are left out.
    const start = raw.stmt_location ?? 0;
    const end = raw.stmt_len === undefined ? bytes.length : start + raw.stmt_len;
    return [{ sql: bytes.subarray(start, end).toString().trim(), kind, node: raw.stmt, tree }];
  });
}

/** Every relation a statement names, `schema.table` or `table`, names of its own CTEs left out. */
export async function relationsOf(sql: string): Promise<string[]> {
  const names = new Set<string>();
  const ctes = new Set<string>();
  for (const statement of await statementsOf(sql)) {
    walk(statement.node, (key, value) => {
      if (key === 'CommonTableExpr') ctes.add(text(value['ctename']));
      if (isRangeVar(key, value)) names.add(relationName(value));
    });
  }
  return [...names].filter((name) => !ctes.has(name));
}

/** Visits every object of a tree under the key that holds it. */
export function walk(node: unknown, visit: (key: string, value: Tree) => void, key = ''): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit, key);
  } else if (typeof node === 'object' && node !== null) {
    visit(key, node as Tree);
    for (const [name, value] of Object.entries(node)) walk(value, visit, name);
  }
}

// Some fields hold a RangeVar without its wrapper: `relation`, `pktable`, `rel`.
const isRangeVar = (key: string, value: Tree): boolean =>
  typeof value['relname'] === 'string' && (key === 'RangeVar' || 'relpersistence' in value);

/** The name in a RangeVar. */
export const relationName = (tree: Tree): string =>
  [tree['schemaname'], tree['relname']].filter((part) => typeof part === 'string').join('.');

/** A string field, or nothing. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The strings in a list of String nodes, also one wrapped as List. */
export function strings(value: unknown): string[] {
  const found: string[] = [];
  walk(value, (key, tree) => {
    if (key === 'String') found.push(text(tree['sval']));
  });
  return found;
}

/** The tokens of SQL that need not be complete; undefined when even the scanner cannot read it. */
export async function tokensOf(sql: string): Promise<{ bytes: Buffer; tokens: ScanToken[] } | undefined> {
  // pg_stat_activity cuts texts off, often in the middle of a literal: an end for it is tried.
  for (const ending of ['', "'", '"', '*/', '$$']) {
    const closed = sql + ending;
    const tokens = await scan(closed).then(
      (result) => result.tokens,
      () => undefined,
    );
    if (tokens !== undefined) return { bytes: Buffer.from(closed), tokens };
  }
  return undefined;
}
