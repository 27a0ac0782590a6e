import { MARKERS } from '../../src/databases/marker.ts';
import { planHash } from '../../src/databases/plan-hash.ts';
import { type Rehearsal, rehearsed } from '../../src/databases/rehearsal.ts';
import { planRollback } from '../../src/databases/rollback.ts';
import { compareSchemas, readSchema } from '../../src/databases/schema.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import type { CapturedMigration, Plan } from '../../src/domain/plan.ts';
import { captured, createShop, ORDERS, type Shop } from './shop.ts';

const SLEEPS = { name: 'slow', sql: 'select pg_sleep(0.2)' };

/** One pair of shops for all: each test puts another migration on top. */
describe('the rehearsal of a rollback', () => {
  let shop: Shop;
  let staging: Shop;
  beforeAll(async () => {
    [shop, staging] = await Promise.all([createShop(), createShop({ name: 'staging', probes: [] })]);
  });
  afterAll(async () => {
    await Promise.all([shop.close(), staging.close()]);
  });

  let count = 0;
  /** Adds a column, which the down drops, after what else it is to do. */
  const migration = (down = '', up = ''): CapturedMigration => {
    count += 1;
    const column = `note_${count}`;
    return captured(
      `18000000000${String(count).padStart(2, '0')}_${column}`,
      `alter table orders add column ${column} text;${up}`,
      `${down}alter table orders drop column ${column};`,
    );
  };

  interface Asked {
    readonly on?: Target;
    readonly target?: Target;
    readonly captured?: readonly CapturedMigration[];
    /** Applied to both unless told. */
    readonly shops?: readonly Shop[];
  }
  /** The plan without and with its rehearsal; whatever came of it, nothing may have changed on staging. */
  async function rehearse(
    it: CapturedMigration,
    { on = staging.target, target = shop.target, captured: there = [], shops = [shop, staging] }: Asked = {},
  ): Promise<{ readonly plan: Plan; readonly words: readonly string[]; readonly found: Rehearsal }> {
    for (const one of shops) await one.apply(it);
    const request = { migration: it.name, captured: [it], snapshotSchema: 'firebreak_inc_1' };
    const planned = await planRollback(target, request);
    if (!planned.ok) throw new Error(planned.code);
    const before = await stateOf(staging);
    const plan = await rehearsed(target, planned.plan, { target: on, captured: there, own: [it] });
    const after = await stateOf(staging);
    expect(compareSchemas(before.schema, after.schema)).toEqual([]);
    expect(after.rest).toEqual(before.rest);
    expect(plan.hash).toBe(planned.plan.hash);
    expect(planHash(plan)).toBe(planned.plan.hash);
    // It is added to the plan, and hides nothing of it.
    expect(plan.summary).toEqual(expect.arrayContaining([...planned.plan.summary]));
    return { plan, words: plan.summary, found: plan.facts['rehearsal'] as Rehearsal };
  }

  async function stateOf({ roles, admin }: Shop) {
    const schema = await readSchema(
      async <Row extends object>(sql: string) => (await admin.query<Row>(sql)).rows,
    );
    const rest = await admin.query(
      `select (select count(*)::int from pg_namespace where nspname like 'firebreak%') as schemas,
              (select count(*)::int from pg_stat_activity
                where usename = $1 and datname = current_database() and application_name = 'firebreak') as sessions,
              (select sum(hashtextextended(o::text, 0)) from orders o) as orders,
              (select sum(hashtextextended(e::text, 0)) from order_events e) as events,
              (select string_agg(name, ',' order by id) from pgmigrations) as history`,
      [roles.owner],
    );
    expect(rest.rows[0]).toMatchObject({ sessions: 0 });
    return { schema, rest: rest.rows };
  }

  it('says how long locks were held, what was copied and changed, and what the probes answered', async () => {
    const probes = [...shop.config.probes, SLEEPS];
    const target = openTarget({ ...shop.config, probes });
    const { words, found } = await rehearse(
      migration(
        'update orders set total_cents = 1 where id <= 7;',
        'update orders set total_cents = total_cents + 1;',
      ),
      { target },
    );
    await target.close();
    expect(found).toEqual({
      target: 'staging',
      state: 'green',
      locked_ms: expect.any(Number) as number,
      rows_copied: ORDERS,
      rows_changed: [7, null],
      probes: [
        { name: 'order-status', ok: true, took_ms: expect.any(Number) as number },
        { name: 'slow', ok: true, took_ms: expect.any(Number) as number },
      ],
    });
    const { locked_ms } = found as Extract<Rehearsal, { state: 'green' }>;
    expect(locked_ms).toBeGreaterThanOrEqual(200);
    expect(locked_ms).toBeLessThan(5000);
    expect(await staging.query(`select from pg_namespace where nspname like 'firebreak%'`)).toEqual([]);
    expect(words[0]).toMatch(/^NOT undone: the UPDATE of orders\.total_cents/);
    const at = words.findIndex((line) => !line.startsWith('NOT undone:'));
    expect(words.slice(at, at + 3)).toEqual([
      `Rehearsed on staging, and rolled back there: locked for ${locked_ms.toLocaleString('en-US')} ms (the wait for the locks is in it), 1,000 rows copied.`,
      'Rows that its down changed there: 7 by statement 1.',
      expect.stringMatching(
        /^Probes there: order-status green in \d+ ms, slow green in 2\d\d ms\.$/,
      ) as string,
    ]);
  });

  it('says first that the down fails there, and keeps the plan', async () => {
    const it = migration();
    await shop.apply(it);
    await staging.apply(it);
    await staging.query(`create view reports as select id, note_${count} from orders`);
    const { words, found } = await rehearse(it, { shops: [] });
    await staging.query('drop view reports');
    const why = `cannot drop column note_${count} of table orders because other objects depend on it. Everything was rolled back.`;
    expect(found).toMatchObject({ state: 'failed', why, rows_copied: ORDERS, rows_changed: [], probes: [] });
    expect(words[0]).toBe(`REHEARSAL FAILED on staging: ${why}`);
    expect(words[1]).toBe('Undoes everything that the up did.');
    expect(words[2]).toMatch(/^On staging, up to that: locked for \d+ ms .*, 1,000 rows copied\.$/);
  });

  it('says first that a probe is red after it, without what the rows hold', async () => {
    const probes = [{ name: 'carrier', sql: 'select carrier::int from order_status' }];
    const on = openTarget({ ...staging.config, probes });
    const { words, found } = await rehearse(migration(), { on });
    await on.close();
    const error = 'invalid input syntax for type integer: "?"';
    expect(found).toMatchObject({
      state: 'failed',
      rows_changed: [null],
      probes: [{ name: 'carrier', ok: false, error }],
    });
    expect(words[0]).toBe(`REHEARSAL FAILED on staging: The probe carrier is red after it: ${error}.`);
    expect(words).toContainEqual(expect.stringMatching(/^Probes there: carrier RED in \d+ ms\.$/));
  });

  it('finds what only the COMMIT would have refused', async () => {
    await staging.query(
      'alter table order_events add constraint ordered foreign key (order_id) references orders deferrable initially deferred',
    );
    const { words } = await rehearse(migration('update order_events set order_id = 0 where id = 1;'));
    await staging.query('alter table order_events drop constraint ordered');
    expect(words[0]).toContain('violates foreign key constraint "ordered"');
  });

  it('leaves no marker where others are kept', async () => {
    const owner = await staging.connect('owner');
    await owner.query(MARKERS);
    const { found } = await rehearse(migration());
    expect(found.state).toBe('green');
    expect(await staging.query('select run from firebreak.markers')).toEqual([]);
    await owner.query('drop schema firebreak cascade');
    await owner.end();
  });

  describe('is not done, and says why,', () => {
    const notDone = async (it: CapturedMigration, asked: Asked, why: RegExp): Promise<void> => {
      const { words, found } = await rehearse(it, asked);
      expect(found).toEqual({
        target: 'staging',
        state: 'not done',
        why: expect.stringMatching(why) as string,
      });
      expect(words[1]).toBe(`Not rehearsed on staging: ${(found as { why: string }).why}`);
    };

    it('where the migration is not applied', () =>
      notDone(migration(), { shops: [shop] }, / is not in the history of staging\.$/));

    it('where another one is newer', async () => {
      const it = migration();
      await shop.apply(it);
      await staging.apply(it);
      const newer = migration();
      await staging.apply(newer);
      await notDone(it, { shops: [] }, new RegExp(newer.name));
    });

    it('where it was applied from another file', async () => {
      const it = migration();
      const other = captured(it.name, it.up, `${it.down ?? ''} -- edited`);
      await notDone(it, { captured: [other] }, /^Applied to staging is .* from another captured file: /);
    });

    it('on the very same database', async () => {
      const on = openTarget({ ...shop.config, name: 'staging' });
      await notDone(migration(), { on }, /^staging is the very database of shop: /);
      await on.close();
    });

    it('where something would stay', async () => {
      const index = captured(
        '1900000000000_index',
        'create index concurrently totals on orders (total_cents)',
        'drop index concurrently totals',
      );
      const plain = { ...index, up: 'create index totals on orders (total_cents)' };
      await shop.apply(plain);
      await staging.apply(plain);
      await notDone(index, { shops: [] }, /^On staging something would stay: .* outside a transaction\.$/);
    });

    it('where a lock is not free', async () => {
      const it = migration();
      await shop.apply(it);
      await staging.apply(it);
      const blocker = await staging.connect('app');
      await blocker.query('begin; select 1 from orders limit 1');
      await notDone(it, { shops: [] }, /canceling statement due to lock timeout/);
      await blocker.end();
    });

    it('where nobody answers', async () => {
      const on = openTarget({ ...staging.config, urls: { diag: 'postgres://nobody@127.0.0.1:1/none' } });
      await notDone(migration(), { on }, /ECONNREFUSED/);
      await on.close();
    });
  });
});
