/** Tables whose copy would take the lock for too long are copied before it, and the copies brought up to date. */
import { executeSql, planExecute } from '../../src/databases/execute.ts';
import { planRestore } from '../../src/databases/restore.ts';
import { executeRollback, planRollback } from '../../src/databases/rollback.ts';
import { fingerprint } from '../../src/databases/snapshot.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createCuttingProxy } from '../support/cutting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { BAD, captured, createShop, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_1';
let runs = 0;

describe('a rollback that copies before it locks', () => {
  let shop: Shop;
  let target: Target;
  beforeEach(async () => {
    shop = await createShop();
    await shop.query(`grant delete on order_status to ${shop.roles.app}`);
    const owner = await shop.connect('owner');
    await owner.query(`
      alter table order_status add column doc text;
      alter table order_status alter column doc set storage external;
      update order_status set doc = repeat('x', 12000)`);
    await owner.end();
    target = openTarget({ ...shop.config, snapshot: { maxLockSeconds: 0.5 } });
  });
  afterEach(async () => {
    await target.close();
    await shop.close();
  });

  const plan = (migration = BAD) =>
    planRollback(target, { migration: migration.name, captured: [migration], snapshotSchema: SCHEMA });
  async function planned(): Promise<Plan> {
    const result = await plan();
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }
  const marker = () => ({ run: `before-${(runs += 1)}`, step: 1, epoch: 1 });
  const execute = (it: Plan, step: ReturnType<typeof marker>, attempts: number) =>
    executeRollback(target, it, {
      marker: step,
      attempts,
      lockTimeoutMs: 100,
      onXid: () => Promise.resolve(),
    });
  /** Parts of a step that are committed. */
  const parts = async (run: string): Promise<unknown[]> =>
    (await shop.query('select part from firebreak.markers where run = $1 order by part', [run])).map(
      ({ part }) => part,
    );
  const copied = (run: string) => eventually(async () => (await parts(run)).length > 0);
  const copies = async (): Promise<string[]> =>
    (
      await shop.query<{ name: string }>(
        `select relname::text as name from pg_class
          where relnamespace = to_regnamespace('${SCHEMA}') and relkind = 'r' order by 1`,
      )
    ).map(({ name }) => name);

  it('keeps exactly what was there under the lock, with what was written in between', async () => {
    await shop.apply(BAD);
    const it = await planned();
    expect(it.summary.join('\n')).toContain('BEFORE the lock');
    // Open while the tables are copied, in a subtransaction, which no snapshot lists.
    const slow = await shop.connect('app');
    await slow.query(
      `begin; savepoint s; update order_status set status = 'slow' where order_id = 1; release s`,
    );
    const step = marker();
    const work = execute(it, step, 50);
    await copied(step.run);
    const quick = await shop.connect('app');
    await quick.query(`
      update order_status set status = 'quick' where order_id between 2 and 4;
      delete from order_status where order_id = 5;
      insert into orders values (2001, 1);
      insert into order_status (order_id, status) values (2001, 'new')`);
    await quick.end();
    await slow.query('commit');
    await slow.end();
    const outcome = await work;
    expect(outcome).toMatchObject({ state: 'done' });
    const [table] = outcome.facts['tables'] as readonly Record<string, unknown>[];
    expect(table).toMatchObject({ rows: 1000 });
    expect(Number(table?.['changed_since_copy'])).toBeGreaterThanOrEqual(5);
    expect(outcome.verdict).toContain('rows of order_status changed between its copy and the lock');
    const copy = String(table?.['snapshot']);
    expect(await fingerprint(shop.admin, copy)).toEqual({ rows: 1000, checksum: table?.['checksum'] });
    const different = `(select * from order_status except select * from ${copy})
      union all (select * from ${copy} except select * from order_status)`;
    expect(await shop.query(different)).toEqual([]);
    expect(await parts(step.run)).toEqual([-1, 0]);
    expect(
      await shop.query('select has_table_privilege($1, $2, $3) as may', [shop.roles.app, copy, 'select']),
    ).toEqual([{ may: false }]);
  });

  it('that failed finds its copy again; another one makes its own', async () => {
    await shop.apply(BAD);
    const it = await planned();
    const step = marker();
    const reader = await shop.connect('app');
    await reader.query('begin; select 1 from order_status limit 1');
    const outcome = await execute(it, step, 1);
    expect(outcome).toMatchObject({ state: 'stopped', code: 'LOCK_TIMEOUT' });
    expect(outcome.verdict).toContain(`stay in ${SCHEMA}`);
    const [left] = await copies();
    await reader.end();
    const other = await planned();
    expect(other.sql).toContain(`${String(left)}_2`);
    expect(await execute(it, step, 1)).toMatchObject({ state: 'done' });
    expect((await copies()).filter((name) => !name.includes('untouched'))).toEqual([left]);
  });

  it('stops when the table was altered after it was copied', async () => {
    await shop.apply(BAD);
    const it = await planned();
    const step = marker();
    const reader = await shop.connect('app');
    await reader.query('begin; select 1 from order_status limit 1');
    await execute(it, step, 1);
    await reader.end();
    const owner = await shop.connect('owner');
    await owner.query(
      'alter table order_status drop column doc; alter table order_status add column doc text',
    );
    await owner.end();
    const outcome = await execute(it, step, 1);
    expect(outcome).toMatchObject({ state: 'stopped', code: 'CHANGED' });
    expect(await parts(step.run)).toEqual([-1]);
  });

  it('with its connection cut at any statement of the copying leaves no copy, or one that it finds again', async () => {
    await shop.apply(BAD);
    const it = await planned();
    const ddl = shop.config.urls.ddl ?? '';
    const proxy = await createCuttingProxy(ddl);
    const cut = openTarget({
      ...shop.config,
      snapshot: { maxLockSeconds: 0.5 },
      urls: { ...shop.config.urls, ddl: proxy.through(ddl) },
    });
    let seen: unknown[] = [];
    for (let n = 1; seen.length === 0; n += 1) {
      const step = marker();
      proxy.cutAt(n, n % 2 === 0 ? 'unsent' : 'unanswered');
      const outcome = await executeRollback(cut, it, { marker: step, onXid: () => Promise.resolve() });
      expect({ n, state: outcome.state }).toEqual({ n, state: 'stopped' });
      await eventually(async () => {
        const open = await shop.query(
          `select 1 from pg_stat_activity where usename = $1 and application_name = 'firebreak'`,
          [shop.roles.owner],
        );
        return open.length === 0;
      });
      const [there] = await shop.query(`select to_regclass('firebreak.markers') is not null as there`);
      seen = there?.['there'] === true ? await parts(step.run) : [];
      expect({ n, copies: (await copies()).length }).toEqual({ n, copies: seen.length });
      if (seen.length > 0) expect(outcome.verdict).toContain(`may be left in ${SCHEMA}`);
      if (seen.length > 0) expect(await execute(it, step, 1)).toMatchObject({ state: 'done' });
    }
    await cut.close();
    proxy.close();
  }, 30_000);

  it('does so for SQL that was approved, too, whose rows can be restored', async () => {
    const result = await planExecute(target, {
      sql: "update order_status set status = 'bad' where order_id <= 3",
      snapshotSchema: SCHEMA,
    });
    if (!result.ok) throw new Error(result.code);
    const writer = await shop.connect('app');
    await writer.query("begin; update order_status set status = 'mine' where order_id = 3");
    const step = marker();
    const work = executeSql(target, result.plan, {
      marker: step,
      attempts: 50,
      lockTimeoutMs: 100,
      onXid: () => Promise.resolve(),
    });
    await copied(step.run);
    await writer.query('commit');
    await writer.end();
    const outcome = await work;
    expect(outcome).toMatchObject({ state: 'done', facts: { tables: [{ rows: 1000 }] } });
    const copy = String(outcome.facts['snapshot_table']);
    expect(await shop.query(`select status from ${copy} where order_id <= 3 order by order_id`)).toEqual([
      { status: 'shipped' },
      { status: 'shipped' },
      { status: 'mine' },
    ]);
    const planned = await planRestore(target, {
      table: 'order_status',
      snapshotSchema: SCHEMA,
      earlier: [{ run: 1, kind: 'db-execute', plan: result.plan }],
    });
    expect(planned).toMatchObject({ ok: true, plan: { facts: { fates: { 'put back': 3 } } } });
  });

  it('is refused where the down rewrites for too long, and without a primary key', async () => {
    const rewriting = captured(
      '3_rewrite',
      'alter table order_status alter column carrier type char(30)',
      'alter table order_status alter column carrier type text using trim(carrier)',
    );
    await shop.apply(rewriting);
    const refused = await plan(rewriting);
    expect(refused).toMatchObject({ code: 'SNAPSHOT_TOO_LONG' });
    expect(JSON.stringify(refused)).toContain('rewrites');
    const keyless = captured(
      '4_keyless',
      'alter table order_status drop constraint order_status_pkey; alter table order_status add column note text',
      'alter table order_status drop column note',
    );
    await shop.apply(keyless);
    const other = await plan(keyless);
    expect(JSON.stringify(other)).toContain('has no primary key');
  });
});
