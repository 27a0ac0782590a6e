/** What the diag role may do besides reading: the guarantee towards a target is the role, not the read-only transaction. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import { ident } from './names.ts';
import type { Target } from './target.ts';

/** A right that a role which only reads would not have. */
export interface Excess {
  /** As a sentence goes on after the role's name: `is a superuser`. */
  readonly found: string;
  readonly fix: string;
}

export interface Rights {
  readonly role: string;
  /** Empty: it only reads. */
  readonly excess: readonly Excess[];
  /** Row security hides nothing from it: no harm to the target, but worth knowing. */
  readonly seesEveryRow: boolean;
}

/** Why nothing but the shipped checks may be run as this target's diag role; undefined when it only reads. */
export async function refuseUnsafeDiag(target: Target): Promise<Refusal | undefined> {
  const { role, excess } = await readRights(target);
  if (excess.length === 0) return undefined;
  const found = excess.map((each) => each.found).join(', ');
  const fix = excess.map((each) => each.fix).join(' ');
  return refuse('DIAG_MAY_WRITE', { target: target.name, role, found, fix });
}

/** The rights of the diag role and of all roles that it could become, in words. It reads catalogs and takes no lock. */
export async function readRights(target: Target): Promise<Rights> {
  const [row] = await target.read<Row>(SQL);
  if (row === undefined) throw new Error('the rights query returned no row');
  const excess = row.superuser ? [superuser(row.role)] : excessOf(row);
  return { role: row.role, excess, seesEveryRow: row.sees_every_row };
}

interface Row {
  readonly role: string;
  readonly superuser: boolean;
  readonly sees_every_row: boolean;
  readonly makes_roles: boolean;
  readonly replicates: boolean;
  readonly powers: readonly string[];
  readonly owns: readonly string[];
  readonly writes: readonly string[];
  readonly creates_in: readonly string[];
  readonly creates_schemas: boolean;
}

/** `set_config('role', …)` is a SELECT, too: what a role that it is a member of may do, it may do. */
const SQL = `
  with me as (
    select oid, rolname from pg_roles where rolname = current_user
  ), could_be as (
    select r.oid, r.rolname, r.rolsuper, r.rolcreaterole, r.rolreplication, r.rolbypassrls
      from pg_roles r, me
     where pg_has_role(me.oid, r.oid, 'MEMBER')
  ), ours as (
    select oid, nspname from pg_namespace
     where nspname not like 'pg\\_%' and nspname <> 'information_schema'
  ), tables as (
    select c.oid, c.relowner, format('%I.%I', n.nspname, c.relname) as name
      from pg_class c
      join ours n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f')
  )
  select me.rolname::text as role,
         (select bool_or(rolsuper) from could_be) as superuser,
         (select bool_or(rolsuper or rolbypassrls) from could_be) as sees_every_row,
         (select bool_or(rolcreaterole) from could_be) as makes_roles,
         (select bool_or(rolreplication) from could_be) as replicates,
         array(select rolname::text from could_be
                where rolname in ('pg_execute_server_program', 'pg_write_server_files', 'pg_signal_backend')
                order by 1) as powers,
         array(select name from tables t
                where t.relowner in (select oid from could_be)
                order by 1 limit 4) as owns,
         array(select name from tables t
                where t.relowner not in (select oid from could_be)
                  and exists (select from could_be r
                               where has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                                  or has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE'))
                order by 1 limit 4) as writes,
         array(select quote_ident(n.nspname) from ours n
                where exists (select from could_be r where has_schema_privilege(r.oid, n.oid, 'CREATE'))
                order by 1 limit 4) as creates_in,
         exists (select from could_be r
                  where has_database_privilege(r.oid, current_database(), 'CREATE')) as creates_schemas
    from me`;

const superuser = (role: string): Excess => ({
  found: 'is a superuser, or may become one',
  fix: `Give the diag URL a role of its own; \`firebreak db roles\` prints it. (Now: ${ident(role)}.)`,
});

function excessOf(row: Row): readonly Excess[] {
  const role = ident(row.role);
  const when = (wrong: boolean, found: string, fix: string): readonly Excess[] =>
    wrong ? [{ found, fix }] : [];
  return [
    ...when(row.makes_roles, 'may create roles', `ALTER ROLE ${role} NOCREATEROLE;`),
    // A slot of replication that nobody reads fills the disk.
    ...when(row.replicates, 'may replicate', `ALTER ROLE ${role} NOREPLICATION;`),
    ...when(
      row.powers.length > 0,
      `is a member of ${row.powers.join(', ')}`,
      `REVOKE ${row.powers.join(', ')} FROM ${role};`,
    ),
    ...when(
      row.owns.length > 0,
      `owns ${some(row.owns)}`,
      `Let the role that runs the migrations own them, and take it from ${role}.`,
    ),
    ...when(
      row.writes.length > 0,
      `may write ${some(row.writes)}`,
      `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ${row.writes.join(', ')} FROM ${role}, PUBLIC;`,
    ),
    ...when(
      row.creates_in.length > 0,
      `may create tables in ${some(row.creates_in)}`,
      `REVOKE CREATE ON SCHEMA ${row.creates_in.join(', ')} FROM ${role}, PUBLIC;`,
    ),
    ...when(
      row.creates_schemas,
      'may create schemas',
      `REVOKE CREATE ON DATABASE of this target FROM ${role}, PUBLIC;`,
    ),
  ];
}

/** The statement asks for one more than is shown. */
const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and more` : names.join(', ');
