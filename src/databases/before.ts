/** Copies that are made before the lock, where copying under it would take too long, and brought up to date under it. */
import type pg from 'pg';
import { z } from 'zod';
import type { ActionOutcome, Marker, Plan } from '../domain/plan.ts';
import { beginSql } from './execution.ts';
import { BEFORE_PART, noteMarker, readMarkers, writeMarker } from './marker.ts';
import { ident, literal, quoteName } from './names.ts';
import { Stop } from './outcome.ts';
import { asXmin, closeOff, copySql, createSchemaSql, fingerprint } from './snapshot.ts';
import type { Target } from './target.ts';

/** A table and where its copy goes. */
export interface CopiedBefore {
  /** `schema.table`. */
  readonly name: string;
  readonly oid: number;
  readonly key: readonly string[];
  /** In the snapshot schema. */
  readonly copy: string;
}

const note = z.object({
  /** Every transaction before this one had ended when the copies were made. */
  horizon: z.string(),
  tables: z.array(
    z.object({
      oid: z.number(),
      /** Another one by now: the table was rewritten or emptied. */
      file: z.string(),
      /** By number, name and type: one that was dropped and added again has another number. */
      columns: z.string(),
      rows: z.number(),
      checksum: z.string(),
    }),
  ),
});

/** What is known of the copies. */
export type Before = z.infer<typeof note>;

/** Nobody but those who change the schema waits for the copying; it ends nevertheless. */
const COPY_TIMEOUT_MS = 30 * 60_000;

interface Copies {
  make(
    client: pg.Client,
    work: {
      readonly target: Target;
      readonly marker: Marker;
      readonly plan: Plan;
      readonly lockTimeoutMs: number;
    },
    tables: readonly CopiedBefore[],
  ): Promise<void>;
  /** Undefined: none were made before. */
  made(): Before | undefined;
}

/** Executes what may copy before it locks; an outcome that stopped says that such copies stay. */
export async function copyingBefore(
  inputs: () => { readonly snapshotSchema: string },
  execute: (copies: Copies) => Promise<ActionOutcome>,
): Promise<ActionOutcome> {
  const state: { begun: boolean; before?: Before } = { begun: false };
  const outcome = await execute({
    made: () => state.before,
    make: async (client, work, tables) => {
      state.begun = true;
      state.before = await copyBefore(
        client,
        { ...work, planHash: work.plan.hash },
        inputs().snapshotSchema,
        tables,
      );
    },
  });
  if (!state.begun || outcome.state !== 'stopped') return outcome;
  // A cut may have come in the answer to the COMMIT of the copies.
  const stays = `The copies that were made before it ${state.before === undefined ? 'may be left' : 'stay'} in ${inputs().snapshotSchema}.`;
  return { ...outcome, verdict: `${outcome.verdict} ${stays}` };
}

/** Copies the tables in a transaction of its own; a second execution of the step finds them again. */
async function copyBefore(
  client: pg.Client,
  work: {
    readonly target: Target;
    readonly marker: Marker;
    readonly planHash: string;
    readonly lockTimeoutMs: number;
  },
  schema: string,
  tables: readonly CopiedBefore[],
): Promise<Before> {
  const made = (await readMarkers(client, work.marker)).find(({ part }) => part === BEFORE_PART);
  if (made?.plan_hash === work.planHash) return note.parse(made.note);
  if (made !== undefined) throw new Stop('PLAN_VOID', 'This step copied its tables for another plan.');
  const [reader] = await work.target.read<{ role: string }>('select quote_ident(current_user) as role');
  try {
    // The lock comes before the snapshot is taken: an emptied table would be copied as empty.
    const names = tables
      .map(({ name }) => quoteName(name))
      .sort()
      .join(', ');
    await client.query(
      `${beginSql({ ...work, statementTimeoutMs: COPY_TIMEOUT_MS }, 'repeatable read')}; lock table ${names} in access share mode`,
    );
    const part = { ...work.marker, part: BEFORE_PART };
    await writeMarker(client, part, work.planHash);
    await client.query(createSchemaSql(schema));
    const horizon = await horizonOf(client);
    const copies: Before['tables'] = [];
    for (const table of tables) copies.push(await copyOne(client, schema, table, reader?.role ?? 'public'));
    await noteMarker(client, part, { horizon, tables: copies });
    await client.query('commit');
    return { horizon, tables: copies };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Not the snapshot itself: it does not list subtransactions, and they are younger than this. */
async function horizonOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ xid: string }>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as xid',
  );
  return rows[0]?.xid ?? '0';
}

async function copyOne(
  client: pg.Client,
  schema: string,
  { name, oid, copy }: CopiedBefore,
  role: string,
): Promise<Before['tables'][number]> {
  const to = `${schema}.${copy}`;
  await client.query(copySql(to, name));
  await closeOff(client, { schema, table: copy }, { role, mayRead: false });
  return { oid, ...(await shapeOf(client, oid)), ...(await fingerprint(client, to)) };
}

async function shapeOf(client: pg.Client, oid: number): Promise<{ file: string; columns: string }> {
  const { rows } = await client.query<{ file: string; columns: string }>(
    `select pg_relation_filenode($1::oid)::text as file,
            (select string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod), ', ' order by attnum)
               from pg_attribute
              where attrelid = $1::oid and attnum > 0 and not attisdropped) as columns`,
    [oid],
  );
  return rows[0] ?? { file: '', columns: '' };
}

/** Under the lock: takes out of a copy what is gone or was written since, and puts in what is there instead. */
export async function bringUpToDate(
  client: pg.Client,
  before: Before,
  schema: string,
  table: CopiedBefore,
): Promise<{ readonly rows: number; readonly checksum: string; readonly since: number }> {
  const then = before.tables.find(({ oid }) => oid === table.oid);
  const now = await shapeOf(client, table.oid);
  if (then?.file !== now.file || then.columns !== now.columns) {
    throw new Stop(
      'CHANGED',
      `${table.name} was rewritten, emptied or altered after it was copied: the copy is not the table any more. Plan it again.`,
    );
  }
  const horizon = literal(asXmin(before.horizon));
  const gone = await summed(client, takeOutSql(schema, table, horizon));
  const fresh = await summed(client, putInSql(schema, table, horizon));
  const rows = then.rows - gone.rows + fresh.rows;
  const checksum = String(BigInt(then.checksum) - BigInt(gone.checksum) + BigInt(fresh.checksum));
  const { rows: counts } = await client.query<{ copy: string; table: string }>(
    countsSql(`${schema}.${table.copy}`, table.name),
  );
  const [count] = counts;
  if (Number(count?.copy) !== rows || Number(count?.table) !== rows) {
    throw new Stop(
      'FAILED',
      `The snapshot of ${table.name} holds ${count?.copy ?? 'unknown'} of ${count?.table ?? 'unknown'} rows.`,
    );
  }
  return { rows, checksum, since: Math.max(gone.rows, fresh.rows) };
}

async function summed(client: pg.Client, sql: string): Promise<{ rows: number; checksum: string }> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(sql);
  return { rows: Number(rows[0]?.rows ?? 0), checksum: rows[0]?.checksum ?? '0' };
}

const SUMMED = `returning hashtextextended((c.*)::text, 0)::numeric as hash
)
select count(*)::text as rows, coalesce(sum(hash), 0)::text as checksum from moved`;

/** Written by nobody who had not ended when the copy was made. */
const unwritten = (horizon: string): string => `age(t.xmin) > age(${horizon}::xid)`;

/** Takes rows out of the copy that the table does not have any more, or has otherwise. */
export const takeOutSql = (schema: string, { name, key, copy }: CopiedBefore, horizon: string): string =>
  `with moved as (
delete from ${quoteName(`${schema}.${copy}`)} c
 where not exists (
   select from ${quoteName(name)} t
    where ${key.map((column) => `t.${ident(column)} = c.${ident(column)}`).join(' and ')} and ${unwritten(horizon)})
${SUMMED}`;

/** Puts rows into the copy that were written since. */
export const putInSql = (schema: string, { name, copy }: CopiedBefore, horizon: string): string =>
  `with moved as (
insert into ${quoteName(`${schema}.${copy}`)} as c
select t.* from ${quoteName(name)} t where not (${unwritten(horizon)})
${SUMMED}`;

const countsSql = (copy: string, table: string): string =>
  `select (select count(*) from ${quoteName(copy)})::text as copy, (select count(*) from ${quoteName(table)})::text as "table"`;
