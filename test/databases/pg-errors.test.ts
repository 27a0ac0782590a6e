/** What is said of PostgreSQL's errors holds no value of a row or of a query. */
import pg from 'pg';
import { errorText } from '../../src/databases/pg-errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('the text of an error', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  const textOf = (sql: string): Promise<string> =>
    client.query(sql).then(
      () => 'no error',
      (error: unknown) => errorText(error),
    );

  it.each([
    [`select 'jane@example.com'::int`, 'invalid input syntax for type integer: "?"'],
    [`select '{"name": "jane"'::json`, 'invalid input syntax for type json'],
    [`select 'hunter"2'::uuid`, 'invalid input syntax for type uuid: "?"'],
    [`select 1 'hunter2'`, 'syntax error at or near "?"'],
    [`select * from "no such"`, 'relation "no such" does not exist'],
    [`select 1 from from x`, 'syntax error at or near "from"'],
  ])('of %s is %s', async (sql, text) => {
    expect(await textOf(sql)).toBe(text);
  });
});
