/** Rows come back after a rollback from what was kept before the migration ran. */
import { executeRestore, planRestore } from '../../src/databases/restore.ts';
import type { KeptTable } from '../../src/databases/rollback/inputs.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import type { CapturedMigration, TransactionTrace } from '../../src/domain/plan.ts';
import { captured, createShop, ORDERS, type Shop } from './shop.ts';

const KEPT = 'firebreak_guard_1';
let runs = 0;

describe('what was kept before a migration', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await createShop();
  });
  afterEach(() => shop.close());

  async function asRole(role: 'app' | 'owner', ...statements: readonly string[]): Promise<void> {
    const client = await shop.connect(role);
    for (const sql of statements) await client.query(sql);
    await client.end();
  }

  /** Copies the table, applies the migration, and lists what it changed. */
  async function applied(migration: CapturedMigration, hit: string): Promise<KeptTable> {
    await asRole('owner', `create schema ${KEPT}`, `create table ${KEPT}.copy as select * from order_status`);
    await shop.apply(migration);
    await asRole(
      'owner',
      `create table ${KEPT}.hit as ${hit}`,
      `grant usage on schema ${KEPT} to ${shop.roles.diag}`,
      `revoke all on ${KEPT}.copy from ${shop.roles.diag}, ${shop.roles.app}`,
      `grant select on ${KEPT}.hit to ${shop.roles.diag}`,
    );
    return { table: 'public.order_status', key: ['order_id'], hit: `${KEPT}.hit`, copy: `${KEPT}.copy` };
  }

  async function rolledBack(migration: CapturedMigration, kept: KeptTable) {
    const planned = await planRollback(shop.target, {
      migration: migration.name,
      captured: [migration],
      snapshotSchema: 'firebreak_1',
      kept: [kept],
    });
    if (!planned.ok) throw new Error(planned.code);
    let trace: TransactionTrace = { xid: '' };
    const outcome = await executeRollback(shop.target, planned.plan, {
      marker: { run: `kept-${(runs += 1)}`, step: 1, epoch: 1 },
      onXid: (it) => Promise.resolve(void (trace = it)),
    });
    expect(outcome).toMatchObject({ state: 'done' });
    return [{ run: 1, kind: 'migration-rollback', plan: planned.plan, trace }];
  }

  async function restored(earlier: Awaited<ReturnType<typeof rolledBack>>) {
    const planned = await planRestore(shop.target, {
      table: 'order_status',
      snapshotSchema: 'firebreak_1',
      earlier,
    });
    if (!planned.ok) return planned.code;
    const outcome = await executeRestore(shop.target, planned.plan, {
      marker: { run: `kept-${(runs += 1)}`, step: 1, epoch: 1 },
      onXid: () => Promise.resolve(),
    });
    return { fates: planned.plan.facts['fates'], facts: outcome.facts };
  }

  /** Orders whose state is not the one of the beginning. */
  const wrong = async (): Promise<number[]> =>
    (
      await shop.query<{ id: number }>(`
        select coalesce(t.order_id, e.order_id)::int as id
          from order_status t
          full join order_events e using (order_id)
         where (t.status, t.carrier, t.eta) is distinct from (e.status, e.carrier, e.eta)
         order by 1`)
    ).map(({ id }) => id);

  it('puts back what an UPDATE overwrote, whether the down rewrote the row or not', async () => {
    const up = captured(
      '2_up',
      `update order_status set status = 'LOST' where order_id <= 500; alter table order_status add column note text`,
      'alter table order_status drop column note',
    );
    const kept = await applied(
      up,
      `select order_id as k1, 'updated' as how from generate_series(1, 500) order_id`,
    );
    await asRole('app', "update order_status set status = 'found' where order_id in (1, 2)");
    const earlier = await rolledBack(up, kept);
    await asRole('app', "update order_status set status = 'found' where order_id in (3)");
    const done = await restored(earlier);
    expect(done).toMatchObject({
      fates: { 'put back': 497, 'written since': 3 },
      facts: { restored: 497, conflicts: 3 },
    });
    expect(await wrong()).toEqual([1, 2, 3]);
    expect(await restored(earlier)).toBe('NOTHING_TO_RESTORE');
  });

  it('puts back a dropped column, and keeps the row that a client wrote before the rollback and the one after it', async () => {
    const up = captured(
      '2_up',
      'alter table order_status drop column carrier',
      'alter table order_status add column carrier text',
    );
    const kept = await applied(
      up,
      `select order_id as k1, 'updated' as how from generate_series(1, ${ORDERS}) order_id`,
    );
    await asRole('app', "update order_status set status = 'found' where order_id = 1");
    const earlier = await rolledBack(up, kept);
    await asRole('app', "update order_status set carrier = 'mine' where order_id = 2");
    expect(await restored(earlier)).toMatchObject({
      fates: { 'put back': ORDERS - 2, 'written since': 2 },
      facts: { conflicts: 2 },
    });
    expect(await wrong()).toEqual([1, 2]);
    expect(await shop.query('select status, carrier from order_status where order_id = 2')).toEqual([
      { status: 'shipped', carrier: 'mine' },
    ]);
  });

  it('of a dropped column leaves the other columns to a client whose transaction had begun before', async () => {
    const up = captured(
      '2_up',
      'alter table order_status drop column carrier',
      'alter table order_status add column carrier text',
    );
    const early = await shop.connect('app');
    await early.query('begin; update orders set total_cents = 1 where id = 1');
    const kept = await applied(
      up,
      `select order_id as k1, 'updated' as how from generate_series(1, ${ORDERS}) order_id`,
    );
    await early.query("update order_status set status = 'paid' where order_id = 5; commit");
    await early.end();
    await restored(await rolledBack(up, kept));
    expect(await shop.query('select status, carrier from order_status where order_id = 5')).toEqual([
      { status: 'paid', carrier: 'carrier 2' },
    ]);
    expect(await wrong()).toEqual([5]);
  });

  it('is told by the rewritten versions where the down rewrites the table', async () => {
    const up = captured(
      '2_up',
      "update order_status set status = 'LOST' where order_id <= 10; alter table order_status alter column carrier type char(30)",
      'alter table order_status alter column carrier type text',
    );
    const kept = await applied(
      up,
      `select order_id as k1, 'updated' as how from generate_series(1, 10) order_id`,
    );
    await asRole('app', "update order_status set status = 'found' where order_id = 1");
    const earlier = await rolledBack(up, kept);
    expect(await restored(earlier)).toMatchObject({ fates: { 'put back': 9, 'written since': 1 } });
    expect(await wrong()).toEqual([1]);
  });

  it('brings back what was deleted, and removes what was inserted, where nobody used the key since', async () => {
    const up = captured(
      '2_up',
      `delete from order_status where order_id between 11 and 20;
       insert into orders values (5000, 1); insert into order_status values (5000, 'made up', null, null)`,
      'alter table order_status alter column status set not null',
    );
    const kept = await applied(
      up,
      `select order_id as k1, 'deleted' as how from generate_series(11, 20) order_id union all select 5000, 'inserted'`,
    );
    await asRole('app', "insert into order_status values (11, 'again', null, null)");
    const earlier = await rolledBack(up, kept);
    expect(await restored(earlier)).toMatchObject({
      fates: { 'brought back': 9, removed: 1, 'key used again since': 1 },
    });
    expect(await wrong()).toEqual([11]);
  });

  it('fills a table that the migration dropped', async () => {
    const up = captured(
      '2_up',
      'drop table order_status',
      `create table order_status (order_id bigint primary key references orders (id), status text not null, carrier text, eta date);
       grant select, insert, update on order_status to ${shop.roles.app}`,
    );
    const kept = await applied(up, `select order_id as k1, 'deleted' as how from ${KEPT}.copy`);
    const earlier = await rolledBack(up, kept);
    await asRole('app', "insert into order_status values (7, 'mine', null, null)");
    expect(await restored(earlier)).toMatchObject({
      fates: { 'brought back': ORDERS - 1, 'key used again since': 1 },
    });
    expect(await wrong()).toEqual([7]);
  });
});
