/** Takes what customers wrote out of SQL and samples before they are kept or shown. */
import { tokensOf } from './parse.ts';

/** FCONST, SCONST, USCONST, BCONST, XCONST and ICONST of PostgreSQL 18's grammar. */
const LITERALS = new Set([260, 261, 262, 263, 264, 266]);
const COMMENTS = new Set([275, 276]);

/** The SQL with every literal as `?` and without comments, at most `length` characters. */
export async function redactSql(sql: string, length = 300): Promise<string> {
  if (sql.trim() === '' || sql.startsWith('<')) return sql;
  const scanned = await tokensOf(sql);
  if (scanned === undefined) return '(a statement that cannot be read)';
  const { bytes, tokens } = scanned;
  let text = '';
  let at = 0;
  for (const token of tokens) {
    text += bytes.subarray(at, token.start).toString();
    if (LITERALS.has(token.tokenType)) text += '?';
    else if (!COMMENTS.has(token.tokenType)) text += bytes.subarray(token.start, token.end).toString();
    at = token.end;
  }
  const flat = text.split(/\s+/).join(' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}

/** The SQL as it is laid out, with its comments and every literal as `?`: for documents that are passed on. */
export async function maskSql(sql: string): Promise<string> {
  if (sql.trim() === '') return sql;
  const scanned = await tokensOf(sql);
  // A plan is whole: what only becomes SQL with an end put to it is something else.
  if (scanned?.bytes.length !== Buffer.byteLength(sql))
    return '-- This SQL cannot be read, so that what it holds cannot be masked.';
  const { bytes, tokens } = scanned;
  let text = '';
  let at = 0;
  for (const token of tokens) {
    const masked = LITERALS.has(token.tokenType);
    text += bytes.subarray(at, masked ? token.start : token.end).toString() + (masked ? '?' : '');
    at = token.end;
  }
  return text + bytes.subarray(at).toString();
}

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d[\d:.+Z-]*)?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A key or value of a row for showing: numbers, booleans, dates and UUIDs as they are, text by its length. */
export function redactValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (typeof value !== 'string') return '(an object)';
  if (UUID.test(value) || ISO_TIME.test(value) || (value.trim() !== '' && Number.isFinite(Number(value))))
    return value;
  return shortened(value);
}

/** A text by its first character and its length. */
export function shortened(text: string): string {
  const characters = Array.from(text);
  return `${characters[0] ?? ''}…(${characters.length} characters)`;
}
