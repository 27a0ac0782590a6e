/** SQL that is passed on: as it is laid out, without what customers wrote. */
import { expect, it } from '@jest/globals';
import { maskSql } from '../../src/databases/redact.ts';

it.each([
  [
    "-- the customer's rows\nupdate users\n   set email = 'a@b.example', note = E'it\\'s', raw = $x$ secret $x$\n where id = 4711;",
    "-- the customer's rows\nupdate users\n   set email = ?, note = ?, raw = ?\n where id = ?;",
  ],
  ['select "Column ü", 1.5e3 /* why */ from t -- end', 'select "Column ü", ? /* why */ from t -- end'],
  ["do $$ begin delete from t where name = 'x'; end $$;", 'do ?;'],
  ['', ''],
])('%j', async (sql, masked) => expect(await maskSql(sql)).toBe(masked));

it('shows nothing of what it cannot read', async () => {
  expect(await maskSql("select 'a secret")).not.toContain('secret');
});
