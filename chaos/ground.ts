/** One PostgreSQL for many runs, one after the other: each gets a store and a target, cloned from templates. */
import pg from 'pg';
import { openAll } from '../src/closing.ts';
import { migrate } from '../src/store/migrate.ts';
import { openStore } from '../src/store/store.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { type Gate, openGate } from './gate.ts';

export interface Ground {
  readonly server: TestServer;
  /** A fresh store and a fresh target. */
  clone(): Promise<Place>;
  close(): Promise<void>;
}

export interface Place {
  readonly server: TestServer;
  readonly storeName: string;
  readonly storeGate: Gate;
  readonly targetGate: Gate;
  /** For us: past the gates. */
  storeUrl(): string;
  targetUrl(): string;
  /** For the bot: through them. */
  readonly bot: { readonly store: string; readonly ddl: string; readonly diag: string; readonly act: string };
  /** To be called when the server is back on another port. */
  moved(): void;
  drop(): Promise<void>;
}

/**
 * Who writes what the outbox says, and under whose lease: each bot names itself in its connections. The order of `seq`
 * is that of the locks on the lease's row.
 */
const WITNESS = `
  create schema chaos;
  create table chaos.writes (
    seq bigserial primary key, what text not null, kind text not null, key text not null, bot text);
  create function chaos.leased() returns trigger language plpgsql as $$
    begin
      insert into chaos.writes (what, kind, key, bot)
      values ('lease', new.kind, new.key, current_setting('chaos.bot', true));
      return null;
    end $$;
  create function chaos.written() returns trigger language plpgsql as $$
    begin
      insert into chaos.writes (what, kind, key, bot)
      values (tg_table_name, 'outbox', new.lane, current_setting('chaos.bot', true));
      return null;
    end $$;
  create trigger witness after insert or update on leases for each row execute function chaos.leased();
  create trigger witness after update on outbox for each row execute function chaos.written();
  create trigger witness after insert or update on lanes for each row execute function chaos.written();`;

const TARGET = `
  create table effects (id bigint generated always as identity primary key, token text not null);
  alter table effects owner to owner;
  grant select on effects to diag;
  grant usage, create on schema public to owner;`;

const ROLES = ['owner', 'diag', 'act'] as const;

export const openGround = (): Promise<Ground> =>
  openAll(async (onClose) => {
    // A crash must lose nothing that was committed.
    const settings = { synchronous_commit: 'on', max_connections: '100', log_statement: 'none' };
    const server = await startServer({ settings });
    onClose(() => server.stop());
    for (const role of ROLES) await sql(server.url, `create role ${role} login password 'secret'`);
    await sql(server.url, 'grant pg_monitor to diag; grant pg_signal_backend, pg_read_all_stats to act');
    for (const name of ['store_template', 'target_template'])
      await sql(server.url, `create database ${name}`);
    const store = openStore(at(server.url, 'store_template'));
    await migrate(store).finally(() => store.close());
    await sql(at(server.url, 'store_template'), WITNESS);
    await sql(at(server.url, 'target_template'), TARGET);
    let count = 0;
    return { server, clone: () => clone(server, (count += 1)) };
  });

async function clone(server: TestServer, number: number): Promise<Place> {
  const names = { store: `store_${number}`, target: `target_${number}` };
  for (const [kind, name] of Object.entries(names))
    await sql(server.url, `create database ${name} template ${kind}_template strategy file_copy`);
  await sql(server.url, `grant create on database ${names.target} to owner`);
  const storeGate = await openGate(portOf(server));
  const targetGate = await openGate(portOf(server));
  const target = (role: string): string =>
    targetGate.through(as(at(server.url, names.target), role, 'secret'));
  return {
    server,
    storeName: names.store,
    storeGate,
    targetGate,
    storeUrl: () => at(server.url, names.store),
    targetUrl: () => at(server.url, names.target),
    bot: {
      store: storeGate.through(at(server.url, names.store)),
      ddl: target('owner'),
      diag: target('diag'),
      act: target('act'),
    },
    moved() {
      for (const gate of [storeGate, targetGate]) gate.leadTo(portOf(server));
    },
    async drop() {
      await Promise.all([storeGate.close(), targetGate.close()]);
      for (const name of Object.values(names))
        await sql(server.url, `drop database if exists ${name} with (force)`);
    },
  };
}

const portOf = ({ url }: TestServer): number => Number(new URL(url).port);

/** One statement, on a connection of its own. */
export async function sql<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, values.length > 0 ? [...values] : undefined)).rows;
  } finally {
    await client.end();
  }
}

function at(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

function as(url: string, user: string, password: string): string {
  const changed = new URL(url);
  Object.assign(changed, { username: user, password });
  return changed.href;
}
