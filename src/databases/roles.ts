/** The SQL that makes the three roles of a target and its marker schema, fitted to the database as far as it can be read. */

import { MARKERS } from './marker.ts';
import { ident, literal } from './names.ts';
import { errorText } from './pg-errors.ts';
import type { Target } from './target.ts';

/** For psql as a superuser; run again it changes nothing. Passwords are placeholders. */
export async function rolesSql(target: Target): Promise<string> {
  const found = await read(target).catch((error: unknown) => errorText(error));
  const world = typeof found === 'string' ? unread(target) : found;
  const notes = typeof found === 'string' ? [`The database could not be read (${found}).`] : [];
  return written(target, world, rolesOf(target, world), notes);
}

interface World {
  readonly database: string;
  /** The role that owns most tables. */
  readonly owner: string;
  readonly owner_is_super: boolean;
  readonly others: readonly string[];
  readonly schemas: readonly string[];
  /** Schemas in which everybody may create tables. */
  readonly open: readonly string[];
  /** Users of the URLs that are superusers or own tables: no roles to be given away. */
  readonly mighty: readonly string[];
}

const WORLD = `
  with tables as (
    select n.nspname, r.rolname as owner
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_roles r on r.oid = c.relowner
     where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|firebreak)' and n.nspname <> 'information_schema'
  ), owners as (
    select owner, count(*) as n from tables group by 1 order by 2 desc, 1
  )
  select current_database()::text as database,
         array(select owner::text from owners order by n desc, owner) as owners,
         coalesce((select r.rolsuper from owners join pg_roles r on r.rolname = owner order by n desc, owner limit 1), false)
           as owner_is_super,
         array(select distinct nspname::text from tables order by 1) as schemas,
         array(select n.nspname::text
                 from pg_namespace n, aclexplode(n.nspacl) a
                where a.grantee = 0 and a.privilege_type = 'CREATE'
                order by 1) as open,
         array(select rolname::text from pg_roles
                where rolname = any($1::text[]) and (rolsuper or rolname in (select owner from owners))) as mighty`;

interface Row extends Omit<World, 'owner' | 'others'> {
  readonly owners: readonly string[];
}

async function read(target: Target): Promise<World> {
  const users = ROLES.map((role) => userOf(target, role) ?? '');
  const [row] = await target.read<Row>(WORLD, [users]);
  if (row === undefined) throw new Error('it answered no row');
  const [owner = PLACEHOLDER, ...others] = row.owners;
  return { ...row, owner, others, schemas: row.schemas.length > 0 ? row.schemas : ['public'] };
}

const ROLES = ['diag', 'act', 'ddl'] as const;
type RoleName = (typeof ROLES)[number];
const PLACEHOLDER = 'owner_of_your_tables';

const unread = (target: Target): World => ({
  database: decodeURIComponent(urlOf(target, 'diag')?.pathname.slice(1) ?? '') || 'your_database',
  owner: PLACEHOLDER,
  owner_is_super: false,
  others: [],
  schemas: ['public'],
  open: [],
  mighty: [],
});

function urlOf({ config }: Target, role: RoleName): URL | undefined {
  const url = config.urls[role];
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
}

const userOf = (target: Target, role: RoleName): string | undefined =>
  decodeURIComponent(urlOf(target, role)?.username ?? '') || undefined;

/** The users of the URLs, each for one role only; the owner itself may be `ddl`. */
function rolesOf(target: Target, { mighty, owner }: World): Readonly<Record<RoleName, string>> {
  const users = ROLES.map((role) => userOf(target, role));
  const named = (role: RoleName, index: number): string => {
    const user = users[index];
    const shared = users.some((other, at) => at !== index && other === user);
    const taken = user !== undefined && mighty.includes(user) && !(role === 'ddl' && user === owner);
    return user === undefined || shared || taken ? `firebreak_${role}` : user;
  };
  return { diag: named('diag', 0), act: named('act', 1), ddl: named('ddl', 2) };
}

function written(
  target: Target,
  world: World,
  names: Readonly<Record<RoleName, string>>,
  notes: readonly string[],
): string {
  const [diag, act, ddl] = [ident(names.diag), ident(names.act), ident(names.ddl)];
  const [owner, database] = [ident(world.owner), ident(world.database)];
  const schemas = world.schemas.map(ident).join(', ');
  const login = names.ddl === world.owner ? [] : [names.ddl];
  return `${[
    ...comment(
      `The roles of ${target.name}. Run it in the database ${world.database} as a superuser, with passwords put in.`,
    ),
    ...notes.flatMap((note) => comment(note)),
    ...(world.owner === PLACEHOLDER
      ? comment(`Put the role that owns the tables in for ${PLACEHOLDER}.`)
      : []),
    ...(world.others.length > 0
      ? comment(
          `Tables also belong to ${world.others.join(', ')}: repeat for each what names ${world.owner}.`,
        )
      : []),
    ...(world.owner_is_super
      ? comment(
          `${world.owner} is a superuser, and ddl would work as one: better give the tables to a role of their own first.`,
        )
      : []),
    'begin;',
    '',
    ...[names.diag, names.act, ...login].map(createRole),
    '',
    ...comment("diag reads: statistics, other sessions' statements, the tables, and where sequences stand."),
    `grant pg_monitor to ${diag};`,
    `grant usage on schema ${schemas} to ${diag};`,
    `grant select on all tables in schema ${schemas} to ${diag};`,
    `grant select on all sequences in schema ${schemas} to ${diag};`,
    ...world.schemas.flatMap((schema) =>
      ['tables', 'sequences'].map(
        (kind) =>
          `alter default privileges for role ${owner} in schema ${ident(schema)} grant select on ${kind} to ${diag};`,
      ),
    ),
    '',
    ...comment('act signals the sessions of everybody but superusers, and sees when they began.'),
    `grant pg_signal_backend, pg_read_all_stats to ${act};`,
    '',
    ...comment('ddl works as the owner of the tables, so that what it creates belongs to that owner too.'),
    ...(login.length > 0
      ? [
          `grant ${owner} to ${ddl};`,
          `alter role ${ddl} in database ${database} set role = ${literal(world.owner)};`,
        ]
      : []),
    `grant create on database ${database} to ${owner};`,
    '',
    ...comment('By these the three URLs are seen to lead to the same database.'),
    `grant execute on function pg_control_system(), pg_control_checkpoint() to ${diag}, ${act}, ${ddl}, ${owner};`,
    '',
    ...comment(
      'From PostgreSQL 16 on: a way in when connections run out. It takes `reserved_connections = 4`, and a restart.',
    ),
    reserved([diag, act, ddl].join(', ')),
    '',
    ...comment('Markers: what was committed by Firebreak, kept by the target itself.'),
    `create schema if not exists firebreak authorization ${owner};`,
    `${MARKERS.trim()};`,
    `alter schema firebreak owner to ${owner};`,
    `alter table firebreak.markers owner to ${owner};`,
    ...(world.open.length > 0
      ? [
          '',
          ...comment('Everybody may create tables here, diag too; take it away if nothing else needs it:'),
          ...comment(`revoke create on schema ${world.open.map(ident).join(', ')} from public;`),
        ]
      : []),
    '',
    'commit;',
  ].join('\n')}\n`;
}

/** A name may hold a line break; a comment must not end by it. */
const comment = (text: string): readonly string[] => [`-- ${text.replace(/\s+/g, ' ')}`];

const createRole = (name: string): string => {
  const create = `create role ${ident(name)} login password 'change-me'`;
  return `do ${literal(`begin if not exists (select from pg_roles where rolname = ${literal(name)}) then ${create}; end if; end`)};`;
};

const reserved = (roles: string): string => {
  const grant = `grant pg_use_reserved_connections to ${roles}`;
  return `do ${literal(`begin if current_setting('server_version_num')::int >= 160000 then ${grant}; end if; end`)};`;
};
