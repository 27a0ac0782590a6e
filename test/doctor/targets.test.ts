import { examineTargets } from '../../src/doctor/targets.ts';
import type { TargetSettings } from '../../src/domain/target-settings.ts';
import type { MonitorSettings } from '../../src/monitors/contract.ts';
import { createShop, type Shop } from '../databases/shop.ts';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { lines, notWell } from './support.ts';

describe('the doctor of a target', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await createShop();
  });
  afterAll(() => shop.close());
  const errors = {
    target: 'shop',
    schedule: { everySeconds: 10 },
    look: { kind: 'errors', limits: {} },
    for: 1,
    clear: 1,
  } as const;
  const look = (change: Partial<TargetSettings> = {}, monitors: readonly MonitorSettings[] = []) =>
    examineTargets({ targets: { shop: { ...shop.config, ...change } }, monitors, now: () => new Date() });
  const whileSet = async <T>(set: string, undo: string, work: () => Promise<T>): Promise<T> => {
    await shop.query(set);
    return work().finally(() => shop.query(undo));
  };

  it('is content', async () => {
    const findings = await look();
    expect(notWell(findings)).toEqual([]);
    expect(findings.map(({ name }) => name)).toEqual(
      ['', ' setup', ' history', ' probes', ' clock'].map((of) => `target ${shop.config.name}${of}`),
    );
  });

  it('tells of a diag that may write', async () => {
    const { diag } = shop.roles;
    const [set, undo] = [`grant update on orders to ${diag}`, `revoke update on orders from ${diag}`];
    const findings = await whileSet(set, undo, look);
    expect(notWell(findings)).toEqual(['fail target shop']);
    expect(findings[0]).toMatchObject({
      found: `The diag role ${diag} may write public.orders.`,
      fix: `REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON public.orders FROM "${diag}", PUBLIC;`,
    });
  });

  it('tells of sessions that do not say what they do', async () => {
    const { diag } = shop.roles;
    const set = `alter role ${diag} set track_activities = off`;
    expect(
      await whileSet(set, `alter role ${diag} reset track_activities`, async () => notWell(await look())),
    ).toEqual(['warn target shop setup']);
  });

  it('tells of a history and of probes that diag may not read, or that are not there', async () => {
    const { diag } = shop.roles;
    const on = 'pgmigrations, order_status';
    const set = `revoke select on ${on} from ${diag}`;
    const findings = await whileSet(set, `grant select on ${on} to ${diag}`, look);
    expect(notWell(findings)).toEqual(['fail target shop history', 'fail target shop probes']);
    const elsewhere = await look({ history: { table: 'public.nothing' }, probes: [] });
    expect(notWell(elsewhere)).toEqual(['warn target shop history', 'skipped target shop probes']);
  });

  it('tells of a probe that is red', async () => {
    const findings = await look({ probes: [{ name: 'stock', sql: 'select false as ok' }] });
    expect(lines(findings, 'target shop probes')).toMatchObject([
      { status: 'warn', found: 'stock is red: it answered ok = false.' },
    ]);
  });

  it('says that errors in the log cannot be counted, where a monitor would', async () => {
    const log = async (name: string) =>
      lines(await look({}, [{ ...errors, name }]), 'target shop log').map(({ status }) => status);
    expect(await log('codes')).toEqual(['skipped']);
    expect(await log('shop:errors')).toEqual(['ok']);
  });

  it('tells of one that does not answer, and asks nothing of one without a URL', async () => {
    const findings = await look({ urls: { diag: 'postgres://diag:hush@127.0.0.1:1/x' } });
    expect(notWell(findings)).toEqual(['fail target shop']);
    expect(JSON.stringify(findings)).not.toContain('hush');
    expect(await look({ urls: { diag: '' } })).toEqual([]);
  });

  it('tries another way to ddl as act, since ddl is opened for approved plans only', async () => {
    const { urls } = shop.config;
    const other = new URL(urls.ddl ?? '');
    other.hostname = 'localhost';
    const same = await look({ urls: { ...urls, ddl: other.href } });
    expect(lines(same, 'target shop ddl')).toMatchObject([{ status: 'ok' }]);
    other.port = '1';
    const nowhere = await look({ urls: { ...urls, ddl: other.href } });
    expect(lines(nowhere, 'target shop ddl')).toMatchObject([{ status: 'skipped' }]);
  });

  (hasPgBouncer() ? it : it.skip)('tells of a pooler before act, and bears one before diag', async () => {
    const { diag, act } = shop.roles;
    const pooler = await startPgBouncer(shop.database.url, { [diag]: 'secret', [act]: 'secret' });
    const { urls } = shop.config;
    const through = await look({ urls: { ...urls, act: pooler.through(urls.act ?? '') } });
    expect(lines(through, 'target shop')).toMatchObject([
      { status: 'fail', found: expect.stringContaining('goes through a pooler') as string },
    ]);
    const behind = await look({ urls: { ...urls, ddl: pooler.through(urls.ddl ?? '') } });
    expect(lines(behind, 'target shop ddl')).toMatchObject([
      {
        status: 'fail',
        found: expect.stringMatching(/^The ddl connection of shop goes through a pooler/) as string,
      },
    ]);
    expect(JSON.stringify(behind)).not.toContain(urls.act ?? 'act');
    expect(notWell(await look({ urls: { ...urls, diag: pooler.through(urls.diag) } }))).toEqual([]);
    await pooler.close();
  });
});
