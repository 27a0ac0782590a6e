import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { ActionOutcome, CapturedMigration, Plan } from '../../src/domain/plan.ts';
import { BAD, captured, createShop, ORDERS, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_inc_1';
let runs = 0;

/** What a down takes beyond what it names, and how long it may keep its locks. */
describe('the reach of a rollback', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await createShop();
  });
  afterEach(() => shop.close());

  const plan = (migration: CapturedMigration, target: Target = shop.target) =>
    planRollback(target, { migration: migration.name, captured: [migration], snapshotSchema: SCHEMA });

  async function planned(migration: CapturedMigration, target?: Target): Promise<Plan> {
    const result = await plan(migration, target);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  const execute = (it: Plan, target: Target = shop.target): Promise<ActionOutcome> =>
    executeRollback(target, it, {
      marker: { run: `reach-${(runs += 1)}`, step: 1, epoch: 1 },
      onXid: () => Promise.resolve(),
    });

  async function applied(up: string, down: string): Promise<CapturedMigration> {
    const migration = captured('2_it', up, down);
    await shop.apply(migration);
    return migration;
  }

  async function asOwner(sql: string): Promise<unknown[]> {
    const owner = await shop.connect('owner', 'setup');
    try {
      return (await owner.query<object>(sql)).rows;
    } finally {
      await owner.end();
    }
  }

  const copies = async (): Promise<string[]> =>
    (
      await shop.query<{ name: string }>(
        `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = '${SCHEMA}' and c.relkind = 'r' order by 1`,
      )
    ).map((row) => row.name);

  /** The schema `app`, in which the owner may make tables and diag may look. */
  const otherSchema = (more = '') =>
    shop.query(`create schema app authorization ${shop.roles.owner};
      grant usage on schema app to ${shop.roles.diag}; ${more}`);

  describe('is refused when a down', () => {
    const cases: readonly (readonly [string, string, string, string])[] = [
      [
        'writes in a WITH',
        'create table kept (id bigint)',
        'with d as (delete from order_events returning order_id) insert into kept select order_id from d',
        'MIGRATION_OPAQUE_DOWN',
      ],
      [
        'writes in a WITH of CREATE TABLE AS',
        'select 1',
        'create table x as with d as (delete from order_events returning 1 as n) select * from d',
        'MIGRATION_OPAQUE_DOWN',
      ],
      [
        'calls a function that can write',
        `create function gone(n bigint) returns bigint language sql as 'delete from order_events where id = n returning id'`,
        'update orders set total_cents = gone(id)',
        'MIGRATION_OPAQUE_DOWN',
      ],
      [
        'changes settings in an UPDATE',
        'select 1',
        `update orders set total_cents = length(set_config('lock_timeout', '0', false))`,
        'MIGRATION_OPAQUE_DOWN',
      ],
      [
        'drops a type CASCADE',
        `create type mood as enum ('a')`,
        'drop type mood cascade',
        'MIGRATION_DOWN_CASCADES',
      ],
      ['drops a table CASCADE', 'create table x (id int)', 'drop table x cascade', 'MIGRATION_DOWN_CASCADES'],
      ['truncates CASCADE', 'select 1', 'truncate orders cascade', 'MIGRATION_DOWN_CASCADES'],
      [
        'drops a column CASCADE',
        'alter table orders add column x int',
        'alter table orders drop column x cascade',
        'MIGRATION_DOWN_CASCADES',
      ],
      ['switches the lock timeout off', 'select 1', 'set lock_timeout = 0; select 1', 'MIGRATION_DOWN_SETS'],
      ['resets everything', 'select 1', 'reset all', 'MIGRATION_DOWN_SETS'],
      ['takes another role', 'select 1', 'set local role none', 'MIGRATION_DOWN_SETS'],
      ['looks elsewhere for tables', 'select 1', 'set search_path = app', 'MIGRATION_DOWN_SETS'],
      [
        'writes through a view',
        'create view v as select * from orders',
        'delete from v',
        'MIGRATION_DOWN_TABLE_UNSEEN',
      ],
    ];
    it.each(cases)('%s', async (_name, up, down, code) => {
      expect(await plan(await applied(up, down))).toMatchObject({ ok: false, code });
    });

    it('changes a table that diag does not find', async () => {
      await otherSchema(`alter role ${shop.roles.owner} set search_path = app, public`);
      await asOwner('create table app.carts (id bigint primary key)');
      const migration = await applied('insert into carts values (1)', 'delete from carts');
      expect(await plan(migration)).toMatchObject({
        code: 'MIGRATION_DOWN_TABLE_UNSEEN',
        values: { table: 'carts' },
      });
      await shop.query(`revoke usage on schema app from ${shop.roles.diag}`);
      const named = { ...migration, down: 'delete from app.carts' };
      expect(await plan(named)).toMatchObject({ code: 'MIGRATION_DOWN_TABLE_UNSEEN' });
    });
  });

  it('may call what cannot write', async () => {
    const migration = await applied(
      'alter table orders add column x text',
      `update orders set x = lower(x) || nextval('order_events_id_seq'); alter table orders drop column x`,
    );
    expect(await execute(await planned(migration))).toMatchObject({ state: 'done' });
  });

  it('ends when diag and ddl find different tables under one name', async () => {
    await otherSchema(`alter role ${shop.roles.diag} set search_path = app, public`);
    await asOwner(
      'create table app.carts (id bigint primary key); create table public.carts (id bigint primary key)',
    );
    const migration = await applied('insert into public.carts values (1)', 'delete from carts');
    const outcome = await execute(await planned(migration));
    expect(outcome).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
    expect(outcome.verdict).toContain('search_path');
    expect(await asOwner('select * from public.carts')).toHaveLength(1);
    const named = { ...migration, down: 'delete from public.carts' };
    expect((await planned(named)).inputs['tables']).toMatchObject([{ name: 'public.carts' }]);
  });

  it('ends when a name that the down makes is a table already for ddl', async () => {
    await otherSchema(`alter role ${shop.roles.owner} set search_path = app, public`);
    await asOwner('create table app.carts (id bigint primary key); insert into app.carts values (1)');
    const migration = await applied('select 1', 'drop table if exists carts');
    expect((await planned(migration)).summary.join('\n')).not.toContain('kept in the snapshot');
    expect(await execute(await planned(migration))).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
    expect(await asOwner('select * from app.carts')).toHaveLength(1);
  });

  it('includes the tables whose rows go by foreign keys', async () => {
    await asOwner(`
      alter table order_status drop constraint order_status_order_id_fkey;
      alter table order_status add foreign key (order_id) references orders on delete cascade;
      create table notes (id bigint primary key, status_id bigint references order_status on delete set null);
      insert into notes select n, n from generate_series(1, 10) n`);
    const migration = await applied('select 1', 'delete from orders where id <= 10');
    const it = await planned(migration);
    const words = it.summary.join('\n');
    expect(words).toContain('Destroys: rows of order_status that refer to them, by a foreign key');
    expect(words).toContain('Destroys: notes.status_id in rows that refer to them, by a foreign key');
    expect(await execute(it)).toMatchObject({ state: 'done', facts: { rows: 2 * ORDERS + 10 } });
    expect((await copies()).filter((name) => !name.includes('untouched'))).toHaveLength(3);
  });

  it('includes what a changed key is passed on to, and nothing when no key changes', async () => {
    await asOwner(`
      alter table order_status drop constraint order_status_order_id_fkey;
      alter table order_status add foreign key (order_id) references orders on update cascade`);
    const migration = await applied('select 1', 'update orders set total_cents = 0');
    expect((await planned(migration)).inputs['tables']).toMatchObject([{ name: 'public.orders' }]);
    const keys = await planned({ ...migration, down: 'update orders set id = id + 100000' });
    expect(keys.inputs['tables']).toMatchObject([{ name: 'public.orders' }, { name: 'public.order_status' }]);
  });

  it('names the rows that ON CONFLICT overwrites, and the triggers that fire', async () => {
    await shop.query(`
      create function noted() returns trigger language plpgsql as 'begin return new; end';
      create trigger noted before update on order_status for each row execute function noted()`);
    const migration = await applied(
      'select 1',
      `insert into order_status select id, 'x' from orders on conflict (order_id) do update set status = excluded.status`,
    );
    const words = (await planned(migration)).summary.join('\n');
    expect(words).toContain(
      'Destroys: the values of order_status.status in rows that are there already (kept in the snapshot)',
    );
    expect(words).toContain('Fires the trigger noted on order_status, which calls noted');
  });

  it('says what is not kept, and what would be published', async () => {
    await shop.query('create publication everything for all tables');
    const migration = await applied('create sequence s', 'drop sequence s');
    const words = (await planned(migration)).summary.join('\n');
    expect(words).toContain('Destroys: the sequence s (NOT copied: not a table)');
    expect(words).toContain('The publication everything is for all tables');
  });

  it('undoes constraints and columns in other schemas, two tables of one name, and materialized views', async () => {
    await otherSchema();
    await asOwner('create table app.orders (id bigint primary key, v text)');
    const migration = await applied(
      `alter table app.orders add constraint v_ok check (v <> ''), add column x int;
       alter table orders add column x int;
       create materialized view totals as select sum(total_cents) from orders`,
      `drop materialized view totals;
       alter table app.orders drop column x; alter table app.orders drop constraint v_ok;
       alter table orders drop column x`,
    );
    const it = await planned(migration);
    expect(it.summary.join('\n')).toContain('the matview totals (NOT copied: not a table)');
    expect(await execute(it)).toMatchObject({ state: 'done', facts: { rows: ORDERS } });
    expect(await copies()).toHaveLength(4);
  });

  it('looks for those who hold the table of an index, and says when it did not look', async () => {
    const migration = await applied('create index carriers on order_events (carrier)', 'drop index carriers');
    const reader = await shop.connect('app', 'report job');
    await reader.query('begin');
    await reader.query('select * from order_events limit 1');
    expect((await planned(migration)).summary.join('\n')).toMatch(/Holds a lock on .*report job/);
    await reader.end();
    const none = { ...migration, down: 'create schema x' };
    expect((await planned(none)).summary.join('\n')).toContain('Who holds locks now: not looked');
  });

  it('finds those who use a table of another schema', async () => {
    await otherSchema(`grant usage on schema app to ${shop.roles.app}`);
    const migration = await applied('create table app.carts (id bigint)', 'drop table app.carts');
    const reader = await shop.connect('app', 'the cart');
    await reader.query('select * from app.carts');
    expect((await planned(migration)).summary.join('\n')).toMatch(/Uses app\.carts.*the cart/);
    await reader.end();
  });

  describe('in time', () => {
    const limited = (maxLockSeconds: number, probes = shop.config.probes): Target =>
      openTarget({ ...shop.config, probes, snapshot: { maxLockSeconds } });

    /** Stored out of line, and never analysed. */
    const big = (megabytes: number) => `
      alter table order_status add column doc text;
      alter table order_status alter column doc set storage external;
      update order_status set doc = repeat('x', ${megabytes * 1000}) where order_id <= 1000`;

    it('is refused for a table that is big out of line, where a copy from before is of no use', async () => {
      await asOwner(big(12));
      await shop.apply(BAD);
      const target = limited(0.1);
      expect(await plan(BAD, target)).toMatchObject({ code: 'SNAPSHOT_TOO_LONG' });
      expect((await planned(BAD)).summary.join('\n')).toMatch(/Size of order_status: .* 1\d(\.\d)? MB/);
      await target.close();
    });

    it('ends when a table grew after the plan', async () => {
      const target = limited(0.5);
      await shop.apply(BAD);
      const it = await planned(BAD, target);
      await asOwner(big(12));
      const outcome = await execute(it, target);
      expect(outcome).toMatchObject({ state: 'stopped', code: 'REFUSED' });
      expect(outcome.verdict).toContain('max_lock_s');
      expect(await copies()).toEqual([]);
      await target.close();
    });

    it('ends a down and a probe that take longer than the locks may be kept', async () => {
      const migration = await applied(
        'create table x as select 1 as id',
        'delete from x where id in (select count(*) from generate_series(1, 100000000) n where n % 7 = 3)',
      );
      const target = limited(1);
      const started = performance.now();
      const outcome = await execute(await planned(migration, target), target);
      expect(outcome).toMatchObject({ state: 'stopped', code: 'REFUSED' });
      expect(outcome.verdict).toContain('max_lock_s');
      expect(performance.now() - started).toBeLessThan(5000);
      await target.close();
      const slow = limited(30, [{ name: 'slow', sql: 'select pg_sleep(20)' }]);
      const quick = { ...migration, down: 'drop table x' };
      const late = performance.now();
      expect(await execute(await planned(quick, slow), slow)).toMatchObject({ code: 'PROBE_RED' });
      expect(performance.now() - late).toBeLessThan(9000);
      await slow.close();
    });
  });

  it('sums up a table that has a column called t', async () => {
    await asOwner('alter table order_status add column t int default 7');
    await shop.apply(BAD);
    const first = await execute(await planned(BAD));
    await asOwner(`update order_status set carrier = 'another'`);
    await shop.apply(BAD);
    const second = await execute(await planned(BAD));
    expect(first.state).toBe('done');
    expect(second.facts['checksum']).not.toBe(first.facts['checksum']);
  });
});
