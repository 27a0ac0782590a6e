import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchOptions } from '../../src/databases/batches.ts';
import { executeSql, planExecute, planSnapshot } from '../../src/databases/execute.ts';
import type { EarlierStep, RestoreRequest } from '../../src/databases/restore/find.ts';
import { executeRestore, leftToRestore, planRestore } from '../../src/databases/restore.ts';
import type { Plan, TransactionTrace } from '../../src/domain/plan.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { createShop, ORDERS, type Shop } from './shop.ts';

let runs = 0;
let incidents = 0;
const options = (change: Partial<BatchOptions> = {}): BatchOptions => ({
  marker: { run: `run-${(runs += 1)}`, step: 1, epoch: 1 },
  onXid: () => Promise.resolve(),
  ...change,
});

describe('the restore from a snapshot', () => {
  let shop: Shop;
  let schema: string;
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`grant delete on order_status to ${shop.roles.app}`);
  });
  beforeEach(async () => {
    schema = `firebreak_${(incidents += 1)}`;
    await shop.query(`set role ${shop.roles.owner};
      truncate order_status;
      insert into order_status select order_id, status, carrier, eta from order_events where id <= ${ORDERS};
      reset role`);
  });
  afterAll(() => shop.close());

  const must = (result: { readonly ok: true; readonly plan: Plan } | Refusal): Plan => {
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  };

  /** Carries out a plan as a run would, and answers what the incident knows of it. */
  async function done(plan: Plan): Promise<EarlierStep> {
    let trace: TransactionTrace | undefined;
    const outcome = await executeSql(shop.target, plan, {
      ...options(),
      onXid: (xid) => Promise.resolve(void (trace = xid)),
    });
    if (outcome.state !== 'done') throw new Error(outcome.verdict);
    return { run: runs, kind: plan.kind, plan, ...(trace === undefined ? {} : { trace }) };
  }

  const execute = async (sql: string): Promise<EarlierStep> =>
    done(must(await planExecute(shop.target, { sql, snapshotSchema: schema })));
  const copy = async (): Promise<EarlierStep> =>
    done(must(await planSnapshot(shop.target, { table: 'order_status', snapshotSchema: schema })));

  const plan = (earlier: readonly EarlierStep[], more: Partial<RestoreRequest> = {}) =>
    planRestore(shop.target, { table: 'order_status', snapshotSchema: schema, earlier, ...more });

  async function asApp(...statements: readonly string[]): Promise<void> {
    const app = await shop.connect('app');
    for (const sql of statements) await app.query(sql);
    await app.end();
  }

  /** Orders whose status is not what it was, or missing. */
  const wrong = async (): Promise<number[]> =>
    (
      await shop.query<{ id: number }>(`
        select coalesce(t.order_id, e.order_id)::int as id
          from order_status t
          full join (select * from order_events where id <= ${ORDERS}) e using (order_id)
         where (t.status, t.carrier, t.eta) is distinct from (e.status, e.carrier, e.eta)
         order by 1`)
    ).map(({ id }) => id);

  const BAD = `update order_status set status = 'unknown' where order_id <= 500;
    delete from order_status where order_id between 501 and 600;
    insert into orders values (2001, 1), (2002, 1) on conflict do nothing;
    insert into order_status values (2001, 'made up', null, null), (2002, 'made up', null, null)`;

  it('puts back, brings back and removes, and leaves what was written since', async () => {
    const executed = await execute(BAD);
    await asApp(
      `update order_status set status = 'by a customer' where order_id in (3, 700)`,
      `delete from order_status where order_id = 4`,
      `insert into order_status values (501, 'new', null, null)`,
      `update order_status set status = 'by a customer' where order_id = 2002`,
    );
    const restore = must(await plan([executed], { batchRows: 100 }));
    const words = restore.summary.join('\n');
    expect(words).toContain('498 put back; 99 brought back; 1 removed');
    expect(words).toContain('2 written since; 1 deleted since; 1 key used again since');
    expect(restore.facts['conflict_keys']).toEqual([
      '3 (written since)',
      '4 (deleted since)',
      '501 (key used again since)',
      '2002 (written since)',
    ]);
    expect(words).not.toContain('by a customer');
    const outcome = await executeRestore(shop.target, restore, options());
    expect(outcome).toMatchObject({
      state: 'done',
      facts: { restored: 598, conflicts: 4, batches: 7 },
      probes: [{ ok: true }],
    });
    expect(await wrong()).toEqual([3, 4, 501, 700, 2002]);
    const before = String(outcome.facts['snapshot_table']);
    expect(
      await shop.query(`select count(*)::int as n from ${before} where old ->> 'status' = 'unknown'`),
    ).toEqual([{ n: 498 }]);
    expect(await plan([executed])).toMatchObject({ code: 'NOTHING_TO_RESTORE', values: { conflicts: 4 } });
  });

  it('is refused when the table has other columns, or another table its name', async () => {
    const executed = await execute(`update order_status set status = 'x' where order_id = 1`);
    await shop.query('alter table order_status add column note text');
    expect(await plan([executed])).toMatchObject({
      code: 'RESTORE_SCHEMA_CHANGED',
      values: { found: 'it has the column note text now' },
    });
    await shop.query('alter table order_status drop column note');
    expect(await plan([executed])).toMatchObject({ ok: true });
    expect(await plan([executed], { table: 'orders' })).toMatchObject({ code: 'NO_SNAPSHOT' });
    expect(await plan([executed], { run: 999 })).toMatchObject({ code: 'NO_SNAPSHOT' });
    await shop.query(`drop schema ${schema} cascade`);
    expect(await plan([executed])).toMatchObject({
      code: 'RESTORE_SCHEMA_CHANGED',
      values: { found: 'the copy is not there any more' },
    });
  });

  it('does not remove a row that somebody refers to by now', async () => {
    await shop.query(`set role ${shop.roles.owner};
      create table parcels (id int primary key, order_id bigint references order_status on delete cascade);
      reset role`);
    const executed = await execute(
      `insert into orders values (3001, 1), (3002, 1) on conflict do nothing;
       insert into order_status values (3001, 'made up', null, null), (3002, 'made up', null, null)`,
    );
    await shop.query('insert into parcels values (1, 3001)');
    const restore = must(await plan([executed]));
    expect(restore.summary.join('\n')).toContain('1 referred to since: 3001 (referred to since)');
    await executeRestore(shop.target, restore, options());
    expect(await wrong()).toEqual([3001]);
    expect(await shop.query('select order_id::int as id from parcels')).toEqual([{ id: 3001 }]);
    await shop.query('drop table parcels');
  });

  it('does not remove a row of a partition that somebody refers to by the partition alone', async () => {
    await shop.query(`set role ${shop.roles.owner};
      create table lots (id int primary key) partition by range (id);
      create table lots_1 partition of lots for values from (1) to (100);
      insert into lots values (1);
      create table boxes (id int primary key, lot int references lots_1 on delete cascade);
      reset role`);
    const executed = await execute('insert into lots values (2), (3)');
    await shop.query('insert into boxes values (1, 2)');
    const restore = must(await plan([executed], { table: 'lots' }));
    expect(restore.summary.join('\n')).toContain('1 referred to since: 2 (referred to since)');
    await executeRestore(shop.target, restore, options());
    expect(await shop.query('select id from lots order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await shop.query('select lot from boxes')).toEqual([{ lot: 2 }]);
    await shop.query('drop table boxes, lots');
  });

  it('goes on where it was cut, by the same step or by another', async () => {
    const executed = await execute(BAD);
    const restore = must(await plan([executed], { batchRows: 100 }));
    const run = options();
    let commits = 0;
    const cut = await executeRestore(shop.target, restore, {
      ...run,
      onXid: async () => {
        commits += 1;
        if (commits !== 3) return;
        await shop.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and application_name = 'firebreak'`,
          [shop.roles.owner],
        );
      },
    });
    expect(cut).toMatchObject({ state: 'stopped', facts: { restored: 100 } });
    expect(await leftToRestore(shop.target, restore)).toBe(502);
    const stop = new AbortController();
    const again = await executeRestore(shop.target, restore, {
      ...run,
      signal: stop.signal,
      onProgress: ({ batch }) => {
        if (batch === 3) stop.abort();
      },
    });
    expect(again).toMatchObject({ state: 'stopped', facts: { restored: 300 } });
    const rest = must(await plan([executed]));
    expect(rest.title).toContain('Restore 302 rows');
    expect(await executeRestore(shop.target, rest, options())).toMatchObject({ facts: { restored: 302 } });
    expect(await wrong()).toEqual([]);
  });

  it('says of a mere copy what cannot be decided, and undoes only whom it is told', async () => {
    const taken = await copy();
    expect(await plan([taken])).toMatchObject({ code: 'NOTHING_TO_RESTORE', values: { conflicts: 0 } });
    const executed = await execute(`update order_status set status = 'bad' where order_id <= 10`);
    await asApp(
      `update order_status set status = 'by a customer' where order_id in (1, 20)`,
      `delete from order_status where order_id = 30`,
    );
    const earlier = [executed, taken];
    expect(await plan(earlier, { run: taken.run })).toMatchObject({
      code: 'NOTHING_TO_RESTORE',
      values: { conflicts: 12, found: '11 written since; 1 deleted since, nobody knows by whom' },
    });
    expect(await plan(earlier, { run: taken.run, sinceRun: 999 })).toMatchObject({
      code: 'NO_SUCH_TRANSACTION',
    });
    const restore = must(await plan(earlier, { run: taken.run, sinceRun: executed.run }));
    expect(restore.summary.join('\n')).toContain('who deleted them cannot be told');
    expect(await executeRestore(shop.target, restore, options())).toMatchObject({
      state: 'done',
      facts: { restored: 9 },
    });
    expect(await wrong()).toEqual([1, 20, 30]);
  });

  it('keeps identity and generated columns as they belong', async () => {
    await shop.query(`set role ${shop.roles.owner};
      create table bills (
        id int generated always as identity primary key,
        cents int,
        "in euro" numeric generated always as (cents / 100.0) stored
      );
      insert into bills (cents) select n * 100 from generate_series(1, 4) n;
      reset role`);
    const were = await shop.query('select * from bills order by id');
    const executed = await execute('update bills set cents = 0 where id = 1; delete from bills where id = 2');
    const restore = must(await plan([executed], { table: 'bills' }));
    expect(await executeRestore(shop.target, restore, options())).toMatchObject({ facts: { restored: 2 } });
    expect(await shop.query('select * from bills order by id')).toEqual(were);
  });

  it('loses no acknowledged write of live writers', async () => {
    const writing = { on: true };
    /** Undefined: deleted. */
    const last = new Map<number, string | undefined>();
    let n = 0;
    async function clerk(low: number, high: number): Promise<void> {
      const app = await shop.connect('app');
      while (writing.on) {
        const order = low + Math.floor(Math.random() * (high - low + 1));
        const status = `clerk ${(n += 1)}`;
        // Whether a row that the execution deleted was written and deleted again since, nobody can tell.
        if (n % 5 === 0 && order <= 500) {
          await app.query('delete from order_status where order_id = $1', [order]);
          last.set(order, undefined);
        } else {
          await app.query(
            `insert into order_status values ($1, $2, null, null)
             on conflict (order_id) do update set status = excluded.status`,
            [order, status],
          );
          last.set(order, status);
        }
        await sleep(Math.random() * 3);
      }
      await app.end();
    }
    // Each clerk has orders of its own, so that its last write is the last one.
    const writers = [clerk(400, 499), clerk(500, 560)];
    await sleep(20);
    const executed = await execute(
      BAD.replace('insert into orders values', 'insert into orders values (2003, 1),'),
    );
    // What was written before is the execution's to change: only later writes are promised.
    const xid = String(executed.trace?.xid);
    last.clear();
    await sleep(60);
    const restore = must(await plan([executed], { batchRows: 25 }));
    const outcome = await executeRestore(shop.target, restore, options());
    await sleep(30);
    writing.on = false;
    await Promise.all(writers);
    expect(outcome).toMatchObject({ state: 'done' });
    expect(Number(outcome.facts['restored'])).toBeGreaterThan(300);
    const now = new Map(
      (
        await shop.query<{ id: number; status: string }>(
          'select order_id::int as id, status from order_status',
        )
      ).map((row) => [row.id, row.status]),
    );
    expect(last.size).toBeGreaterThan(10);
    for (const [order, status] of last) expect([order, now.get(order)]).toEqual([order, status]);
    // Of what the execution wrote nothing is left.
    expect(
      await shop.query(
        'select order_id from order_status where xmin::text = ($1::numeric % 4294967296)::text',
        [xid],
      ),
    ).toEqual([]);
  });
});
