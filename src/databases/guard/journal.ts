/** What a guard does, written down in the target itself: the bot may be away, and picks it up later. */
import type pg from 'pg';
import { z } from 'zod';
import type { GuardEvent, GuardEventKind, GuardSeen } from '../../domain/guard.ts';
import type { CapturedMigration } from '../../domain/plan.ts';
import { ensureMarkers } from '../marker.ts';
import { type KeptTable, keptTable } from '../rollback/inputs.ts';
import { endQuietly, type Target } from '../target.ts';

/** One guard of a database at a time. */
const LOCK = 0x46425247; // "FBRG"

const TABLES = (reader: string): string => `
  create table if not exists firebreak.guards (
    id text primary key,
    at timestamptz not null,
    target text not null,
    by_whom text not null,
    command text not null,
    policy text not null,
    window_s int not null,
    backend_pid int not null,
    backend_start timestamptz not null,
    migrations jsonb not null,
    kept jsonb not null default '[]'
  );
  create table if not exists firebreak.guard_events (
    guard text not null references firebreak.guards,
    n int not null,
    at timestamptz not null,
    kind text not null,
    text text not null,
    details jsonb not null default '{}',
    primary key (guard, n)
  );
  grant usage on schema firebreak to ${reader};
  grant select on firebreak.guards, firebreak.guard_events to ${reader}`;

export interface GuardStart {
  readonly id: string;
  readonly at: Date;
  readonly target: string;
  /** `guard@host` */
  readonly by: string;
  /** Without what looks like a secret. */
  readonly command: string;
  readonly policy: 'auto' | 'propose';
  readonly windowSeconds: number;
  readonly migrations: readonly CapturedMigration[];
}

export interface Journal {
  write(
    kind: GuardEventKind,
    text: string,
    at: Date,
    details?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  keep(kept: readonly KeptTable[]): Promise<void>;
}

/** False: another guard is at work on this database. The lock is that of the connection, and goes with it. */
export async function lockGuards(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [LOCK]);
  return rows[0]?.free === true;
}

/** Opens the journal of a guard; `reader` is the diag role, quoted. */
export async function openJournal(client: pg.Client, reader: string, start: GuardStart): Promise<Journal> {
  await ensureMarkers(client);
  await client.query(TABLES(reader));
  const { id, at, target, by, command, policy, windowSeconds, migrations } = start;
  await client.query(
    `insert into firebreak.guards (id, at, target, by_whom, command, policy, window_s, backend_pid, backend_start, migrations)
     select $1, $2, $3, $4, $5, $6, $7, pid, backend_start, $8
       from pg_stat_activity
      where pid = pg_backend_pid()`,
    [id, at, target, by, command, policy, windowSeconds, JSON.stringify(migrations)],
  );
  return {
    async write(kind, text, when, details = {}) {
      await client.query(
        `insert into firebreak.guard_events (guard, n, at, kind, text, details)
         select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5
           from firebreak.guard_events
          where guard = $1`,
        [id, when, kind, text, JSON.stringify(details)],
      );
    },
    async keep(kept) {
      await client.query('update firebreak.guards set kept = $2 where id = $1', [id, JSON.stringify(kept)]);
    },
  };
}

const Migrations = z.array(
  z.object({ name: z.string(), fileHash: z.string(), up: z.string(), down: z.string().optional() }),
);

interface Row extends Omit<GuardSeen, 'migrations' | 'events' | 'by'> {
  readonly by_whom: string;
  readonly migrations: unknown;
  readonly events: readonly (Omit<GuardEvent, 'at'> & { readonly at: string })[];
}

/** The guards of the last days, as the diag role sees them; none where there never was one. */
export async function readGuards(target: Target): Promise<GuardSeen[]> {
  if (!(await journalIsThere(target))) return [];
  const rows = await target.read<Row>(`
    select g.id, g.by_whom, g.migrations,
           exists (select from pg_stat_activity a
                    where a.pid = g.backend_pid and (a.backend_start = g.backend_start or a.backend_start is null)) as alive,
           (select coalesce(jsonb_agg(jsonb_build_object('n', e.n, 'at', e.at, 'kind', e.kind, 'text', e.text,
                                                         'details', e.details) order by e.n), '[]')
              from firebreak.guard_events e
             where e.guard = g.id) as events
      from firebreak.guards g
     where g.at > now() - interval '3 days'
     order by g.at desc
     limit 50`);
  return rows.toReversed().map(({ by_whom, migrations, events, ...row }) => ({
    ...row,
    by: by_whom,
    migrations: Migrations.parse(migrations).map(({ down, ...it }) => ({
      ...it,
      ...(down === undefined ? {} : { down }),
    })),
    events: events.map((event) => ({ ...event, at: new Date(event.at) })),
  }));
}

/** By the catalog: who may not use the schema of the markers could not even ask for a name in it. */
async function journalIsThere(target: Target): Promise<boolean> {
  const [row] = await target.read<{ there: boolean }>(`
    select exists (
      select from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'firebreak' and c.relname = 'guards'
         and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
    ) as there`);
  return row?.there === true;
}

/** What the newest guard kept before it ran a migration; nothing when none did. */
export async function keptBefore(target: Target, migration: string): Promise<readonly KeptTable[]> {
  if (!(await journalIsThere(target))) return [];
  const [row] = await target.read<{ kept: unknown }>(
    `select kept
       from firebreak.guards
      where migrations @> jsonb_build_array(jsonb_build_object('name', $1::text))
      order by at desc
      limit 1`,
    [migration],
  );
  const kept = z.array(keptTable).parse(row?.kept ?? []);
  const there = await target.read<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = any($1::text[])`,
    [kept.map(({ hit }) => hit)],
  );
  return there.length === kept.length ? kept : [];
}

export interface GuardHold {
  readonly migration: string;
  readonly since: Date;
  readonly guard: string;
}

/** Migrations that a guard undid and nobody let through again: they are held, also while the bot is away. */
export async function heldByGuards(target: Target): Promise<readonly GuardHold[]> {
  if (!(await journalIsThere(target))) return [];
  const rows = await target.read<{ migration: string; at: Date; guard: string; kind: string }>(`
    select distinct on (details ->> 'migration') details ->> 'migration' as migration, at, guard, kind
      from firebreak.guard_events
     where kind in ('rolled-back', 'lifted')
     order by details ->> 'migration', at desc, n desc`);
  return rows.flatMap(({ migration, at, guard, kind }) =>
    kind === 'lifted' ? [] : [{ migration, since: at, guard }],
  );
}

/** Lets a migration through that a guard undid; false when none holds it. */
export async function liftGuardHold(
  target: Target,
  migration: string,
  text: string,
  at: Date,
): Promise<boolean> {
  const hold = (await heldByGuards(target)).find((it) => it.migration === migration);
  if (hold === undefined) return false;
  const client = await target.session('ddl');
  try {
    await client.query(
      `insert into firebreak.guard_events (guard, n, at, kind, text, details)
       select $1, max(n) + 1, $2, 'lifted', $3, jsonb_build_object('migration', $4::text)
         from firebreak.guard_events
        where guard = $1`,
      [hold.guard, at, text, migration],
    );
    return true;
  } finally {
    await endQuietly(client);
  }
}
