import pg from 'pg';
import { relationAt } from '../../src/databases/blame.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('the relation that an error is about', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('create table orders (id int); create table order_status (order_id int, eta text)');
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it.each([
    [
      'a column that is gone',
      'select o.id, s.gone from orders o join order_status s on s.order_id = o.id',
      'order_status',
    ],
    [
      'after other letters',
      "select 'äöü€', o.id, s.gone from orders o join order_status s on true",
      'order_status',
    ],
    [
      'an operator that does not fit',
      'select o.id, s.eta - current_date from orders o, order_status s',
      'order_status',
    ],
    ['a table that is gone', 'select 1 from orders o join order_states s on true', 'order_states'],
    ['no alias', 'select order_status.gone from orders, order_status', 'order_status'],
  ])('%s', async (_what, sql, relation) => {
    const error: unknown = await client.query(sql).catch((thrown: unknown) => thrown);
    expect(await relationAt(sql, Number((error as { position?: string }).position))).toBe(relation);
  });

  it('is not told when nothing says so', async () => {
    expect(await relationAt('select 1', 8)).toBeUndefined();
  });
});
