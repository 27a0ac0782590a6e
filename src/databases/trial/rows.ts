/** All rows of a database that nobody needs, kept, and compared with those that are there later. */
import type pg from 'pg';
import { ident, quoteName, shortName } from '../names.ts';

const KEPT = 'firebreak_trial';

export interface RowDifference {
  /** `rows of orders` */
  readonly object: string;
  readonly on: string;
  readonly column?: string;
  /** Rows, or values of one column, that are not there any more as they were. */
  readonly lost: number;
  /** Rows that were not there before. */
  readonly extra: number;
}

export const rowDifferenceText = ({ object, lost, extra }: RowDifference): string =>
  `${object}: ${lost} not as they were${extra > 0 ? `, ${extra} more` : ''}`;

interface TableRow {
  readonly name: string;
  readonly copy: string;
}

const TABLES = `
  select n.nspname || '.' || c.relname as name, 't' || c.oid as copy
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and not c.relispartition
     and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and n.nspname !~ '^firebreak'
   order by 1`;

/** Copies every table, and what each is called. */
export async function keepRows(client: pg.Client): Promise<void> {
  await forgetRows(client);
  await client.query(`create schema ${KEPT}; create table ${KEPT}.tables (name text, copy text)`);
  const { rows } = await client.query<TableRow>(TABLES);
  for (const { name, copy } of rows) {
    await client.query(`create table ${KEPT}.${ident(copy)} as select * from ${quoteName(name)}`);
    await client.query(`insert into ${KEPT}.tables values ($1, $2)`, [name, copy]);
  }
}

export const forgetRows = async (client: pg.Client): Promise<void> => {
  await client.query(
    `set client_min_messages = warning; drop schema if exists ${KEPT} cascade; reset client_min_messages`,
  );
};

/** Tables whose rows are not those that were kept; of a table that is gone, all. */
export async function compareRows(client: pg.Client): Promise<RowDifference[]> {
  const { rows: kept } = await client.query<TableRow>(`select name, copy from ${KEPT}.tables order by name`);
  const found: RowDifference[] = [];
  for (const table of kept) found.push(...(await compareTable(client, table)));
  return found;
}

async function compareTable(client: pg.Client, { name, copy }: TableRow): Promise<RowDifference[]> {
  const on = shortName(name);
  const kept = `${KEPT}.${ident(copy)}`;
  const columns = await commonColumns(client, name, copy);
  if (columns === undefined) return [];
  const all = columns.map(({ column }) => `${ident(column)}::text`).join(', ') || 'null';
  const whole = await differing(client, all, kept, quoteName(name));
  if (whole.lost === 0 && whole.extra === 0) return [];
  // Which columns it is: told one by one, so that each can be held against what was announced.
  const found: RowDifference[] = [];
  for (const { column } of columns) {
    const one = await differing(client, `${ident(column)}::text`, kept, quoteName(name));
    if (one.lost > 0 && whole.lost === whole.extra)
      found.push({ object: `values of ${on}.${column}`, on, column, lost: one.lost, extra: 0 });
  }
  return found.length > 0 ? found : [{ object: `rows of ${on}`, on, ...whole }];
}

/** Undefined: the table is gone, which the schema tells. */
async function commonColumns(
  client: pg.Client,
  name: string,
  copy: string,
): Promise<{ readonly column: string }[] | undefined> {
  const there = await client.query(`select to_regclass($1) is not null as there`, [quoteName(name)]);
  if (!(there.rows[0] as { there: boolean }).there) return undefined;
  const { rows } = await client.query<{ column: string }>(
    `select k.attname::text as column
       from pg_attribute k
       join pg_attribute a on a.attrelid = to_regclass($1) and a.attname = k.attname and a.attnum > 0 and not a.attisdropped
      where k.attrelid = to_regclass($2) and k.attnum > 0
      order by k.attnum`,
    [quoteName(name), `${KEPT}.${ident(copy)}`],
  );
  return rows;
}

async function differing(
  client: pg.Client,
  columns: string,
  kept: string,
  now: string,
): Promise<{ readonly lost: number; readonly extra: number }> {
  const { rows } = await client.query<{ lost: number; extra: number }>(`
    select (select count(*)::int from (select ${columns} from ${kept} except all select ${columns} from ${now}) x) as lost,
           (select count(*)::int from (select ${columns} from ${now} except all select ${columns} from ${kept}) x) as extra`);
  return rows[0] ?? { lost: 0, extra: 0 };
}
