import type pg from 'pg';
import { executeRollback, planRollback, resolveUnknown } from '../../src/databases/rollback.ts';
import { openTarget } from '../../src/databases/target.ts';
import type { ActionOutcome, CapturedMigration, Plan } from '../../src/domain/plan.ts';
import { BAD, captured, createShop, ORDERS, type Shop } from './shop.ts';

const SCHEMA = 'firebreak_inc_1';
const quiet = { onXid: () => Promise.resolve() };
let runs = 0;
const marker = () => ({ run: `run-${(runs += 1)}`, step: 1, epoch: 1 });

describe('the rollback of a migration', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await createShop();
  });
  afterEach(() => shop.close());

  const plan = (migration: CapturedMigration, others: readonly CapturedMigration[] = []) =>
    planRollback(shop.target, {
      migration: migration.name,
      captured: [migration, ...others],
      snapshotSchema: SCHEMA,
    });

  async function planned(migration: CapturedMigration = BAD): Promise<Plan> {
    const result = await plan(migration);
    if (!result.ok) throw new Error(`refused: ${result.code} ${JSON.stringify(result.values)}`);
    return result.plan;
  }

  /** What a rollback that failed may not leave: its tables, marker, locks and sessions. */
  async function leftovers(): Promise<unknown> {
    const [row] = await shop.query(`
      select (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname = '${SCHEMA}') as tables,
             (select count(*)::int from pg_locks l join pg_stat_activity a using (pid)
               where a.application_name = 'firebreak' and a.datname = current_database()
                 and l.locktype = 'relation') as locks,
             (select count(*)::int from pg_stat_activity
               where application_name = 'firebreak' and datname = current_database()
                 and usename = '${shop.roles.owner}') as sessions`);
    const there = await shop.query(`select to_regclass('firebreak.markers') is not null as there`);
    const markers = there[0]?.['there'] === true ? await shop.query('select * from firebreak.markers') : [];
    return { ...row, markers: markers.length };
  }
  const NOTHING = { tables: 0, locks: 0, sessions: 0, markers: 0 };

  it('says in the plan what is locked, lost and not undone, and names who uses the table', async () => {
    await shop.apply(BAD);
    const reader = await shop.connect('app', 'report job');
    await reader.query('begin');
    await reader.query('select * from order_status limit 1');
    const it = await planned();
    await reader.end();
    const words = it.summary.join('\n');
    expect(words).toContain(
      'NOT undone: the UPDATE of order_status.status: the down does not put the old values back',
    );
    expect(words).toContain('AccessExclusive on order_status');
    expect(words).toContain(`${ORDERS.toLocaleString('en-US')} rows`);
    expect(words).toMatch(/Holds a lock on .*order_status.*report job, idle in transaction/);
    expect(words).toContain('Removes shipper');
    expect(it.sql).toContain(BAD.down);
    expect(it.sql).toContain(`delete from "public"."pgmigrations" where name = '${BAD.name}'`);
    expect(await leftovers()).toEqual(NOTHING);
  });

  it('rolls back, keeps the snapshot to itself, and notices that the data is still wrong', async () => {
    const xid = await shop.apply(BAD);
    const it = await planned();
    const traces: string[] = [];
    const outcome = await executeRollback(shop.target, it, {
      marker: marker(),
      onXid: (trace) => Promise.resolve(void traces.push(trace.xid)),
    });
    expect(outcome).toMatchObject({
      state: 'done',
      probes: [{ name: 'order-status', ok: true }],
      facts: { rows: ORDERS, untouched: 500, attempts: 1, data_suspect: 500, history_gone: true },
    });
    const facts = outcome.facts as { snapshot_table: string; xid: string };
    expect(traces).toEqual([facts.xid]);
    expect(it.inputs).toMatchObject({ migrationXid: xid });
    expect(await shop.query('select name from pgmigrations')).toEqual([{ name: '1704103200000_first' }]);
    expect(await shop.query(`select count(*)::int as n from ${facts.snapshot_table}`)).toEqual([
      { n: ORDERS },
    ]);
    // Default privileges of the owner gave the site a SELECT on every new table.
    const app = await shop.connect('app');
    await expect(app.query(`select 1 from ${facts.snapshot_table}`)).rejects.toMatchObject({ code: '42501' });
    await app.end();
    const diag = await shop.connect('diag');
    await expect(diag.query(`select 1 from ${facts.snapshot_table}`)).rejects.toMatchObject({
      code: '42501',
    });
    await diag.end();
    expect(await leftovers()).toMatchObject({ locks: 0, sessions: 0, markers: 1 });
  });

  it('stops at a lock that is not free, names its holder, and leaves nothing behind', async () => {
    await shop.apply(BAD);
    const it = await planned();
    const blocker = await shop.connect('app', 'forgotten shell');
    await blocker.query('begin');
    await blocker.query('select * from order_status limit 1');
    const pid = (await blocker.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const outcome = await executeRollback(shop.target, it, {
      marker: marker(),
      lockTimeoutMs: 300,
      attempts: 2,
      ...quiet,
    });
    expect(outcome).toMatchObject({ state: 'stopped', code: 'LOCK_TIMEOUT', facts: { attempts: 2 } });
    expect((outcome as Extract<ActionOutcome, { state: 'stopped' }>).blockers).toMatchObject([
      { pid, user: shop.roles.app, application: 'forgotten shell', state: 'idle in transaction' },
    ]);
    expect(outcome.verdict).toContain(
      `pid ${pid ?? 0}, user ${shop.roles.app}, forgotten shell, idle in transaction`,
    );
    expect(await leftovers()).toEqual(NOTHING);
    await blocker.end();
    expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject({
      state: 'done',
    });
  });

  it('rolls back when a probe is red after the down', async () => {
    const half = captured(
      'half',
      'alter table order_status rename column carrier to shipper; alter table order_status rename column eta to due;',
      'alter table order_status rename column shipper to carrier;',
    );
    await shop.apply(half);
    const it = await planned(half);
    expect(it.summary.join('\n')).toContain('NOT undone: the schema change rename column order_status.eta');
    const outcome = await executeRollback(shop.target, it, { marker: marker(), ...quiet });
    expect(outcome).toMatchObject({ state: 'stopped', code: 'PROBE_RED' });
    expect(await leftovers()).toEqual(NOTHING);
    expect(await shop.query('select count(*)::int as n from pgmigrations')).toEqual([{ n: 2 }]);
  });

  it('never commits the same step twice', async () => {
    await shop.apply(BAD);
    const step = marker();
    const it = await planned();
    expect(await executeRollback(shop.target, it, { marker: step, ...quiet })).toMatchObject({
      state: 'done',
    });
    await shop.apply(BAD);
    const again = await planned();
    expect(await executeRollback(shop.target, again, { marker: step, ...quiet })).toMatchObject({
      state: 'stopped',
      code: 'REFUSED',
    });
  });

  it('does not commit what its journal could not keep', async () => {
    await shop.apply(BAD);
    const onXid = () => Promise.reject(new Error('the journal is away'));
    const outcome = await executeRollback(shop.target, await planned(), { marker: marker(), onXid });
    expect(outcome).toMatchObject({ state: 'stopped', code: 'FAILED' });
    expect(await leftovers()).toEqual(NOTHING);
  });

  describe('of an index that is made or dropped concurrently', () => {
    const indexed = captured(
      'indexed',
      'create index by_status on order_status (status); drop index order_events_order_id_id_idx',
      'drop index concurrently by_status; create index concurrently order_events_order_id_id_idx on order_events (order_id, id desc)',
    );
    const indexes = async (): Promise<string[]> =>
      (
        await shop.query<{ name: string }>(
          "select indexrelid::regclass::text as name from pg_index where indisvalid and indexrelid::regclass::text ~ 'by_status|events_order' order by 1",
        )
      ).map(({ name }) => name);

    it('goes one by one, with its ways back in the plan', async () => {
      await shop.apply(indexed);
      const it = await planned(indexed);
      expect(it.summary.join('\n')).toContain('NOT one transaction');
      expect(it.summary.join('\n')).toContain(
        'Way back: CREATE INDEX by_status ON public.order_status USING btree (status)',
      );
      expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject({
        state: 'done',
        facts: { history_gone: true },
      });
      expect(await indexes()).toEqual(['order_events_order_id_id_idx']);
    });

    it('goes on where it stopped, and clears away what a CREATE left behind', async () => {
      await shop.apply(indexed);
      const it = await planned(indexed);
      const writer = await shop.connect('app', 'long writer');
      await writer.query("begin; insert into order_events (order_id, status) values (1, 'x')");
      const stopped = await executeRollback(shop.target, it, {
        marker: marker(),
        lockTimeoutMs: 200,
        ...quiet,
      });
      expect(stopped).toMatchObject({ state: 'stopped', code: 'LOCK_TIMEOUT' });
      expect(stopped.verdict).toContain(
        'Done before that, and not taken back: drop index concurrently by_status',
      );
      expect(stopped.verdict).toContain('order_events_order_id_id_idx is INVALID now');
      await writer.end();
      expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject({
        state: 'done',
      });
      expect(await indexes()).toEqual(['order_events_order_id_id_idx']);
    });
  });

  describe('is refused by name', () => {
    const cases: readonly (readonly [string, CapturedMigration, string])[] = [
      [
        'an empty down',
        captured('m', 'select 1', '-- Down Migration\n-- nothing to do\n;'),
        'MIGRATION_NO_DOWN',
      ],
      ['no down', captured('m', 'select 1'), 'MIGRATION_NO_DOWN'],
      ['a down in code', captured('m', 'opaque', 'opaque'), 'MIGRATION_OPAQUE_DOWN'],
      ['a DO block', captured('m', 'select 1', 'do $$ begin end $$'), 'MIGRATION_OPAQUE_DOWN'],
      ['a down that cannot be parsed', captured('m', 'select 1', 'drop tabel x'), 'MIGRATION_OPAQUE_DOWN'],
      [
        'CONCURRENTLY beside something else',
        captured('m', 'select 1', 'drop index concurrently i; alter table orders add column x int'),
        'MIGRATION_DOWN_NOT_TRANSACTIONAL',
      ],
    ];
    it.each(cases)('%s', async (_name, migration, code) => {
      await shop.query(`insert into pgmigrations (name, run_on) values ('m', now())`);
      expect(await plan(migration)).toMatchObject({ ok: false, code });
    });

    it('what is not applied, not captured, captured twice, or not the newest', async () => {
      expect(await plan(BAD)).toMatchObject({ ok: false, code: 'MIGRATION_NOT_APPLIED' });
      await shop.apply(BAD);
      expect(await plan(captured('other', 'x', 'y'))).toMatchObject({ code: 'MIGRATION_NOT_APPLIED' });
      const empty = { migration: BAD.name, captured: [], snapshotSchema: SCHEMA };
      expect(await planRollback(shop.target, empty)).toMatchObject({ code: 'MIGRATION_NOT_CAPTURED' });
      const other = { ...BAD, fileHash: 'another' };
      expect(await plan(BAD, [other])).toMatchObject({ code: 'MIGRATION_HASH_MISMATCH' });
      await shop.apply(captured('later', 'create table later (id int)'));
      expect(await plan(BAD)).toMatchObject({ code: 'LATER_MIGRATIONS', values: { later: 'later' } });
    });

    it('without a ddl role', async () => {
      const bare = openTarget({ ...shop.config, urls: { diag: shop.config.urls.diag } });
      const request = { migration: BAD.name, captured: [BAD], snapshotSchema: SCHEMA };
      expect(await planRollback(bare, request)).toMatchObject({ code: 'TARGET_ROLE_MISSING' });
      await bare.close();
    });
  });

  describe('is void', () => {
    const voided = { state: 'stopped', code: 'PLAN_VOID' };

    it('after a newer migration', async () => {
      await shop.apply(BAD);
      const it = await planned();
      await shop.apply(captured('later', 'create table later (id int)'));
      expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject(voided);
      expect(await leftovers()).toEqual(NOTHING);
    });

    it('after the same migration came back', async () => {
      await shop.apply(BAD);
      const it = await planned();
      await executeRollback(shop.target, it, { marker: marker(), ...quiet });
      await shop.apply(BAD);
      expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject(voided);
    });

    it('when its text was changed, its file captured again, or its database is another', async () => {
      await shop.apply(BAD);
      const it = await planned();
      const options = { marker: marker(), ...quiet };
      const changed = { ...it, inputs: { ...it.inputs, down: 'drop table orders cascade' } };
      expect(await executeRollback(shop.target, changed, options)).toMatchObject(voided);
      const files = [{ ...BAD, fileHash: 'another' }];
      expect(await executeRollback(shop.target, it, { ...options, captured: files })).toMatchObject(voided);
      const other = await createShop();
      expect(await executeRollback(other.target, it, options)).toMatchObject(voided);
      const mixed = openTarget({
        ...shop.config,
        urls: { ...shop.config.urls, ddl: other.config.urls.ddl ?? '' },
      });
      expect(await executeRollback(mixed, it, options)).toMatchObject(voided);
      await mixed.close();
      await other.close();
      expect(await leftovers()).toEqual(NOTHING);
    });

    it('while a deploy holds the lock of the tool', async () => {
      await shop.apply(BAD);
      const it = await planned();
      const deploy = await shop.connect('owner', 'deploy');
      await deploy.query('select pg_advisory_lock(7241865325823964)');
      expect(await executeRollback(shop.target, it, { marker: marker(), ...quiet })).toMatchObject({
        state: 'stopped',
        code: 'CHANGED',
      });
      await deploy.end();
    });
  });

  describe('with its connection cut', () => {
    const kill = (usename: string) =>
      shop.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where usename = $1 and application_name = 'firebreak' and datname = current_database()`,
        [usename],
      );

    it('before the COMMIT, is found to be aborted', async () => {
      await shop.apply(BAD);
      const step = marker();
      let xid = '';
      const outcome = await executeRollback(shop.target, await planned(), {
        marker: step,
        onXid: async (trace) => {
          xid = trace.xid;
          await kill(shop.roles.owner);
        },
      });
      expect(outcome).toMatchObject({ state: 'stopped', code: 'FAILED' });
      expect(await resolveUnknown(shop.target, step, { xid })).toBe('aborted');
      expect(await leftovers()).toEqual(NOTHING);
    });

    it('in the answer to the COMMIT, is found to be committed', async () => {
      await shop.apply(BAD);
      const step = marker();
      const target = cutAtCommit();
      let xid = '';
      const outcome = await executeRollback(target, await planned(), {
        marker: step,
        onXid: (trace) => Promise.resolve(void (xid = trace.xid)),
      });
      expect(outcome).toMatchObject({ state: 'done', facts: { data_suspect: 500 } });
      expect(await resolveUnknown(shop.target, step, { xid })).toBe('committed');
      expect(await resolveUnknown(shop.target, step)).toBe('committed');
    });

    it('stays unknown while the transaction is open', async () => {
      await shop.apply(BAD);
      const step = marker();
      let seen: unknown;
      await executeRollback(shop.target, await planned(), {
        marker: step,
        onXid: async (trace) => void (seen = await resolveUnknown(shop.target, step, trace)),
      });
      expect(seen).toBe('unknown');
      expect(await resolveUnknown(shop.target, marker())).toBe('aborted');
    });

    /** The server commits, and the answer never arrives. */
    function cutAtCommit() {
      return {
        ...shop.target,
        session: async (role: 'act' | 'ddl'): Promise<pg.Client> => {
          const client = await shop.target.session(role);
          const send = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
          const query = async (...args: unknown[]): Promise<unknown> => {
            const result = await send(...args);
            if (args[0] === 'commit') throw new Error('Connection terminated unexpectedly');
            return result;
          };
          return Object.assign(client, { query });
        },
      };
    }
  });

  it('fails rather than copying only the rows that a policy shows', async () => {
    await shop.query(`
      alter table order_status enable row level security;
      alter table order_status force row level security;
      create policy few on order_status using (order_id <= 100)`);
    await shop.apply(captured(BAD.name, 'alter table order_status rename column carrier to shipper'));
    const outcome = await executeRollback(shop.target, await planned(), { marker: marker(), ...quiet });
    expect(outcome).toMatchObject({ state: 'stopped' });
    expect(outcome.verdict).toContain('row-level security');
    expect(await leftovers()).toEqual(NOTHING);
  });
});
