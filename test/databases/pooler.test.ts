import pg from 'pg';
import { sweep } from '../../src/databases/sweep.ts';
import { openTarget, type Target } from '../../src/databases/target.ts';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { createShop, type Shop } from './shop.ts';

const there = hasPgBouncer();
if (!there) process.stderr.write('skipped: no pgbouncer; apt-get install pgbouncer\n');

(there ? describe : describe.skip)('behind PgBouncer in transaction mode', () => {
  let shop: Shop;
  let pooler: PgBouncer;
  let target: Target;
  let site: pg.Client;
  beforeAll(async () => {
    shop = await createShop();
    const { app, act, owner } = shop.roles;
    await shop.query(`grant pg_monitor to ${app}; grant select on pgmigrations to ${app}`);
    pooler = await startPgBouncer(shop.database.url, { [app]: 'secret', [act]: 'secret', [owner]: 'secret' });
    // As the application itself: so both work in the same one session of the server.
    const diag = pooler.through(shop.database.urlAs(app, 'secret'));
    const { act: actUrl = '', ddl: ddlUrl = '' } = shop.config.urls;
    const urls = { diag, act: pooler.through(actUrl), ddl: pooler.through(ddlUrl) };
    target = openTarget({ ...shop.config, urls });
    site = new pg.Client({ connectionString: diag, application_name: 'the site' });
    await site.connect();
  });
  afterAll(async () => {
    await site.end();
    await target.close();
    await pooler.close();
    await shop.close();
  });

  const session = async () =>
    (
      await site.query<{ pid: number; settings: unknown }>(`
        select pg_backend_pid() as pid,
               (select jsonb_object_agg(name, setting) from pg_settings where source <> 'client') as settings`)
    ).rows[0];

  it('the sessions of the application are as they were, and its writes go on', async () => {
    const before = await session();
    const write = (n: number) => site.query('insert into orders values ($1, 1)', [10_000 + n]);
    for (let n = 0; n < 3; n += 1) {
      const [report] = await Promise.all([sweep(target, { now: new Date() }), write(n * 2)]);
      expect(report.top).toEqual([]);
      await target.read('select pg_sleep(0.01)', [], { everyRow: true });
      await write(n * 2 + 1);
    }
    await expect(target.read('select pg_sleep(1)', [], { timeoutMs: 50 })).rejects.toMatchObject({
      code: '57014',
    });
    await write(6);
    expect(await session()).toEqual(before);
    const [read] = await target.read<{ pid: number }>('select pg_backend_pid() as pid');
    expect(read?.pid).toBe(before?.pid);
  });

  it.each(['act', 'ddl'] as const)('%s is refused', async (role) => {
    await expect(target.session(role)).rejects.toMatchObject({ code: 'TARGET_POOLED' });
  });
});
