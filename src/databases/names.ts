/** Names in SQL: quoting, and telling `orders` and `public.orders` to be the same table. */
import pg from 'pg';

/** Quotes `table` or `schema.table`. */
export const quoteName = (name: string): string =>
  splitName(name)
    .map((part) => pg.escapeIdentifier(part))
    .join('.');

/** The parts of a dotted name. */
export const splitName = (name: string): string[] => name.split('.');

/** The last part of a dotted name. */
export const baseName = (name: string): string => splitName(name).at(-1) ?? name;

/** The name as people write it: `public.` is left out. */
export const shortName = (name: string): string =>
  name.startsWith('public.') ? name.slice('public.'.length) : name;

/** Quotes one identifier. */
export const ident = (name: string): string => pg.escapeIdentifier(name);

/** Quotes one string literal, for statements that take no parameters. */
export const literal = (text: string): string => pg.escapeLiteral(text);

/** Shortens a name to what PostgreSQL keeps of it, leaving room for a suffix. */
export const nameWithSuffix = (name: string, suffix: string): string => {
  let kept = name;
  while (Buffer.byteLength(kept + suffix) > 63) kept = kept.slice(0, -1);
  return kept + suffix;
};
