/** Copies of tables inside the transaction that changes them, readable by nobody else. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { baseName, ident, literal, nameWithSuffix, quoteName, shortName } from './names.ts';
import type { Target } from './target.ts';

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** What the copy of `schema.table` is called; a migration that comes back gets a new one, by its transaction. */
export const snapshotName = (table: string, migration: string, xid: string): string =>
  nameWithSuffix(baseName(table), `_${shortHash(`${shortName(table)} ${migration} ${xid}`)}`);

/** Where the keys of the rows of `schema.table` that are still as a migration left them are kept. */
export const untouchedName = (table: string, migration: string, xid: string): string =>
  nameWithSuffix(baseName(table), `_untouched_${shortHash(`${shortName(table)} ${migration} ${xid}`)}`);

/** What the copy of `schema.table` and the keys beside it are called; a second copy in one schema gets a number. */
export async function copyNames(
  target: Target,
  schema: string,
  table: string,
): Promise<{ readonly copy: string; readonly keys: string; readonly changed: string }> {
  const named = (n: number, what = ''): string => {
    const number = n === 1 ? '' : `_${n}`;
    return nameWithSuffix(baseName(table), `_${shortHash(shortName(table))}${number}${what}`);
  };
  const n = await firstFree(target, schema, named);
  return { copy: named(n), keys: named(n, '_keys'), changed: named(n, '_changed') };
}

/** `xmin` shows the lower 32 bits of a transaction's id. */
export const asXmin = (xid: string): string => String(BigInt(xid) % 2n ** 32n);

/** The first number whose name is not taken in a schema. */
export async function firstFree(
  target: Target,
  schema: string,
  named: (n: number) => string,
): Promise<number> {
  for (let n = 1; ; n += 1) {
    const rows = await target.read(
      `select 1
         from pg_class c
         join pg_namespace s on s.oid = c.relnamespace
        where s.nspname = $1 and c.relname = $2`,
      [schema, named(n)],
    );
    if (rows.length === 0) return n;
  }
}

/** Makes the schema of an incident's snapshots. */
export const createSchemaSql = (schema: string): string => `create schema if not exists ${ident(schema)}`;

/** Copies a whole table. */
export const copySql = (copy: string, table: string): string =>
  `create table ${quoteName(copy)} as select * from ${quoteName(table)}`;

/** Keeps the keys (`k1`, `k2`, …) of the rows that nobody wrote since the migration, and how that is known. */
export function untouchedSql(options: {
  readonly kept: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly xid: string;
  /** Also rows that are older than the migration: it dropped a column of theirs without writing them. */
  readonly older: boolean;
}): string {
  const xid = `${literal(options.xid)}::xid`;
  const keys = options.key.map((column, i) => `t.${ident(column)} as k${i + 1}`);
  const older = options.older ? ` or age(t.xmin) > age(${xid})` : '';
  return [
    `create table ${quoteName(options.kept)} as`,
    `select ${keys.join(', ')}, t.xmin::text as kept_xmin,`,
    `       case when t.xmin = ${xid} then 'migration' else 'older' end as how`,
    `  from ${quoteName(options.table)} t`,
    ` where t.xmin = ${xid}${older}`,
  ].join('\n');
}

/** Writes on kept keys which columns the migration dropped; they are lost in rows that it never wrote, too. */
export const aboutSql = (kept: string, dropped: readonly string[]): string =>
  `comment on table ${quoteName(kept)} is ${literal(JSON.stringify({ dropped }))}`;

export interface Fingerprint {
  readonly rows: number;
  readonly checksum: string;
}

/** Row count and a checksum that does not depend on the order of the rows. */
export async function fingerprint(client: pg.ClientBase, table: string): Promise<Fingerprint> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `select count(*)::text as rows, coalesce(sum(hashtextextended((t.*)::text, 0)::numeric), 0)::text as checksum
       from ${quoteName(table)} t`,
  );
  return { rows: Number(rows[0]?.rows ?? 0), checksum: rows[0]?.checksum ?? '0' };
}

/**
 * Takes every right on a copy and its schema from everybody but the owner, and verifies it: default privileges
 * give rights to new tables. The bot's own diag role keeps its way into the schema, and may read kept keys.
 */
export async function closeOff(
  client: pg.ClientBase,
  copy: { readonly schema: string; readonly table: string },
  reader: { readonly role: string; readonly mayRead: boolean },
): Promise<void> {
  const schema = ident(copy.schema);
  const table = `${schema}.${ident(copy.table)}`;
  for (const grantee of await grantees(client, TABLE_ACL, table)) {
    await client.query(`revoke all on table ${table} from ${grantee}`);
  }
  for (const grantee of await grantees(client, SCHEMA_ACL, schema)) {
    await client.query(`revoke all on schema ${schema} from ${grantee}`);
  }
  await client.query(`grant usage on schema ${schema} to ${reader.role}`);
  if (reader.mayRead) await client.query(`grant select on table ${table} to ${reader.role}`);
  const left = [
    ...(await grantees(client, TABLE_ACL, table)).filter((it) => !reader.mayRead || it !== reader.role),
    ...(await grantees(client, SCHEMA_ACL, schema)).filter((it) => it !== reader.role),
  ];
  if (left.length > 0) throw new Error(`rights on ${table} are left with ${left.join(', ')}`);
}

const TABLE_ACL = 'select relowner as owner, relacl as acl from pg_class where oid = to_regclass($1)';
const SCHEMA_ACL =
  'select nspowner as owner, nspacl as acl from pg_namespace where oid = to_regnamespace($1)';

/** Roles, quoted, or `public`, that have rights on an object without owning it. */
async function grantees(client: pg.ClientBase, acl: string, object: string): Promise<string[]> {
  const { rows } = await client.query<{ grantee: string }>(
    `select distinct case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee
       from (${acl}) as object, aclexplode(object.acl) as a
      where a.grantee <> object.owner`,
    [object],
  );
  return rows.map((row) => row.grantee);
}
