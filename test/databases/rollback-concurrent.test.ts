/** Downs that only make, drop or remake indexes CONCURRENTLY: statement by statement, and what is there decides. */
import { executeRollback, planRollback, resolveRollback } from '../../src/databases/rollback.ts';
import { openTarget } from '../../src/databases/target.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createCuttingProxy } from '../support/cutting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { captured, createShop, type Shop } from './shop.ts';

const DROP = captured(
  'm',
  'create index concurrently late on orders (total_cents)',
  'drop index concurrently late',
);

describe('the rollback of a migration whose down is CONCURRENTLY', () => {
  let shop: Shop;
  let runs = 0;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  const marker = () => ({ run: `concurrent-${(runs += 1)}`, step: 1, epoch: 1 });
  const plan = (migration = DROP) =>
    planRollback(shop.target, { migration: 'm', captured: [migration], snapshotSchema: 'firebreak_1' });
  async function planned(migration = DROP): Promise<Plan> {
    const result = await plan(migration);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }
  const execute = (it: Plan, step = marker(), more: Partial<Parameters<typeof executeRollback>[2]> = {}) =>
    executeRollback(shop.target, it, {
      marker: step,
      lockTimeoutMs: 200,
      attempts: 1,
      onXid: () => Promise.resolve(),
      ...more,
    });
  const owned = async (sql: string): Promise<void> => {
    const owner = await shop.connect('owner');
    await owner.query(sql).finally(() => owner.end());
  };
  const indexes = async (name: string) =>
    (
      await shop.query<{ valid: boolean }>(
        'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
        [name],
      )
    ).map(({ valid }) => valid);
  const applied = async (): Promise<boolean> =>
    (await shop.query(`select 1 from pgmigrations where name = 'm'`)).length === 1;
  const nothingOpen = async (): Promise<void> => {
    const sql = `select 1 from pg_stat_activity
      where application_name = 'firebreak' and usename = $1 and datname = current_database()`;
    expect(await shop.query(sql, [shop.roles.owner])).toEqual([]);
  };

  beforeEach(async () => {
    await owned(`drop index if exists late; drop index if exists twin;
      create index late on orders (total_cents);
      delete from pgmigrations where name = 'm'; insert into pgmigrations (name, run_on) values ('m', now())`);
  });

  it('drops the index, and says how it comes back', async () => {
    const it = await planned();
    const words = it.summary.join('\n');
    expect(words).toContain('NOT one transaction');
    expect(words).toContain('Way back: CREATE INDEX late ON public.orders USING btree (total_cents)');
    expect(words).not.toContain('AccessExclusive');
    expect(words).not.toContain('Locked for about');
    expect(it.sql.indexOf('drop index concurrently late')).toBeLessThan(it.sql.indexOf('begin;'));
    const step = marker();
    const outcome = await execute(it, step);
    expect(outcome).toMatchObject({
      state: 'done',
      facts: { history_gone: true, statements: [{ result: 'done' }] },
    });
    expect(await indexes('late')).toEqual([]);
    expect(await resolveRollback(shop.target, it, step)).toBe('committed');
    await nothingOpen();
  });

  it('drops nothing in a step that was committed, or when the migration came back', async () => {
    const step = marker();
    const it = await planned();
    await execute(it, step);
    await owned(`create index late on orders (total_cents);
      insert into pgmigrations (name, run_on) values ('m', now())`);
    expect(await execute(it, step)).toMatchObject({ state: 'stopped', code: 'REFUSED' });
    expect(await execute(it)).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
    expect(await indexes('late')).toEqual([true]);
  });

  it('goes on from where it stopped', async () => {
    const onXid = () => Promise.reject(new Error('the journal is away'));
    const it = await planned();
    const step = marker();
    const stopped = await execute(it, step, { onXid });
    expect(stopped).toMatchObject({ state: 'stopped', code: 'FAILED' });
    expect(stopped.verdict).toContain('Done before that, and not taken back: drop index concurrently late');
    expect(await applied()).toBe(true);
    expect(await resolveRollback(shop.target, it, step)).toMatchObject({
      state: 'stopped',
      verdict: expect.stringContaining(
        'drop index concurrently late: so it is (way back: CREATE INDEX',
      ) as unknown,
    });
    expect((await planned()).summary.join('\n')).toContain('late is gone already');
    expect(await execute(it, step)).toMatchObject({
      state: 'done',
      facts: { statements: [{ result: 'was so already' }] },
    });
    expect(await applied()).toBe(false);
  });

  it('names who holds it up, keeps what was done before, and is unknown while it is at work', async () => {
    const both = captured(
      'm',
      'select 1',
      `${DROP.down ?? ''}; create index concurrently twin on orders (id);`,
    );
    const it = await planned(both);
    const slow = await shop.connect('app', 'forgotten shell');
    await slow.query(
      'begin; select 1 from order_status; update order_events set status = status where id = 1',
    );
    await owned('drop index late');
    await slow.query('update orders set id = id where id = 1');
    const step = marker();
    const again = await execute(await planned(both), step);
    expect(again).toMatchObject({
      state: 'stopped',
      code: 'LOCK_TIMEOUT',
      blockers: [{ application: 'forgotten shell' }],
      facts: { statements: [{ result: 'was so already' }] },
    });
    const work = execute(await planned(both), step, { lockTimeoutMs: 20_000 });
    await eventually(async () => (await resolveRollback(shop.target, it, step)) === 'unknown');
    await slow.query('rollback');
    await slow.end();
    expect(await work).toMatchObject({ state: 'done' });
    expect(await indexes('twin')).toEqual([true]);
  });

  it('with its connection cut at every third of its statements is finished when it is planned again', async () => {
    const both = captured('m', 'x', `${DROP.down ?? ''}; create index concurrently twin on orders (id);`);
    const ddl = shop.config.urls.ddl ?? '';
    const proxy = await createCuttingProxy(ddl);
    const cut = openTarget({ ...shop.config, urls: { ...shop.config.urls, ddl: proxy.through(ddl) } });
    const seen = new Set<string>();
    for (let n = 1, more = true; more; n += 3) {
      await owned(`drop index if exists late; drop index if exists twin;
        create index late on orders (total_cents); delete from pgmigrations where name = 'm';
        insert into pgmigrations (name, run_on) values ('m', now())`);
      const it = await planned(both);
      const step = marker();
      proxy.cutAt(n, n % 2 === 0 ? 'unsent' : 'unanswered');
      const outcome = await executeRollback(cut, it, { marker: step, onXid: () => Promise.resolve() });
      more = proxy.wasCut();
      seen.add(outcome.state);
      const resolved = await eventually(async () => {
        const found = await resolveRollback(shop.target, it, step);
        return found !== 'unknown' && found;
      });
      const committed = resolved === 'committed';
      expect({ n, applied: await applied() }).toEqual({ n, applied: !committed });
      if (outcome.state === 'done') expect({ n, committed }).toEqual({ n, committed: true });
      if (!committed) expect(await execute(await planned(both), step)).toMatchObject({ state: 'done' });
      expect([n, await indexes('late'), await indexes('twin')]).toEqual([n, [], [true]]);
    }
    expect([...seen]).toEqual(expect.arrayContaining(['stopped', 'done']));
    await cut.close();
    proxy.close();
  }, 40_000);

  it('drops the INVALID index that a failed CREATE left, its own and an earlier one', async () => {
    const unique = captured('m', 'x', 'create unique index concurrently twin on order_events (status)');
    await expect(owned(unique.down ?? '')).rejects.toThrow('could not create unique index');
    expect(await indexes('twin')).toEqual([false]);
    const it = await planned(unique);
    expect(it.summary.join('\n')).toContain('INVALID, left by a CREATE that failed: it is dropped first');
    const outcome = await execute(it);
    expect(outcome).toMatchObject({ state: 'stopped', code: 'FAILED' });
    expect(outcome.verdict).toContain('could not create unique index');
    expect(await indexes('twin')).toEqual([]);
    expect(await applied()).toBe(true);
  });

  it('keeps the history row when a probe is red afterwards', async () => {
    const it = await planned();
    const red = [
      { name: 'never', sql: 'select 1 / (select count(*) from pg_class where relname = $$late$$)' },
    ];
    const target = { ...shop.target, config: { ...shop.config, probes: red } };
    const outcome = await executeRollback(target, it, {
      marker: marker(),
      onXid: () => Promise.resolve(),
    });
    expect(outcome).toMatchObject({ state: 'stopped', code: 'PROBE_RED' });
    expect(outcome.verdict).toContain('way back: CREATE INDEX late');
    expect(await applied()).toBe(true);
  });

  it('makes an index anew', async () => {
    const before = await shop.query(`select to_regclass('late')::oid as oid`);
    expect(await execute(await planned(captured('m', 'x', 'reindex index concurrently late')))).toMatchObject(
      {
        state: 'done',
        facts: { statements: [{ result: 'done' }] },
      },
    );
    expect(await shop.query(`select to_regclass('late')::oid as oid`)).not.toEqual(before);
    expect(await indexes('late')).toEqual([true]);
  });

  it('is void when another index has the name by now', async () => {
    const it = await planned();
    await owned('drop index late; create index late on orders (id)');
    expect(await execute(it)).toMatchObject({ state: 'stopped', code: 'PLAN_VOID' });
    expect(await indexes('late')).toEqual([true]);
  });

  it.each([
    ['the index of a constraint', 'drop index concurrently orders_pkey', 'the constraint orders_pkey'],
    ['an index without a name', 'create index concurrently on orders (id)', 'without a name'],
    ['another index of that name', 'create index concurrently late on orders (id)', 'is not the one'],
    ['a table that is not there', 'create index concurrently i on nowhere (id)', 'nowhere'],
    ['an index that is not there', 'reindex index concurrently nowhere', 'nowhere'],
  ])('is refused for %s', async (_name, down, found) => {
    expect(await plan(captured('m', 'x', down))).toMatchObject({
      code: 'MIGRATION_DOWN_INDEX',
      values: { found: expect.stringContaining(found) as unknown },
    });
  });
});
