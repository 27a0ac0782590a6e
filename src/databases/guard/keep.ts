/**
 * What a migration overwrites, kept exactly: triggers log every row that anybody changes while the migration runs, with
 * the transaction that did it, so that a client's write just before the migration is not mistaken for an older value.
 * They never make a write fail, and do nothing any more after their deadline.
 */
import type pg from 'pg';
import { ident, literal, quoteName } from '../names.ts';
import { errorText, isLockTrouble } from '../pg-errors.ts';
import { closeOff, copySql } from '../snapshot.ts';
import type { AtRisk } from './at-risk.ts';
import { type Keeping, keptName, logOf } from './keeping.ts';

const note = (it: Keeping, { oid }: AtRisk): string => `${ident(it.schema)}.${ident(`note_${oid}`)}`;
const TRIGGERS = ['insert', 'update', 'delete', 'truncate'] as const;
const trigger = ({ schema }: Keeping, event: string): string => ident(`${schema}_${event}`);

/** Makes the schema, the logs and their triggers, then copies what no trigger sees. Writers wait a moment for each table. */
export async function startKeeping(client: pg.Client, it: Keeping, deadline: Date): Promise<void> {
  const schema = ident(it.schema);
  await client.query(`create schema ${schema}; create sequence ${schema}.lost;
    create table ${schema}.alive (until timestamptz not null)`);
  await client.query(`insert into ${schema}.alive values ($1)`, [deadline]);
  // By its file a rewritten table is known, also when nobody wrote to it before.
  await client.query(
    `create table ${schema}.nodes as select oid, pg_relation_filenode(oid) as node from pg_class where oid in (${it.tables.map(({ oid }) => oid).join(', ') || 0})`,
  );
  for (const table of it.tables) {
    await client.query(logSql(it, table));
    // Its columns as they are now: images are read by them later.
    await client.query(
      `create table ${quoteName(keptName(it, 'shape', table))} as select * from ${quoteName(table.name)} limit 0`,
    );
  }
  for (const table of it.tables) await underLock(client, triggersSql(it, table));
  for (const table of it.tables) {
    const closed = { role: it.reader, mayRead: false };
    await closeOff(client, { schema: it.schema, table: `log_${table.oid}` }, closed);
    if (!table.copied) continue;
    // A policy makes it fail, where it would have hidden rows.
    await underLock(
      client,
      `set local row_security = off; ${copySql(keptName(it, 'copy', table), table.name)}`,
    );
    await closeOff(client, { schema: it.schema, table: `copy_${table.oid}` }, closed);
  }
}

/** Says that the guard is there: without it the triggers do nothing any more, and the log counts as incomplete. */
export const stayAlive = async (
  client: pg.Client,
  { schema }: Pick<Keeping, 'schema'>,
  until: Date,
): Promise<void> => {
  await client.query(`update ${ident(schema)}.alive set until = $1`, [until]);
};

/** Takes the triggers of guards off that are gone, and were not able to. */
export async function clearAway(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ note: string }>(`
    select p.oid::regprocedure::text as note
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname like 'firebreak\\_guard\\_%' and p.proname like 'note\\_%'`);
  for (const { note: of } of rows) await underLock(client, `drop function if exists ${of} cascade`);
}

const logSql = (it: Keeping, table: AtRisk): string => `
create table ${logOf(it, table)} (
  n bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  node oid not null default pg_relation_filenode(${table.oid}),
  op text not null,
  is_new boolean not null,
  image jsonb not null
);
revoke all on ${logOf(it, table)} from public;
create function ${note(it, table)}() returns trigger language plpgsql security definer set search_path = pg_catalog set extra_float_digits = 3 as ${literal(`
begin
  begin
    if clock_timestamp() > (select until from ${ident(it.schema)}.alive) then
      perform nextval(${literal(`${ident(it.schema)}.lost`)});
      return null;
    end if;
    if tg_op = 'TRUNCATE' then
      execute format('insert into ${logOf(it, table).replaceAll("'", "''")} (op, is_new, image) select ''TRUNCATE'', false, to_jsonb(t) from %s t', tg_relid::regclass);
      return null;
    end if;
    if tg_op <> 'INSERT' then
      insert into ${logOf(it, table)} (op, is_new, image) select tg_op, false, to_jsonb(r) from old_rows r;
    end if;
    if tg_op <> 'DELETE' then
      insert into ${logOf(it, table)} (op, is_new, image) select tg_op, true, to_jsonb(r) from new_rows r;
    end if;
  exception when others then
    perform nextval(${literal(`${ident(it.schema)}.lost`)});
  end;
  return null;
end`)};
revoke all on function ${note(it, table)}() from public`;

const REFERENCING = {
  insert: 'referencing new table as new_rows',
  update: 'referencing old table as old_rows new table as new_rows',
  delete: 'referencing old table as old_rows',
  truncate: '',
} as const;

/** Always: also for a session that plays a replica. */
const triggersSql = (it: Keeping, table: AtRisk): string =>
  TRIGGERS.map((event) => {
    const when = event === 'truncate' ? 'before' : 'after';
    const on = quoteName(table.name);
    return `create trigger ${trigger(it, event)} ${when} ${event} on ${on} ${REFERENCING[event]} for each statement execute function ${note(it, table)}();
alter table ${on} enable always trigger ${trigger(it, event)}`;
  }).join(';\n');

const ATTEMPTS = 8;

async function underLock(client: pg.Client, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`begin; set local lock_timeout = 1000; ${sql}; commit`);
      return;
    } catch (error) {
      await client.query('rollback');
      if (!isLockTrouble(error) || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300 * attempt * (1 + Math.random())));
    }
  }
}

/** Takes the triggers off again; answers in words where it could not, which harms nobody after the deadline. */
export async function stopLogging(client: pg.Client, it: Keeping): Promise<string[]> {
  const left: string[] = [];
  for (const table of it.tables) {
    try {
      await underLock(client, `drop function if exists ${note(it, table)}() cascade`);
    } catch (error) {
      left.push(`The triggers on ${table.name} are still there: ${errorText(error)}.`);
    }
  }
  return left;
}

/** Removes everything that was kept. */
export const forgetKept = async (client: pg.Client, { schema }: Pick<Keeping, 'schema'>): Promise<void> => {
  await client.query(`set client_min_messages = warning`);
  await underLock(client, `drop schema if exists ${ident(schema)} cascade`);
};

/** Tables that are not as they were when the keeping began: gone, rewritten, or with other columns. */
export async function changedTables(client: pg.Client, it: Keeping): Promise<string[]> {
  const changed: string[] = [];
  for (const table of it.tables) {
    const { rows } = await client.query<{ same: boolean }>(
      `select exists (select from ${ident(it.schema)}.nodes n
                       where n.oid = $1 and n.node = pg_relation_filenode(n.oid))
              and array(select attname from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped order by attnum)
                  = $2::name[] as same`,
      [table.oid, table.columns.map((column) => column.name)],
    );
    if (rows[0]?.same !== true) changed.push(table.name);
  }
  return changed;
}
