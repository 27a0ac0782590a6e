import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchOptions } from '../../src/databases/batches.ts';
import { executeRepair, leftToRepair, planRepair } from '../../src/databases/repair.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { suspectRows } from '../../src/databases/source.ts';
import { openTarget } from '../../src/databases/target.ts';
import type { CapturedMigration, Plan } from '../../src/domain/plan.ts';
import { createSilentProxy } from '../support/silent-proxy.ts';
import { BAD, captured, createShop, ORDERS, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_inc_2';
let runs = 0;
const options = (): BatchOptions => ({
  marker: { run: `run-${(runs += 1)}`, step: 2, epoch: 1 },
  onXid: () => Promise.resolve(),
});

describe('the repair of a table', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await createShop();
  });
  afterEach(() => shop.close());

  /** Applies and rolls back a migration; answers the two transactions. */
  async function rolledBack(migration: CapturedMigration, between: () => Promise<unknown> = none) {
    const migrationXid = await shop.apply(migration);
    await between();
    const request = { migration: migration.name, captured: [migration], snapshotSchema: SCHEMA };
    const planned = await planRollback(shop.target, request);
    if (!planned.ok) throw new Error(`refused: ${planned.code} ${JSON.stringify(planned.values)}`);
    const outcome = await executeRollback(shop.target, planned.plan, options());
    if (outcome.state !== 'done') throw new Error(outcome.verdict);
    return { migrationXid, rollbackXid: String(outcome.facts['xid']), outcome };
  }

  async function planned(
    migration: CapturedMigration,
    xids: { migrationXid: string; rollbackXid?: string },
    batchRows = 5000,
  ): Promise<Plan> {
    const { migrationXid } = xids;
    const rollbackXid = xids.rollbackXid === undefined ? {} : { rollbackXid: xids.rollbackXid };
    const request = {
      table: 'order_status',
      snapshotSchema: SCHEMA,
      migration: migration.name,
      migrationXid,
      captured: [migration],
    };
    const result = await planRepair(shop.target, { ...request, ...rollbackXid, batchRows });
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  /** Rows that are not as the newest event of their order says. */
  const wrong = async (): Promise<string[]> =>
    (
      await shop.query<{ order_id: string }>(`
        select t.order_id
          from order_status t
          join (${shop.config.sources['order_status']?.from ?? ''}) s using (order_id)
         where (t.status, t.carrier, t.eta) is distinct from (s.status, s.carrier, s.eta)
         order by 1`)
    ).map((row) => row.order_id);

  it('restores exactly the 493 rows nobody wrote since, and lists the 7 that somebody did', async () => {
    const later = [3, 50, 77, 123, 250, 400, 499];
    const xids = await rolledBack(BAD, async () => {
      const app = await shop.connect('app');
      await app.query(`update order_status set status = 'paid by phone' where order_id = any($1)`, [later]);
      await app.end();
    });
    const plan = await planned(BAD, xids, 100);
    expect(plan.facts).toMatchObject({ restorable: 493, conflicts: 7, already_right: 500 });
    expect(plan.summary.join('\n')).toContain(
      '7 rows differ but were written since: not touched (3; 50; 77;',
    );
    // Nothing of what customers wrote is shown.
    expect(JSON.stringify(plan.facts)).not.toContain('unknown');
    const progress: number[] = [];
    const outcome = await executeRepair(shop.target, plan, {
      ...options(),
      onProgress: ({ restored }) => void progress.push(restored),
    });
    expect(outcome).toMatchObject({
      state: 'done',
      facts: {
        restored: 493,
        conflicts: 7,
        already_right: 500,
        batches: 5,
        conflict_keys: later.map(String),
      },
      probes: [{ ok: true }],
    });
    expect(progress).toEqual([100, 200, 300, 400, 493]);
    expect(await wrong()).toEqual(later.map(String));
    expect(
      await shop.query(`select count(*)::int as n from ${String(outcome.facts['snapshot_table'])}`),
    ).toEqual([{ n: 493 }]);
  });

  it('knows the rows after a down that rewrote the table, and those written after the rollback', async () => {
    const retype = captured(
      'retype',
      `alter table order_status alter column eta type text;
       update order_status set status = 'processing' where order_id % 100 < 30`,
      'alter table order_status alter column eta type date using eta::date',
    );
    const xids = await rolledBack(retype, async () => {
      const app = await shop.connect('app');
      await app.query(`update order_status set status = 'kept 1' where order_id = 1`);
      await app.end();
    });
    expect(xids.outcome.facts).toMatchObject({ untouched: ORDERS - 1, data_suspect: 300 });
    const app = await shop.connect('app');
    await app.query(`update order_status set status = 'kept 2' where order_id = 2`);
    await app.end();
    const outcome = await executeRepair(shop.target, await planned(retype, xids), options());
    expect(outcome.facts).toMatchObject({ restored: 298, conflicts: 2 });
    expect(await wrong()).toEqual(['1', '2']);
  });

  it('brings back a dropped column, in rows that the migration never wrote too', async () => {
    const drop = captured(
      'drop',
      `alter table order_status drop column eta;
       update order_status set status = 'processing' where order_id <= 200`,
      'alter table order_status add column eta date',
    );
    const xids = await rolledBack(drop, async () => {
      const app = await shop.connect('app');
      await app.query(`update order_status set carrier = 'customer' where order_id in (100, 900)`);
      await app.end();
    });
    expect(xids.outcome.facts).toMatchObject({ untouched: ORDERS - 2, data_suspect: ORDERS });
    const outcome = await executeRepair(shop.target, await planned(drop, xids), options());
    expect(outcome.facts).toMatchObject({ restored: ORDERS - 2, conflicts: 2 });
    expect(await wrong()).toEqual(['100', '900']);
  });

  it('works on a renamed table, and without a rollback at all', async () => {
    const rename = captured(
      'rename',
      `alter table order_status rename to order_status_v2;
       update order_status_v2 set carrier = null where order_id <= 10`,
      'alter table order_status_v2 rename to order_status',
    );
    const xids = await rolledBack(rename);
    expect(await executeRepair(shop.target, await planned(rename, xids), options())).toMatchObject({
      facts: { restored: 10, conflicts: 0 },
    });
    const alone = captured('data only', `update order_status set status = 'unknown' where order_id > 990`);
    const migrationXid = await shop.apply(alone);
    expect(await executeRepair(shop.target, await planned(alone, { migrationXid }), options())).toMatchObject(
      {
        facts: { restored: 10, conflicts: 0 },
      },
    );
    expect(await wrong()).toEqual([]);
  });

  it('goes on where it was cut, without doing a batch twice', async () => {
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids, 100);
    const run = options();
    let commits = 0;
    const cut = await executeRepair(shop.target, plan, {
      ...run,
      onXid: async () => {
        commits += 1;
        if (commits !== 4) return;
        await shop.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and application_name = 'firebreak'`,
          [shop.roles.owner],
        );
      },
    });
    expect(cut).toMatchObject({ state: 'stopped', code: 'FAILED', facts: { restored: 200 } });
    expect((await wrong()).length).toBe(300);
    const rest = await executeRepair(shop.target, plan, run);
    expect(rest).toMatchObject({ state: 'done', facts: { restored: 500, batches: 5 } });
    expect(await wrong()).toEqual([]);
  });

  it('leaves out a row that somebody holds, and restores the others', async () => {
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids);
    const app = await shop.connect('app', 'held');
    await app.query('begin');
    await app.query('select 1 from order_status where order_id = 7 for update');
    const outcome = await executeRepair(shop.target, plan, { ...options(), lockTimeoutMs: 100 });
    expect(outcome).toMatchObject({ state: 'done', facts: { restored: 499, conflicts: 1 } });
    await app.query('rollback');
    await app.end();
    expect(await wrong()).toEqual(['7']);
  });

  it('asks again after it had to wait for a writer', async () => {
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids);
    const app = await shop.connect('app', 'slow customer');
    await app.query('begin');
    await app.query(`update order_status set status = 'written while we waited' where order_id = 7`);
    const repair = executeRepair(shop.target, plan, { ...options(), lockTimeoutMs: 5000 });
    await sleep(600);
    const waiting = await shop.query(
      `select 1 from pg_stat_activity where application_name = 'firebreak' and wait_event_type = 'Lock' and datname = current_database()`,
    );
    expect(waiting.length).toBeGreaterThan(0);
    await app.query('commit');
    await app.end();
    expect(await repair).toMatchObject({
      state: 'done',
      facts: { restored: 499, conflicts: 1, conflict_keys: ['7'] },
    });
    expect(await shop.query('select status from order_status where order_id = 7')).toEqual([
      { status: 'written while we waited' },
    ]);
  });

  it('loses no acknowledged write of live writers', async () => {
    const writing = { on: true };
    const projected = new Map<number, string>();
    const bare = new Map<number, string>();
    let n = 0;
    /** A customer's write: the event and the status in one transaction. */
    async function customer(): Promise<void> {
      const client = await shop.connect('app');
      while (writing.on) {
        const order = between(1, 400);
        const status = `customer ${(n += 1)}`;
        await client.query('begin');
        await client.query('select 1 from order_status where order_id = $1 for update', [order]);
        await client.query(
          `insert into order_events (order_id, status, carrier, eta)
           select order_id, $2, carrier, eta from order_events where order_id = $1 order by id desc limit 1`,
          [order, status],
        );
        await sleep(Math.random() * 3);
        await client.query('update order_status set status = $2 where order_id = $1', [order, status]);
        await client.query('commit');
        projected.set(order, status);
      }
      await client.end();
    }
    /** A write that no source knows of: only the row itself holds it. */
    async function clerk(): Promise<void> {
      const client = await shop.connect('app');
      while (writing.on) {
        const order = between(401, 500);
        const status = `clerk ${(n += 1)}`;
        await client.query('update order_status set status = $2 where order_id = $1', [order, status]);
        bare.set(order, status);
        await sleep(Math.random() * 4);
      }
      await client.end();
    }
    const writers = [customer(), customer()];
    // What a clerk wrote before the migration was lost to the migration, which no undo can know.
    const xids = await rolledBack(BAD, async () => {
      writers.push(clerk(), clerk());
      await sleep(30);
    });
    const repaired = await executeRepair(shop.target, await planned(BAD, xids, 25), options());
    await sleep(50);
    writing.on = false;
    await Promise.all(writers);
    expect(repaired).toMatchObject({ state: 'done' });
    expect(Number(repaired.facts['restored'])).toBeGreaterThan(0);
    const now = new Map(
      (
        await shop.query<{ id: number; status: string }>(
          'select order_id::int as id, status from order_status',
        )
      ).map((row) => [row.id, row.status]),
    );
    for (const [order, status] of [...projected, ...bare])
      expect([order, now.get(order)]).toEqual([order, status]);
    expect(bare.size).toBeGreaterThan(10);
    // What is left wrong is exactly what the clerks wrote.
    expect(await wrong()).toEqual([...bare.keys()].sort((a, b) => a - b).map(String));
  });

  it('puts back only what the migration wrote: a value that a customer set before it stays', async () => {
    const app = await shop.connect('app');
    await app.query(`update order_status set carrier = 'customer says DHL' where order_id = 5`);
    await app.end();
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids);
    expect(plan.summary.join('\n')).toContain(
      'carrier, eta: left alone, since 1717405200000_order-status-v2',
    );
    expect(await executeRepair(shop.target, plan, options())).toMatchObject({ facts: { restored: 500 } });
    expect(await shop.query('select status, carrier from order_status where order_id = 5')).toEqual([
      { status: 'shipped', carrier: 'customer says DHL' },
    ]);
  });

  it('looks at the up itself when the migration stays, and says so when that cannot be read', async () => {
    const shown = captured('shown', `update order_status set status = 'unknown' where order_id <= 5`);
    const shownXid = await shop.apply(shown);
    const readable = await planned(shown, { migrationXid: shownXid });
    expect(readable.inputs['columns']).toEqual([{ name: 'status', type: 'text' }]);
    const code = { ...shown, up: 'opaque' };
    const opaque = await planned(code, { migrationXid: shownXid });
    expect(opaque.summary.join('\n')).toContain('What shown wrote cannot be read: every column');
    expect((opaque.inputs['columns'] as unknown[]).length).toBe(3);
    const request = { table: 'order_status', snapshotSchema: SCHEMA, migration: 'shown' };
    const other = captured('shown', 'create table unrelated (id int)');
    expect(
      await planRepair(shop.target, { ...request, migrationXid: shownXid, captured: [other] }),
    ).toMatchObject({ code: 'REPAIR_NOT_DAMAGED' });
    expect(await planRepair(shop.target, { ...request, migrationXid: shownXid, captured: [] })).toMatchObject(
      { code: 'MIGRATION_NOT_CAPTURED' },
    );
  });

  it('is refused when another migration of the same transaction wrote the table', async () => {
    const good = captured('2_good', `update order_status set status = 'SHIPPED' where order_id > 900`);
    const aside = captured('2_aside', 'create table aside (id int)');
    const together = captured(
      'both',
      `${BAD.up}; insert into pgmigrations (name, run_on) values ('2_good', now())`,
    );
    const migrationXid = await shop.apply({ ...together, name: BAD.name });
    const request = { table: 'order_status', snapshotSchema: SCHEMA, migration: BAD.name, migrationXid };
    await shop.query('alter table order_status rename column shipper to carrier');
    const plan = (...others: CapturedMigration[]) =>
      planRepair(shop.target, { ...request, captured: [BAD, ...others] });
    expect(await plan(good)).toMatchObject({ code: 'REPAIR_NOT_ALONE', values: { other: '2_good' } });
    expect(await plan()).toMatchObject({ code: 'REPAIR_NOT_ALONE' });
    const told = await plan({ ...aside, name: '2_good' });
    expect(told.ok && told.plan.summary.join('\n')).toContain('in one transaction with 2_good');
  });

  it('is refused when the source has two rows for a key', async () => {
    const xids = await rolledBack(BAD);
    const source = {
      key: 'order_id',
      columns: ['status'],
      from: 'select order_id, status from order_events',
    };
    const target = openTarget({ ...shop.config, sources: { order_status: source } });
    const request = { table: 'order_status', snapshotSchema: SCHEMA, migration: BAD.name, ...xids };
    const before = await planRepair(target, { ...request, captured: [BAD] });
    await shop.query(`insert into order_events (order_id, status) values (7, 'OTHER')`);
    expect(await planRepair(target, { ...request, captured: [BAD] })).toMatchObject({
      code: 'REPAIR_SOURCE_AMBIGUOUS',
      values: { key: 'order_id' },
    });
    if (!before.ok) throw new Error(before.code);
    expect(await executeRepair(target, before.plan, options())).toMatchObject({ code: 'CHANGED' });
    await target.close();
  });

  it('takes rows that row security hides for neither right nor repaired', async () => {
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids);
    await shop.query(`alter table order_status enable row level security;
      create policy own on order_status for all to ${shop.roles.app} using (true)`);
    const request = { table: 'order_status', snapshotSchema: SCHEMA, migration: BAD.name, ...xids };
    expect(await planRepair(shop.target, { ...request, captured: [BAD] })).toMatchObject({
      code: 'REPAIR_SOURCE_FAILED',
      values: { found: expect.stringContaining('row-level security') as string },
    });
    await expect(leftToRepair(shop.target, plan)).rejects.toMatchObject({ code: '42501' });
    await expect(suspectRows(shop.target, 'order_status')).rejects.toMatchObject({ code: '42501' });
  });

  it('that was stopped can be started again by another run', async () => {
    const xids = await rolledBack(BAD);
    const stop = new AbortController();
    const first = await executeRepair(shop.target, await planned(BAD, xids, 100), {
      ...options(),
      signal: stop.signal,
      onProgress: ({ batch }) => {
        if (batch === 2) stop.abort();
      },
    });
    expect(first).toMatchObject({ state: 'stopped', facts: { restored: 200 } });
    expect(first.verdict).toContain('start it again for the rest');
    const plan = await planned(BAD, xids, 100);
    expect(await leftToRepair(shop.target, plan)).toBe(300);
    expect(await executeRepair(shop.target, plan, options())).toMatchObject({
      state: 'done',
      facts: { restored: 300 },
    });
    expect(await wrong()).toEqual([]);
    expect(await leftToRepair(shop.target, plan)).toBe(0);
  });

  it('does not wait for ever for the answer to a COMMIT', async () => {
    const xids = await rolledBack(BAD);
    const proxy = await createSilentProxy(shop.database.url);
    const urls = { ...shop.config.urls, ddl: proxy.through(shop.config.urls.ddl ?? '') };
    const target = openTarget({ ...shop.config, urls });
    const plan = await planned(BAD, xids);
    let commits = 0;
    const started = performance.now();
    const outcome = await executeRepair(target, plan, {
      ...options(),
      statementTimeoutMs: 1000,
      onXid: () => {
        commits += 1;
        if (commits === 2) proxy.fallSilent();
        return Promise.resolve();
      },
    });
    expect(performance.now() - started).toBeLessThan(40_000);
    expect(outcome.state).toBe('unknown');
    proxy.close();
    await target.close();
  }, 60_000);

  it('keeps the rows of a batch from their writers for a short time only', async () => {
    const xids = await rolledBack(BAD);
    const plan = await planned(BAD, xids);
    await shop.query(`create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.05); return new; end $$;
      create trigger slow before update on order_status for each row execute function slow()`);
    const started = performance.now();
    expect(await executeRepair(shop.target, plan, options())).toMatchObject({
      state: 'stopped',
      facts: { sqlstate: '57014' },
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  }, 30_000);

  it('is refused without a source, without a table, and when nothing is left to do', async () => {
    const m = captured('m', 'update order_status set status = carrier, eta = null', 'select 1');
    const request = {
      ...{ table: 'order_status', snapshotSchema: SCHEMA, migration: 'm', migrationXid: '3' },
      captured: [m],
    };
    expect(await planRepair(shop.target, { ...request, table: 'orders' })).toMatchObject({
      code: 'NO_REPAIR_SOURCE',
    });
    expect(await planRepair(shop.target, request)).toMatchObject({ ok: false, code: 'NOTHING_TO_REPAIR' });
    await shop.query('alter table order_status drop column eta');
    expect(await planRepair(shop.target, request)).toMatchObject({ code: 'REPAIR_SOURCE_FAILED' });
    await shop.query('drop table order_status');
    expect(await planRepair(shop.target, request)).toMatchObject({ code: 'TABLE_NOT_FOUND' });
  });
});

const between = (low: number, high: number): number => low + Math.floor(Math.random() * (high - low + 1));

const none = (): Promise<void> => Promise.resolve();
