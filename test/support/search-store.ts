/** Looks for words in every text, jsonb and bytea column of every table of a store. */
import type { Store } from '../../src/store/store.ts';

/** `table.column` of each place that holds them; none is what a redaction promises. */
export async function placesOf(store: Store, words: string): Promise<readonly string[]> {
  const { rows: columns } = await store.query<{ table: string; column: string; type: string }>(
    `select table_name as table, column_name as column, udt_name as type
       from information_schema.columns
      where table_schema = current_schema()
        and udt_name in ('text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'bytea', '_text', '_varchar', 'uuid')
      order by table_name, ordinal_position`,
  );
  const found: string[] = [];
  for (const { table, column, type } of columns) {
    // jsonb shows a text escaped: it is looked for as it would be shown.
    const shown = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`;
    const sought = /json/.test(type) ? JSON.stringify(words).slice(1, -1) : words;
    const { rows } = await store.query<{ n: number }>(
      `select count(*) as n from "${table}" where strpos(${shown}, $1) > 0`,
      [sought],
    );
    if ((rows[0]?.n ?? 0) > 0) found.push(`${table}.${column}`);
  }
  return found;
}
