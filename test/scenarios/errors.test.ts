/** Errors that an application reports, from HTTP to Slack: a proposal that names the code, the table and what helps. */
import { openStore } from '../../src/store/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { openRunning, type Running, textOf } from './support.ts';

const TOKEN = 'a-token-of-the-tests';

let shop: TestDatabase;
let world: Running;
let url: string;
beforeAll(async () => {
  shop = await createTestDatabase('empty');
  const db = openStore(shop.url);
  await db.query('create table pgmigrations (id serial primary key, name text, run_on timestamp)');
  await db.query(`insert into pgmigrations (name, run_on) values ('17_cleanup', now()::timestamp)`);
  await db.close();
  world = await openRunning({
    start: false,
    env: { FIREBREAK_TOKEN: TOKEN, SHOP_DIAG_URL: shop.url },
    config: () => ({
      services: { orders: { team: 'database' } },
      targets: {
        shop: { diag_url_env: 'SHOP_DIAG_URL', tool: 'node-pg-migrate', services: ['orders'], watch: false },
      },
      monitors: { codes: { target: 'shop', service: 'orders', errors: {}, every_s: 1 } },
    }),
  });
  url = (await world.another()).url;
});
afterAll(async () => {
  await world.close();
  await shop.drop();
});

test('a column that is gone after a migration: its rollback, filled in', async () => {
  const answer = await fetch(`${url}/events/errors`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({
      service: 'orders',
      errors: [
        { sqlstate: '42703', count: 5, relation: 'order_status', message: 'column s.state does not exist' },
      ],
    }),
  });
  expect(await answer.json()).toEqual({ ok: true, target: 'shop', counted: 5 });
  const message = await eventually(async () => (await world.channel('incidents')).messages.map(textOf)[0]);
  expect(message).toContain('Schema does not match code: a column that queries name is not there; 5 errors');
  expect(message).toContain('column s.state does not exist');
  expect(message).toContain('order_status');
  expect(message).toContain('rollback 17_cleanup shop');
});
