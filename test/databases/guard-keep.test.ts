/** What a migration overwrites is kept exactly, also what clients wrote a moment before it, and after it. */
import type pg from 'pg';
import { analyse } from '../../src/databases/analyse.ts';
import { tablesAtRisk } from '../../src/databases/guard/at-risk.ts';
import { type Kept, whatChanged } from '../../src/databases/guard/changed.ts';
import { forgetKept, startKeeping, stopLogging } from '../../src/databases/guard/keep.ts';
import type { Keeping } from '../../src/databases/guard/keeping.ts';
import { captured, createShop, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_guard_t';

describe('what is kept while a migration runs', () => {
  let shop: Shop;
  let owner: pg.Client;
  beforeEach(async () => {
    shop = await createShop();
    owner = await shop.connect('owner');
    await owner.query('delete from order_status where order_id > 8');
  });
  afterEach(async () => {
    await owner.end();
    await shop.close();
  });

  /** Runs `up` with what clients do just before it and just after it; answers how each row that it hit was before. */
  async function kept(
    up: string,
    before: string,
    after: string,
  ): Promise<{ hit: Record<string, string>; rows: object[] }> {
    const { tables, notes } = await tablesAtRisk(shop.target, await analyse(up));
    expect(notes).toEqual([]);
    const keeping: Keeping = { schema: SCHEMA, reader: shop.roles.diag, tables };
    await startKeeping(owner, keeping, new Date(Date.now() + 60_000));
    const app = await shop.connect('app');
    await app.query(before);
    await shop.apply(captured('2_up', up));
    const { rows: own } = await owner.query<{ xid: string }>(
      `select xmin::text as xid from pgmigrations where name = '2_up'`,
    );
    if (after !== '') await app.query(after);
    await app.end();
    expect(await stopLogging(owner, keeping)).toEqual([]);
    const changed = await whatChanged(
      owner,
      keeping,
      own.map(({ xid }) => xid),
    );
    expect(changed.notes).toEqual([]);
    const [one] = changed.kept as readonly [Kept];
    const hit = await shop.query<{ k1: string; how: string }>(`select * from ${one.hit} order by k1`);
    const rows = await shop.query(
      `select order_id::int as id, status, carrier from ${one.copy} where order_id in (select k1 from ${one.hit} where how <> 'inserted') order by 1`,
    );
    const diag = await shop.connect('diag');
    await expect(diag.query(`select from ${one.copy}`)).rejects.toMatchObject({ code: '42501' });
    await diag.query(`select from ${one.hit}`);
    await diag.end();
    await forgetKept(owner, keeping);
    expect(await shop.query(`select from pg_namespace where nspname = '${SCHEMA}'`)).toEqual([]);
    return { hit: Object.fromEntries(hit.map(({ k1, how }) => [k1, how])), rows };
  }

  const row = (id: number, carrier = `carrier ${id % 3}`, status = 'shipped') => ({ id, status, carrier });

  it('an UPDATE, of rows that clients wrote just before as well', async () => {
    const found = await kept(
      `update order_status set status = 'LOST' where order_id <= 3`,
      `update order_status set carrier = 'mine' where order_id = 2; update order_status set carrier = 'late' where order_id = 7`,
      `update order_status set status = 'found' where order_id = 3`,
    );
    expect(found).toEqual({
      hit: { 1: 'updated', 2: 'updated', 3: 'updated' },
      rows: [row(1), row(2, 'mine'), row(3)],
    });
  });

  it('an UPDATE after a rename, under the names from before', async () => {
    const found = await kept(
      `alter table order_status rename column carrier to shipper; update order_status set shipper = 'x' where order_id <= 2`,
      `update order_status set carrier = 'mine' where order_id = 2`,
      '',
    );
    expect(found.rows).toEqual([row(1), row(2, 'mine')]);
  });

  it('a dropped column, with what was written before it and after', async () => {
    const found = await kept(
      `update order_status set status = 'LOST' where order_id = 1; alter table order_status drop column carrier`,
      `update order_status set carrier = 'mine' where order_id in (1, 2)`,
      `update order_status set status = 'found' where order_id = 3`,
    );
    expect(Object.keys(found.hit)).toHaveLength(8);
    expect(found.rows.slice(0, 4)).toEqual([row(1, 'mine'), row(2, 'mine'), row(3), row(4)]);
  });

  it('a dropped column before an UPDATE of the same rows', async () => {
    const found = await kept(
      `alter table order_status drop column carrier; update order_status set status = 'LOST' where order_id <= 2`,
      `update order_status set carrier = 'mine' where order_id = 2`,
      '',
    );
    expect(found.rows.slice(0, 3)).toEqual([row(1), row(2, 'mine'), row(3)]);
  });

  it('a type that is narrowed', async () => {
    const found = await kept(
      `alter table order_status alter column carrier type varchar(3) using left(carrier, 3); update order_status set carrier = 'x' where order_id = 1`,
      `update order_status set carrier = 'mine too' where order_id = 2`,
      `update order_status set carrier = 'new' where order_id = 3`,
    );
    expect(Object.keys(found.hit)).toHaveLength(8);
    expect(found.rows.slice(0, 4)).toEqual([row(1), row(2, 'mine too'), row(3), row(4)]);
  });

  it('DELETE, INSERT and a row that comes and goes', async () => {
    const found = await kept(
      `delete from order_status where order_id <= 2; insert into order_status values (20, 'new', null, null), (21, 'new', null, null); delete from order_status where order_id = 21`,
      `update order_status set carrier = 'mine' where order_id = 1`,
      `insert into order_status values (1, 'again', null, null)`,
    );
    expect(found).toEqual({
      hit: { 1: 'deleted', 2: 'deleted', 20: 'inserted' },
      rows: [row(1, 'mine'), row(2)],
    });
  });

  it('TRUNCATE, and a table that is dropped', async () => {
    const emptied = await kept(
      'truncate order_status',
      `update order_status set carrier = 'mine' where order_id = 1`,
      '',
    );
    expect(Object.values(emptied.hit)).toEqual(Array.from({ length: 8 }, () => 'deleted'));
    expect(emptied.rows[0]).toEqual(row(1, 'mine'));
  });

  it('a table that is dropped', async () => {
    const dropped = await kept(
      'drop table order_status',
      `update order_status set carrier = 'mine' where order_id = 1`,
      '',
    );
    expect(Object.values(dropped.hit)).toEqual(Array.from({ length: 8 }, () => 'deleted'));
    expect(dropped.rows.slice(0, 2)).toEqual([row(1, 'mine'), row(2)]);
  });

  it('rows that foreign keys reach', async () => {
    await owner.query(`alter table order_status drop constraint order_status_order_id_fkey,
      add foreign key (order_id) references orders on delete cascade`);
    const { tables } = await tablesAtRisk(shop.target, await analyse('delete from orders where id = 1'));
    expect(tables.map(({ name }) => name).sort()).toEqual(['public.order_status', 'public.orders']);
  });

  it('nothing, when a record was lost: a write of the application does not fail for it', async () => {
    const up = `update order_status set status = 'LOST'`;
    const { tables } = await tablesAtRisk(shop.target, await analyse(up));
    const keeping: Keeping = { schema: SCHEMA, reader: shop.roles.diag, tables };
    await startKeeping(owner, keeping, new Date(Date.now() + 60_000));
    await owner.query(
      `alter table ${SCHEMA}.log_${tables[0]?.oid ?? 0} add constraint no check (false) not valid`,
    );
    const app = await shop.connect('app');
    await app.query(`update order_status set status = 'found' where order_id = 1`);
    await app.end();
    expect(await whatChanged(owner, keeping, ['1'])).toMatchObject({
      kept: [],
      notes: [expect.stringContaining('could not be logged')],
    });
  });

  it('no more, once the deadline has passed', async () => {
    const { tables } = await tablesAtRisk(
      shop.target,
      await analyse(`update order_status set status = 'LOST'`),
    );
    await startKeeping(
      owner,
      { schema: SCHEMA, reader: shop.roles.diag, tables },
      new Date(Date.now() - 1000),
    );
    await owner.query(`update order_status set status = 'x'`);
    expect(await shop.query(`select from ${SCHEMA}.log_${tables[0]?.oid ?? 0}`)).toEqual([]);
  });
});
