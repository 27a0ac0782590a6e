import { type QueryRequest, type QueryResult, query } from '../../src/databases/query.ts';
import { openTarget } from '../../src/databases/target.ts';
import { createShop, type Shop } from './shop.ts';

describe('a query of a person', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`
      create schema closed;
      create schema sales;
      create table sales."Bobby""; drop table" (id int, "{{odd}}" text);
      insert into sales."Bobby""; drop table" values (1, 'x');
      grant usage on schema sales to ${shop.roles.diag};
      grant select on sales."Bobby""; drop table" to ${shop.roles.diag};
      create table customers (id int, name text, card text, born date, token uuid, about jsonb);
      insert into customers values (1, 'Ada Lovelace', '4111111111111111', '1815-12-10',
                                    '7c9e6679-7425-40de-944b-e07fc1f90ae7', '{"a":"secret"}');
      grant select on customers to ${shop.roles.diag};
      create function touch(t customers) returns int language plpgsql volatile as $$ begin return 1; end $$;
      create function add_volatile(a int, b int) returns int language plpgsql volatile as $$ begin return 1; end $$;
      create operator |@| (function = add_volatile, leftarg = int, rightarg = int);
      create function random(a text) returns int language plpgsql volatile as $$ begin return 1; end $$;
      create function crosstab(sql text) returns int language plpgsql stable as $$ begin return 1; end $$;
      create extension file_fdw;
      create server files foreign data wrapper file_fdw;
      create foreign table far_away (line text) server files options (filename '/dev/null');
      create view innocent as select id, nextval('order_events_id_seq') from customers;
      create view "in.disguise" as select * from innocent;
      create view twice as select * from innocent;
      create view plain as select id from customers;
      grant select on innocent, "in.disguise", twice, plain to ${shop.roles.diag}`);
  });
  afterAll(() => shop.close());

  const ask = (sql: string, more: Partial<QueryRequest> = {}) =>
    query(shop.target, { sql, maxRows: 50, ...more });
  async function answered(sql: string, more: Partial<QueryRequest> = {}): Promise<QueryResult> {
    const result = await ask(sql, more);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.value;
  }

  it('shows numbers, dates and ids, and no texts of customers', async () => {
    expect(await answered('select *, true as ok, null as nothing from customers -- all')).toEqual({
      columns: ['id', 'name', 'card', 'born', 'token', 'about', 'ok', 'nothing'],
      rows: [
        [
          '1',
          'A…(12 characters)',
          '4…(16 characters)',
          '1815-12-10',
          '7c9e6679-7425-40de-944b-e07fc1f90ae7',
          '(an object)',
          'true',
          'null',
        ],
      ],
      more: false,
    });
  });

  it('takes values as parameters and names as identifiers, whatever they look like', async () => {
    const hostile = `x'; drop table orders; --`;
    expect(
      await answered('select count(*) from "{{table}}" where "{{column}}" = $1', {
        values: [hostile],
        names: { table: 'sales.Bobby"; drop table', column: '{{odd}}' },
      }),
    ).toMatchObject({ rows: [['0']] });
    expect(await answered(`select '"{{table}}"' as t, $1::int as v`, { values: [7] })).toMatchObject({
      rows: [['"…(11 characters)', '7']],
    });
    expect(await ask('select 1 from "{{table}}"')).toMatchObject({ code: 'SQL_NAME_MISSING' });
    expect(await ask('select 1 from orders', { names: { table: 'x' } })).toMatchObject({
      code: 'SQL_NAME_UNUSED',
    });
    expect(await ask('select $2::int', { values: [1] })).toMatchObject({ code: 'SQL_VALUES' });
  });

  it.each([
    'values (1), (2)',
    'table orders',
    'with o as (select id from orders) select count(*) from o',
    'select clock_timestamp(), gen_random_uuid()',
    'select pid, state from pg_stat_activity',
    'select count(*) from pg_locks',
    'select id from plain',
    'explain select * from orders',
    'explain (analyze) select count(*) from orders',
    'explain values (1)',
  ])('reads: %s', async (sql) => {
    expect((await answered(sql)).rows.length).toBeGreaterThan(0);
  });

  it.each([
    ['select * into copy from orders', 'INTO'],
    ['select * from orders for update', 'FOR UPDATE'],
    ['with d as (delete from orders returning id) select * from d', 'DELETE'],
    ['delete from orders', 'DeleteStmt'],
    ['set role owner', 'VariableSetStmt'],
    ['explain analyze delete from orders', 'EXPLAIN ANALYZE'],
    ['explain (analyze off) delete from orders', 'EXPLAIN ANALYZE'],
    ['explain analyze with d as (delete from orders returning id) select * from d', 'DELETE'],
    ['select pg_terminate_backend(1)', 'pg_terminate_backend()'],
    ['select pg_catalog.pg_reload_conf()', 'pg_reload_conf()'],
    [`select nextval('order_events_id_seq')`, 'nextval()'],
    [`select set_config('role', 'x', false)`, 'set_config()'],
    [`select lo_import('/etc/passwd')`, 'lo_import()'],
    [`select pg_read_file('/etc/passwd')`, 'pg_read_file()'],
    ['select pg_sleep(10)', 'pg_sleep()'],
    ['select pg_advisory_lock(1)', 'pg_advisory_lock()'],
    ['select pg_stat_reset()', 'pg_stat_reset()'],
    [`select * from query_to_xml('select 1', true, true, '')`, 'query_to_xml()'],
    [`select table_to_xml('orders', true, true, '')`, 'table_to_xml()'],
    [`select crosstab('select pg_reload_conf()')`, 'crosstab()'],
    ['select * from far_away', 'far_away, a foreign table'],
    ['select c.touch from customers c', 'touch()'],
    ['select (c).touch from customers c', 'touch()'],
    ['select 1 |@| 2', 'add_volatile()'],
    ['select random()', 'random()'],
    ['select * from twice', 'nextval()'],
    ['select * from "in.disguise"', 'nextval()'],
    ['copy orders to stdout', 'CopyStmt'],
    ['do $$ begin end $$', 'DoStmt'],
  ])('is refused: %s', async (sql, found) => {
    const result = await ask(sql);
    expect(result).toMatchObject({
      ok: false,
      code: 'QUERY_ACTS',
      values: { found: expect.stringContaining(found) as string },
    });
  });

  it('is one statement that can be read', async () => {
    expect(await ask('select 1; select 2')).toMatchObject({ code: 'QUERY_NOT_ONE' });
    expect(await ask('selec 1')).toMatchObject({ code: 'SQL_UNREADABLE' });
    expect(await ask(`select 'no end`)).toMatchObject({ code: 'SQL_UNREADABLE' });
    expect(await ask('-- nothing')).toMatchObject({ code: 'SQL_UNREADABLE' });
    expect(await ask('select * from closed.things')).toMatchObject({
      code: 'QUERY_FAILED',
      values: { found: 'permission denied for schema closed' },
    });
    expect(await ask('select nothing from orders')).toMatchObject({
      code: 'QUERY_FAILED',
      values: { found: 'column "nothing" does not exist' },
    });
  });

  it('keeps the answer small, however large it would be', async () => {
    const before = process.memoryUsage().rss;
    const many = await answered(`select repeat('x', 1000) as t, n from generate_series(1, 100000) n`);
    expect(many.rows).toHaveLength(50);
    expect(many.more).toBe(true);
    expect((await answered(`select repeat('x', 10000000) as huge`)).rows).toEqual([['x…(200 characters)']]);
    const columns = Array.from({ length: 60 }, (_, i) => `${i} as c${i}`).join(', ');
    const wide = await answered(`select ${columns}`);
    expect([wide.columns.length, wide.more]).toEqual([50, true]);
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  it('ends a query that does not end', async () => {
    const started = performance.now();
    expect(await ask('select count(*) from generate_series(1, 1000000000000)')).toMatchObject({
      code: 'QUERY_TIMEOUT',
    });
    expect(performance.now() - started).toBeLessThan(6000);
  });

  it('shows no value of a row in what the server says to it', async () => {
    expect(await ask('select name::int from customers')).toMatchObject({
      code: 'QUERY_FAILED',
      values: { found: 'SQLSTATE 22P02' },
    });
  });

  it('is not asked by a role that may write', async () => {
    const target = openTarget({
      ...shop.config,
      urls: { ...shop.config.urls, diag: shop.config.urls.ddl ?? '' },
    });
    expect(await query(target, { sql: 'select 1', maxRows: 1 })).toMatchObject({ code: 'DIAG_MAY_WRITE' });
    await target.close();
  });
});
