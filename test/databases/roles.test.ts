import pg from 'pg';
import { lookAt } from '../../src/databases/readiness.ts';
import { rolesSql } from '../../src/databases/roles.ts';
import { sweep } from '../../src/databases/sweep.ts';
import { openTarget, type Target, type TargetConfig } from '../../src/databases/target.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { createShop, type Shop } from './shop.ts';

describe('the roles of a target', () => {
  let shop: Shop;
  let target: Target;
  let sql: string;
  const names = () => ({
    diag: `new diag ${shop.database.name}`,
    act: `new"act ${shop.database.name}`,
    ddl: `new_ddl_${shop.database.name}`,
  });
  const urlOf = (role: 'diag' | 'act' | 'ddl') =>
    shop.database.urlAs(encodeURIComponent(names()[role]), 'secret');
  const configured = (): TargetConfig => ({
    ...shop.config,
    urls: { diag: urlOf('diag'), act: urlOf('act'), ddl: urlOf('ddl') },
  });

  beforeAll(async () => {
    shop = await createShop();
    // Read as the role that there is; the URLs name those that are to be made.
    const readable = openTarget(shop.config);
    sql = await rolesSql({ ...readable, config: configured() });
    await readable.close();
    await run(sql.replaceAll('change-me', 'secret'));
    target = openTarget(configured());
  });
  afterAll(async () => {
    await target.close();
    await run(
      Object.values(names())
        .map((name) => `drop owned by ${pg.escapeIdentifier(name)}; drop role ${pg.escapeIdentifier(name)};`)
        .join(''),
    );
    await run('drop schema firebreak cascade');
    await shop.close();
  });
  const run = (text: string) => shop.query(text);

  it('are named as in the URLs, and work as the owner of the tables', () => {
    for (const name of Object.values(names())) expect(sql).toContain(pg.escapeIdentifier(name));
    expect(sql).toContain(`grant "${shop.roles.owner}" to`);
  });

  it('sweep, are ready for everything, and may not write as diag', async () => {
    const report = await sweep(target, { now: new Date() });
    expect(report.top).toEqual([]);
    // What takes a setting of the server, or reads its files: of the roles nothing is missing.
    expect(report.checks.filter(({ status }) => status !== 'ok').map(({ check }) => check)).toEqual([
      'recent-ddl',
      'config-files',
      'log-tail',
    ]);
    expect((await lookAt(target)).problems).toEqual([]);
    const diag = new pg.Client({ connectionString: urlOf('diag') });
    await diag.connect();
    await expect(diag.query('insert into orders values (0, 1)')).rejects.toMatchObject({ code: '42501' });
    await diag.end();
  });

  it('may cancel as act, and create as ddl', async () => {
    const site = await shop.connect('app');
    const slow = site.query('select pg_sleep(60) as slow').catch((error: unknown) => error);
    const pid = (site as pg.Client & { readonly processID: number }).processID;
    const act = await target.session('act');
    await eventually(
      async () =>
        (await act.query(`select from pg_stat_activity where pid = $1 and state = 'active'`, [pid])).rowCount,
    );
    expect((await act.query('select pg_cancel_backend($1) as done', [pid])).rows).toEqual([{ done: true }]);
    expect(await slow).toMatchObject({ code: '57014' });
    await act.end();
    await site.end();
    const ddl = await target.session('ddl');
    await ddl.query('create schema firebreak_1; create table firebreak_1.copy as table orders');
    await ddl.query('drop schema firebreak_1 cascade');
    await ddl.end();
  });

  it('can be made again without any change', async () => {
    await run(sql);
    const ddl = await target.session('ddl');
    const { rows } = await ddl.query(
      'select current_user::text as role, count(*)::int as markers from firebreak.markers',
    );
    await ddl.end();
    expect(rows).toEqual([{ role: shop.roles.owner, markers: 0 }]);
  });

  it('are never a superuser, an owner or one user twice, whatever the URLs say', async () => {
    const url = shop.database.url;
    const same = openTarget({
      ...shop.config,
      urls: { diag: url, act: url, ddl: shop.config.urls.ddl ?? '' },
    });
    const text = await rolesSql(same);
    await same.close();
    expect(text).toContain('grant pg_monitor to "firebreak_diag";');
    expect(text).toContain('to "firebreak_act";');
    // The owner itself may be ddl: nothing is granted to it but what it lacks.
    expect(text).not.toContain(`rolname = ''${shop.roles.owner}''`);
  });

  it('can be printed of a database that cannot be reached, with what is missing said', async () => {
    const gone = openTarget({ ...shop.config, urls: { diag: 'postgres://d@127.0.0.1:1/lost' } });
    const text = await rolesSql(gone);
    await gone.close();
    expect(text).toContain('ECONNREFUSED');
    expect(text).toContain('grant create on database "lost" to "owner_of_your_tables";');
  });

  it('are fitted to an empty database as well', async () => {
    const empty = await createTestDatabase('empty');
    const fresh = openTarget({ ...shop.config, urls: { diag: empty.url } });
    expect(await rolesSql(fresh)).toContain('in schema "public"');
    await fresh.close();
    await empty.drop();
  });
});

describe('a target that is not as it has to be', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());

  async function found(urls: Partial<TargetConfig['urls']>): Promise<readonly string[]> {
    const target = openTarget({ ...shop.config, urls: { ...shop.config.urls, ...urls } });
    try {
      return (await lookAt(target)).problems.map((problem) => `${problem.found} ${problem.fix}`);
    } finally {
      await target.close();
    }
  }

  it('says of each role what it lacks and the GRANT', async () => {
    const { diag, act } = shop.config.urls;
    expect(await found({})).toEqual([]);
    expect(await found({ act: diag })).toEqual([
      expect.stringContaining(`GRANT pg_signal_backend TO ${shop.roles.diag};`),
    ]);
    expect(await found({ ddl: act ?? '' })).toEqual([
      expect.stringContaining(`GRANT CREATE ON DATABASE ${shop.database.name} TO ${shop.roles.act};`),
    ]);
  });

  it('says that diag may write', async () => {
    expect(await found({ diag: shop.database.url })).toEqual([expect.stringContaining('is a superuser')]);
  });

  it('says that a URL leads elsewhere, or nowhere', async () => {
    const other = await createTestDatabase('empty');
    expect(await found({ act: other.url })).toEqual([expect.stringContaining('leads to another database')]);
    await other.drop();
    expect(await found({ ddl: 'postgres://x@127.0.0.1:1/x' })).toEqual([
      expect.stringContaining('The ddl role x of its URL does not exist.'),
    ]);
    expect(await found({ diag: 'postgres://x@127.0.0.1:1/x' })).toEqual([
      expect.stringMatching(/^The diag role cannot be used: .*ECONNREFUSED/),
    ]);
  });
});
