import type { ExecuteOptions } from '../../src/databases/attempts.ts';
import { type ExecuteRequest, executeSql, planExecute, planSnapshot } from '../../src/databases/execute.ts';
import { sqlstateOf } from '../../src/databases/pg-errors.ts';
import { resolveUnknown } from '../../src/databases/resolve.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createShop, ORDERS, type Shop } from './shop.ts';

let incidents = 0;
let runs = 0;
const options = (change: Partial<ExecuteOptions> = {}): ExecuteOptions => ({
  marker: { run: `run-${(runs += 1)}`, step: 1, epoch: 1 },
  onXid: () => Promise.resolve(),
  ...change,
});

describe('SQL that was approved', () => {
  let shop: Shop;
  let schema: string;
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`
      set role ${shop.roles.owner};
      create table items (id int primary key, order_id bigint references orders on delete cascade, note text);
      insert into items select n, n, 'a note' from generate_series(1, 20) n;
      create table loose (id int, note text);
      insert into loose values (1, 'x');
      create function write_log() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger log before update on items for each row execute function write_log();
      analyze items;
      reset role`);
  });
  beforeEach(() => {
    schema = `firebreak_${(incidents += 1)}`;
  });
  afterAll(() => shop.close());

  const plan = (sql: string, more: Partial<ExecuteRequest> = {}, target: Target = shop.target) =>
    planExecute(target, { sql, snapshotSchema: schema, ...more });
  async function planned(sql: string, more: Partial<ExecuteRequest> = {}): Promise<Plan> {
    const result = await plan(sql, more);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  it('is planned in plain words, with its values as parameters and all that it reaches', async () => {
    const it = await planned(
      'delete from "{{table}}" where id = $1; update items set note = $2 where id = 3;',
      {
        values: [7, `it's`],
        names: { table: 'public.orders' },
        snapshot: ['loose'],
      },
    );
    const words = it.summary.join('\n');
    expect(it.title).toBe('Execute SQL on shop: deletes the rows that match of orders, and 1 more statement');
    expect(words).toContain('Destroys: the rows that match of orders (kept in the snapshot).');
    expect(words).toContain('Destroys: rows of items that refer to them, by a foreign key');
    expect(words).toContain('Fires the trigger log on items');
    expect(words).toContain('writers wait as long');
    expect(words).toContain('Snapshot of loose inside the transaction, after the lock');
    expect(words).toContain('The probe order-status is green now');
    expect(it.sql).toContain(
      'lock table "public"."items", "public"."loose", "public"."orders" in share row exclusive mode;',
    );
    expect(it.sql).toContain(`prepare bound as
delete from "public"."orders" where id = $1
;
execute bound (7);`);
    expect(it.sql).toContain(`execute bound (7, 'it''s');`);
    expect((await planned('delete from items where id = 1')).hash).not.toBe(it.hash);
  });

  it('is carried out with a snapshot that nobody else can read, and the keys of what it did', async () => {
    const wrong = await planned(
      `update order_status set status = 'lost' where order_id <= $1;
       delete from order_status where order_id between 101 and 110;
       insert into order_status values (999999, 'new', null, null) on conflict do nothing`,
      { values: [100] },
    );
    // The order does not exist: the foreign key says so, and everything is rolled back.
    expect(await executeSql(shop.target, wrong, options())).toMatchObject({
      state: 'stopped',
      code: 'FAILED',
      facts: { sqlstate: '23503' },
    });
    const good = await planned(
      `insert into orders values (999999, 1);
       update order_status set status = 'lost' where order_id <= $1;
       delete from order_status where order_id between 101 and 110;
       insert into order_status values (999999, 'new', null, null)`,
      { values: [100] },
    );
    const traces: string[] = [];
    const outcome = await executeSql(
      shop.target,
      good,
      options({ onXid: ({ xid }) => Promise.resolve(void traces.push(xid)) }),
    );
    expect(outcome).toMatchObject({
      state: 'done',
      probes: [{ ok: true }],
      facts: {
        statements: [{ rows: 1 }, { rows: 100 }, { rows: 10 }, { rows: 1 }],
        changed: { 'public.order_status': 111, 'public.orders': 1 },
        xid: traces[0],
      },
    });
    const tables = good.inputs['tables'] as { name: string; copy: string; keys: string; changed: string }[];
    const kept = tables.find(({ name }) => name === 'public.order_status');
    const copy = `${schema}.${kept?.copy ?? ''}`;
    expect(
      await shop.query(
        `select count(*)::int as n, count(*) filter (where status = 'lost')::int as lost from ${copy}`,
      ),
    ).toEqual([{ n: ORDERS, lost: 0 }]);
    expect(
      await shop.query(
        `select how, count(*)::int as n from ${schema}.${kept?.changed ?? ''} group by 1 order by 1`,
      ),
    ).toEqual([
      { how: 'deleted', n: 10 },
      { how: 'inserted', n: 1 },
      { how: 'updated', n: 100 },
    ]);
    expect(await shop.query(`select to_regclass('${schema}.${kept?.keys ?? ''}') as gone`)).toEqual([
      { gone: null },
    ]);
    for (const role of [shop.roles.app, shop.roles.diag])
      expect(
        await shop.query('select has_table_privilege($1, $2, $3) as may', [role, copy, 'select']),
      ).toEqual([{ may: false }]);
    await shop.query(`update order_status set status = 'shipped' where order_id <= 100;
      delete from order_status where order_id = 999999`);
  });

  it('is rolled back when a probe that was green is red inside', async () => {
    const it = await planned('alter table order_status rename column carrier to shipper');
    expect(it.inputs['mode']).toBe('access exclusive');
    expect(await executeSql(shop.target, it, options())).toMatchObject({
      state: 'stopped',
      code: 'PROBE_RED',
    });
    expect(await shop.query('select carrier from order_status limit 1')).toHaveLength(1);
    expect(await shop.query(`select 1 from pg_namespace where nspname = '${schema}'`)).toEqual([]);
  });

  it('is not held up by a probe that was red before', async () => {
    const broken = { name: 'broken', sql: 'select nothing from orders' };
    const target = openTarget({ ...shop.config, probes: [broken, ...shop.config.probes] });
    const it = await plan('update loose set note = null', {}, target);
    if (!it.ok) throw new Error(it.code);
    expect(it.plan.summary.join('\n')).toContain('The probe broken is red already: it holds nothing up.');
    const outcome = await executeSql(target, it.plan, options());
    expect(outcome).toMatchObject({
      state: 'done',
      verdict: expect.stringContaining('red probes: broken') as string,
    });
    await target.close();
  });

  it('stops at a lock that is not free, names its holder, and leaves nothing behind', async () => {
    const it = await planned('update items set note = null');
    const app = await shop.connect('owner', 'night job');
    await app.query('begin; update items set note = note where id = 1');
    const outcome = await executeSql(shop.target, it, options({ lockTimeoutMs: 300, attempts: 2 }));
    expect(outcome).toMatchObject({
      state: 'stopped',
      code: 'LOCK_TIMEOUT',
      blockers: [{ application: 'night job' }],
    });
    await app.query('rollback');
    await app.end();
    expect(await shop.query(`select 1 from pg_namespace where nspname = '${schema}'`)).toEqual([]);
  });

  it('lets nobody write between its snapshot and its end, and readers read', async () => {
    const it = await planned('update items set note = $1', { values: ['held'] });
    const app = await shop.connect('app', 'reader');
    await shop.query(`grant select, update on items to ${shop.roles.app}`);
    const seen: unknown[] = [];
    const outcome = await executeSql(
      shop.target,
      it,
      options({
        onXid: async () => {
          seen.push((await app.query('select count(*)::int as n from items')).rows[0]);
          await app
            .query(`set lock_timeout = 100; update items set note = 'mine' where id = 1`)
            .catch((error: unknown) => seen.push(sqlstateOf(error)));
        },
      }),
    );
    await app.end();
    expect(outcome.state).toBe('done');
    expect(seen).toEqual([{ n: 20 }, '55P03']);
  });

  it('is never committed twice, and is found again after a cut', async () => {
    const it = await planned('update loose set note = $1', { values: ['once'] });
    const run = options();
    let trace: { xid: string } | undefined;
    const cut = cutAtCommit();
    expect(
      await executeSql(cut, it, { ...run, onXid: (found) => Promise.resolve(void (trace = found)) }),
    ).toMatchObject({
      state: 'done',
      facts: { xid: expect.any(String) as string },
    });
    await cut.close();
    expect(await resolveUnknown(shop.target, run.marker, trace)).toBe('committed');
    expect(await executeSql(shop.target, it, run)).toMatchObject({
      state: 'stopped',
      code: 'REFUSED',
      verdict: expect.stringContaining('marker') as string,
    });
    expect(await resolveUnknown(shop.target, options().marker)).toBe('aborted');
  });

  /** A target whose connection breaks when the COMMIT was carried out, before its answer. */
  function cutAtCommit(): Target {
    const real = openTarget(shop.config);
    return {
      ...real,
      async session(role) {
        const client = await real.session(role);
        const send = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
        const query = async (...args: unknown[]): Promise<unknown> => {
          const answer = await send(...args);
          if (args[0] !== 'commit') return answer;
          throw new Error('Connection terminated unexpectedly');
        };
        return Object.assign(client, { query });
      },
    };
  }

  it.each([
    ['vacuum orders', 'SQL_NOT_TRANSACTIONAL'],
    ['create index concurrently x on orders (id)', 'SQL_NOT_TRANSACTIONAL'],
    ['begin; update orders set id = 1; commit', 'SQL_NOT_TRANSACTIONAL'],
    ['truncate orders cascade', 'SQL_CASCADES'],
    ['set search_path = x; update orders set id = 1', 'SQL_SETS'],
    ['do $$ begin end $$', 'SQL_OPAQUE'],
    ['update orders set total_cents = pg_reload_conf()::int', 'SQL_OPAQUE'],
    ['with d as (delete from items returning id) update orders set id = 1', 'SQL_OPAQUE'],
    ['select 1', 'SQL_RETURNS'],
    ['delete from orders returning *', 'SQL_RETURNS'],
    ['update no_such_table set a = 1', 'SQL_TABLE_UNSEEN'],
    ['updat', 'SQL_UNREADABLE'],
    ['update orders set id = $1', 'SQL_VALUES'],
  ])('is refused: %s', async (sql, code) => {
    expect(await plan(sql)).toMatchObject({ ok: false, code });
  });

  it('is refused when its snapshot would take too long, and without a ddl role', async () => {
    const hurried = openTarget({ ...shop.config, snapshot: { maxLockSeconds: 0.001 } });
    expect(await plan('delete from orders', {}, hurried)).toMatchObject({ code: 'SNAPSHOT_TOO_LONG' });
    await hurried.close();
    const { diag } = shop.config.urls;
    const poor = openTarget({ ...shop.config, urls: { diag } });
    expect(await plan('delete from orders', {}, poor)).toMatchObject({ code: 'TARGET_ROLE_MISSING' });
    await poor.close();
    expect(await plan('update orders set id = 1', { snapshot: ['nowhere'] })).toMatchObject({
      code: 'TABLE_NOT_FOUND',
    });
  });

  it('may also be nothing but the snapshot of a table, which can be taken again', async () => {
    await shop.query('create publication everything for all tables');
    const copy = async () => {
      const result = await planSnapshot(shop.target, { table: 'items', snapshotSchema: schema });
      if (!result.ok) throw new Error(result.code);
      return result.plan;
    };
    const first = await copy();
    expect(first.title).toBe('Copy items on shop');
    expect(first.summary.join('\n')).toContain('items: about 20 rows');
    expect(first.summary.join('\n')).toContain('The publication everything is for all tables');
    expect(await executeSql(shop.target, first, options())).toMatchObject({
      state: 'done',
      facts: { rows: 20 },
    });
    const second = await copy();
    expect(second.hash).not.toBe(first.hash);
    expect(await executeSql(shop.target, second, options())).toMatchObject({ state: 'done' });
    await shop.query('drop publication everything');
  });
});
