import type { CheckResult } from '../../../src/domain/sweep.ts';
import { createShop, type Shop } from '../shop.ts';
import { lookBy } from './support.ts';

/** What lies in tables, indexes and sequences; each test makes its own trouble, and takes it away. */
describe('checks of tables', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
    await shop.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);
  });
  afterAll(() => shop.close());

  const look = (name: string, limits?: { warn: number; crit: number }): Promise<CheckResult> =>
    lookBy(shop.target, name, limits);
  /** Counters reach the others some time after they counted, unless they are told to. */
  const flush = () => shop.query('select pg_stat_force_next_flush()');

  it.each([
    'table-stats',
    'sizes',
    'wraparound',
    'sequences',
    'cache-hit',
    'unused-indexes',
    'duplicate-indexes',
    'foreign-keys-without-index',
    'bloat',
  ])('%s finds nothing wrong with a healthy database', async (name) => {
    expect(await look(name)).toMatchObject({ status: 'ok' });
  });

  describe('table-stats', () => {
    beforeAll(() => shop.query('create table log (id int, word text) with (autovacuum_enabled = off)'));
    afterAll(() => shop.query('drop table log'));

    it('names the table whose statistics are stale, then the one with dead rows', async () => {
      await shop.query(`insert into log select n, 'x' from generate_series(1, 10000) n`);
      await flush();
      const stale = await look('table-stats');
      expect(stale).toMatchObject({
        status: 'warn',
        verdict:
          'The statistics of log are stale: 10,000 rows were written since it was last analyzed (never).',
        next: 'ANALYZE log',
      });
      await shop.query('delete from log where id > 1000');
      await flush();
      const dead = await look('table-stats');
      expect(dead).toMatchObject({
        status: 'crit',
        next: expect.stringContaining('VACUUM (ANALYZE) log') as string,
      });
      expect(dead.verdict).toContain(
        '90 % of the rows of log are dead (9,000), last vacuumed never, and autovacuum is off for it',
      );
    });
  });

  it('sizes tells the largest table from the catalog, also while somebody holds it', async () => {
    const holder = await shop.connect('owner', 'deploy');
    await holder.query('begin; lock table order_events in access exclusive mode');
    const found = await look('sizes');
    await holder.end();
    expect(found).toMatchObject({ status: 'ok' });
    expect(found.verdict).toMatch(
      /^The database has [\d.]+ MB; the largest table is order_events with 0\.\d MB, 0\.\d MB of it indexes/,
    );
  });

  it('wraparound names the database and the oldest table', async () => {
    const found = await look('wraparound', { warn: 0, crit: 75 });
    expect(found).toMatchObject({
      status: 'warn',
      next: expect.stringContaining('VACUUM (FREEZE)') as string,
    });
    expect(found.verdict).toMatch(
      /^The database \S+ has used up [\d.]+ % of its .*the oldest table here is \S+/,
    );
    expect(await look('wraparound', { warn: 0, crit: 0 })).toMatchObject({ status: 'crit' });
  });

  describe('sequences', () => {
    afterEach(() =>
      shop.query('drop table if exists tickets; drop sequence if exists narrow, outer_numbers'),
    );
    const readable = () => shop.query(`grant select on all sequences in schema public to ${shop.roles.diag}`);

    it('names one that is about to end', async () => {
      await shop.query('create sequence narrow maxvalue 100');
      await shop.query(`select setval('narrow', 90)`);
      await readable();
      expect(await look('sequences')).toMatchObject({
        status: 'warn',
        verdict: 'The sequence narrow has used up 89.8 % of its values (at 90).',
      });
      await shop.query(`select setval('narrow', 96)`);
      expect(await look('sequences')).toMatchObject({ status: 'crit' });
      await shop.query('alter sequence narrow cycle');
      expect(await look('sequences')).toMatchObject({ status: 'ok' });
    });

    it('names the int column that a bigint sequence overflows, as its default or as its owner', async () => {
      await shop.query(`
        create sequence outer_numbers;
        create table tickets (id int default nextval('outer_numbers'), owned bigserial);
        alter table tickets alter column owned type int`);
      await readable();
      await shop.query(`select setval('outer_numbers', 2100000000)`);
      const found = await look('sequences');
      expect(found).toMatchObject({
        status: 'crit',
        next: expect.stringContaining('Give tickets.id the type bigint') as string,
      });
      expect(found.verdict).toBe(
        'The column tickets.id is integer, and its sequence outer_numbers has used up 97.7 % of what it can hold (at 2,100,000,000).',
      );
      await shop.query(`select setval('outer_numbers', 1), setval('tickets_owned_seq', 1900000000)`);
      expect((await look('sequences')).verdict).toContain('The column tickets.owned is integer');
    });

    it('is skipped with the GRANT when it may not read one, and says so beside a finding', async () => {
      await shop.query('create sequence narrow maxvalue 100');
      const { diag } = shop.roles;
      expect(await look('sequences')).toMatchObject({
        status: 'skipped',
        verdict: `A privilege is missing: ${diag} cannot read narrow.`,
        next: `GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${diag}`,
      });
      await shop.query('create sequence outer_numbers maxvalue 100');
      await shop.query(`grant select on outer_numbers to ${diag}`);
      await shop.query(`select setval('outer_numbers', 100)`);
      expect(await look('sequences')).toMatchObject({
        status: 'crit',
        verdict: expect.stringContaining(
          'outer_numbers has used up 100 % of its values (at 100); 1 more cannot be read',
        ) as string,
      });
    });

    it('finds a full one among more than are listed that it may not read', async () => {
      const { diag } = shop.roles;
      await shop.query(`
        create schema hidden;
        do $$ begin
          for n in 1..510 loop execute format('create sequence hidden.s_%s', n); end loop;
        end $$;
        create sequence narrow maxvalue 100;
        select setval('narrow', 96);
        grant select on narrow to ${diag}`);
      expect(await look('sequences')).toMatchObject({ status: 'crit' });
      await shop.query('set client_min_messages = warning; drop schema hidden cascade');
    });

    it('ends as timeout behind an ALTER SEQUENCE', async () => {
      const holder = await shop.connect('owner', 'deploy');
      await holder.query('begin; alter sequence order_events_id_seq cache 5');
      const found = await look('sequences');
      await holder.end();
      expect(found).toMatchObject({ status: 'timeout' });
    });
  });

  describe('with many rows', () => {
    beforeAll(async () => {
      await shop.query(`
        create table customers (id int primary key);
        insert into customers select generate_series(1, 100);
        create table visits (
          id int, customer int constraint visitor references customers, page int, note text
        ) with (autovacuum_enabled = off);
        insert into visits select n, 1 + n % 100, n % 7, repeat('x', 40) from generate_series(1, 50000) n;
        create index visits_page on visits (page);
        create index visits_page_again on visits (page);
        create index visits_page_id on visits (page, id)`);
      await shop.query('vacuum analyze visits');
      await shop.query(`grant select on visits to ${shop.roles.diag}`);
    });
    afterAll(() => shop.query('drop table visits, customers'));

    it('foreign-keys-without-index names the key, until there is an index', async () => {
      const found = await look('foreign-keys-without-index');
      expect(found).toMatchObject({
        status: 'warn',
        verdict:
          'The foreign key visitor of visits (50,000 rows) has no index: a delete in customers reads all of it.',
        next: 'CREATE INDEX CONCURRENTLY ON visits (customer)',
      });
      await shop.query('create index visits_customer on visits (customer, id)');
      expect(await look('foreign-keys-without-index')).toMatchObject({ status: 'ok' });
    });

    it('duplicate-indexes names those that are needless, and which one makes them so', async () => {
      const found = await look('duplicate-indexes');
      expect(found).toMatchObject({ status: 'warn' });
      expect(found.facts['indexes']).toMatchObject([
        { index: 'visits_page', keeper: 'visits_page_id', same: false },
        { index: 'visits_page_again', keeper: 'visits_page', same: true },
      ]);
      expect(found.verdict).toMatch(
        /visits_page on visits .* has only the first columns of visits_page_id and 1 more/,
      );
      await shop.query(
        'drop index visits_page_again, visits_page_id; create unique index visits_id on visits (id)',
      );
      await shop.query('create index visits_id_page on visits (id, page)');
      // A shorter one that keeps rows unique is needed.
      expect(await look('duplicate-indexes')).toMatchObject({ status: 'ok' });
      // So is one beside another on the same columns that the table is clustered by.
      await shop.query('create index visits_ids on visits (id); alter table visits cluster on visits_ids');
      expect(await look('duplicate-indexes')).toMatchObject({ status: 'ok' });
      await shop.query('drop index visits_ids');
    });

    it('unused-indexes names the largest one that nobody reads', async () => {
      await shop.query('create index visits_note on visits (note, id)');
      const found = await look('unused-indexes');
      expect(found).toMatchObject({ status: 'warn' });
      expect(found.verdict).toMatch(/^The index visits_note on visits \([\d.]+ MB\) was not read once/);
      await shop.query(
        `set enable_seqscan = off; select id from visits where note = 'x'; reset enable_seqscan`,
      );
      await flush();
      expect((await look('unused-indexes')).verdict).not.toContain('visits_note');
      await shop.query('drop index visits_note');
    });

    it('cache-hit names the table that is read from outside memory', async () => {
      await shop.query('create extension pg_buffercache');
      for (let round = 0; round < 3; round += 1) {
        await shop.query(`select pg_buffercache_evict_relation('visits')`);
        await shop.query('select count(note) from visits');
      }
      await flush();
      const found = await look('cache-hit', { warn: 0.01, crit: Infinity });
      expect(found.status).toBe('warn');
      expect(found.verdict).toMatch(/not in memory, most of them of visits \([\d,]+\)\.$/);
      expect(found.next).toContain('read all of visits');
    });

    it('bloat estimates how much of a table is empty, and says that it is an estimate', async () => {
      expect(await look('bloat')).toMatchObject({ status: 'ok' });
      await shop.query('delete from visits where id % 10 <> 0');
      await shop.query('vacuum analyze visits');
      const found = await look('bloat');
      expect(found).toMatchObject({ status: 'warn', facts: { estimate: true } });
      expect(found.verdict).toMatch(/^About (8\d|9\d) % of visits is empty by estimate/);
      await shop.query(`revoke select on visits from ${shop.roles.diag}`);
      expect(await look('bloat')).toMatchObject({
        status: 'skipped',
        next: `GRANT SELECT ON visits TO ${shop.roles.diag}`,
      });
    });
  });
});
