/** What tables and columns are called as statements rename them: every name leads back to the one before. */

import { shortName } from '../names.ts';

/** Follows renames, so that the down's `orders` and the up's `orders_v2` are known to be one table. */
export class TableNames {
  /** Name now -> name before. */
  readonly #tables: Map<string, string>;
  /** `table before` and column now -> column before. */
  readonly #columns: Map<string, string>;

  constructor(tables = new Map<string, string>(), columns = new Map<string, string>()) {
    this.#tables = tables;
    this.#columns = columns;
  }

  copy(): TableNames {
    return new TableNames(new Map(this.#tables), new Map(this.#columns));
  }

  /** The name before, of a table named as it is now. */
  table(now: string): string {
    return this.#tables.get(plain(now)) ?? plain(now);
  }

  /** The name before, of a column of a table (by its name before). */
  column(table: string, now: string): string {
    return this.#columns.get(`${table}.${now}`) ?? now;
  }

  /** The name now, of a table by its name before. */
  tableNow(before: string): string {
    return [...this.#tables].find(([, old]) => old === before)?.[0] ?? before;
  }

  /** The name now, of a column by its names before. */
  columnNow(table: string, before: string): string {
    const prefix = `${table}.`;
    const found = [...this.#columns].find(([now, old]) => now.startsWith(prefix) && old === before);
    return found === undefined ? before : found[0].slice(prefix.length);
  }

  renameTable(now: string, to: string): void {
    const before = this.table(now);
    this.#tables.delete(plain(now));
    const renamed = withSchemaOf(plain(now), to);
    if (renamed !== before) this.#tables.set(renamed, before);
  }

  renameColumn(table: string, now: string, to: string): void {
    const before = this.column(table, now);
    this.#columns.delete(`${table}.${now}`);
    if (to !== before) this.#columns.set(`${table}.${to}`, before);
  }
}

/** `public.` is left out, so that both ways to write a name are one. */
export const plain = shortName;

function withSchemaOf(name: string, to: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? to : `${name.slice(0, dot)}.${to}`;
}
