import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadConfig } from '../../src/config.ts';
import { openTarget } from '../../src/databases/target.ts';
import { createLogger } from '../../src/log.ts';
import type { Looked } from '../../src/monitors/look.ts';
import { type ChecksLook, ERROR_RATE } from '../../src/monitors/look-settings.ts';
import { lookAtChecks } from '../../src/monitors/looks/checks.ts';
import { lookAtErrorRate } from '../../src/monitors/looks/error-rate.ts';
import { lookAtProbes } from '../../src/monitors/looks/probes.ts';
import { watch } from '../../src/monitors/watch.ts';
import { createShop, type Shop } from '../databases/shop.ts';
import { eventually } from '../support/eventually.ts';

/** What a look at the error rate leaves. */
interface Left {
  readonly started: number;
  readonly deadlocks: number;
  readonly own: {
    readonly by: string;
    readonly reads: number;
    readonly perSecond: number;
    readonly owed: number;
  };
  readonly usual: { readonly commits: number; readonly rollbacks: number };
}

describe('looks at a shop', () => {
  let shop: Shop;
  let logged: string[];
  const log = createLogger({
    level: 'warn',
    destination: new Writable({
      write(line, _encoding, done) {
        logged.push(String(line));
        done();
      },
    }),
  });
  beforeAll(async () => {
    shop = await createShop({ probes: [PROBE, { name: 'orders', sql: 'select id from orders limit 1' }] });
  });
  beforeEach(() => {
    logged = [];
  });
  afterAll(() => shop.close());

  it('by default find nothing wrong with a healthy one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-looks-'));
    const file = join(folder, 'firebreak.yml');
    await writeFile(file, CONFIG);
    const env = { SLACK_BOT_TOKEN: 'xoxb-t', SLACK_APP_TOKEN: 'xapp-t', SHOP_DIAG_URL: 'postgres://x' };
    const { monitors } = loadConfig(file, env);
    const targets = new Map([['shop', shop.target]]);
    const watched = watch(monitors, targets, {
      now: () => new Date(),
      log,
      reported: () => Promise.resolve([]),
    });
    expect(watched).toHaveLength(5);
    for (const { settings, look } of watched) {
      const { memory } = await look(undefined);
      const { symptoms, uneasy = false } = await look(memory);
      expect({ name: settings.name, symptoms, uneasy }).toEqual({
        name: settings.name,
        symptoms: [],
        uneasy: false,
      });
    }
    await rm(folder, { recursive: true, force: true });
  });

  describe('by its probes', () => {
    it('name what fails, with its SQLSTATE and table, and ask only those that are named', async () => {
      await shop.query('alter table order_status rename column carrier to shipper');
      try {
        const { symptoms } = await lookAtProbes(shop.target, { kind: 'probes' }, () => new Date())(undefined);
        expect(symptoms).toEqual([
          {
            key: 'probe:order-status',
            error: 'column s.carrier does not exist',
            sqlstate: '42703',
            relations: ['order_status'],
          },
        ]);
        const one = lookAtProbes(shop.target, { kind: 'probes', probes: ['orders'] }, () => new Date());
        expect(await one(undefined)).toEqual({ symptoms: [] });
      } finally {
        await shop.query('alter table order_status rename column shipper to carrier');
      }
    });
  });

  it('say who stands in the way of what got no answer in time', async () => {
    const billing = await shop.connect('owner', 'billing');
    await billing.query('begin; lock table order_status');
    const site = await shop.connect('app');
    const waits = site.query('select from order_status').catch(() => undefined);
    try {
      const look = lookAtProbes(shop.target, { kind: 'probes' }, () => new Date());
      const [symptom] = await eventually(async () => {
        const { symptoms } = await look(undefined);
        return symptoms[0]?.error.includes('billing') && symptoms;
      });
      expect(symptom).toEqual({
        key: 'probe:order-status',
        error: expect.stringMatching(
          /^canceling statement due to lock timeout; pid \d+ \(app `billing`\), idle in a transaction open for .*, blocks 1 session; the oldest waits [\d.]+ s$/,
        ) as string,
        sqlstate: '55P03',
        relations: ['order_status'],
      });
    } finally {
      await billing.end();
      await waits;
      await site.end();
    }
  });

  describe('by its checks', () => {
    const look = (settings: Partial<ChecksLook>, target = shop.target) =>
      lookAtChecks(
        target,
        { kind: 'checks', checks: ['connections'], level: 'crit', limits: {}, ...settings },
        { now: () => new Date(), log, timeoutMs: 15_000 },
      );
    const limited = (warn: number, crit: number) => ({ limits: { connections: { warn, crit } } });

    it('are red at their level, uneasy below it, and say what helps', async () => {
      const [full, half, warned] = [
        limited(0, 0),
        limited(0, 1000),
        { ...limited(0, 1000), level: 'warn' as const },
      ];
      const symptom = {
        key: 'check:connections',
        error: expect.stringMatching(/connections are in use.*[^.]$/) as string,
        relations: [],
        next: 'run connections-exhausted target=shop',
      };
      const { memory, ...seen } = await look(full)(undefined);
      expect(seen).toEqual({ symptoms: [symptom], uneasy: false });
      expect(await look(half)(memory)).toEqual({ symptoms: [], uneasy: true, memory });
      expect((await look(warned)(undefined)).symptoms).toEqual([symptom]);
    });

    it('are uneasy by what was red only: what warns all the time neither begins nor prolongs anything', async () => {
      expect(await look(limited(0, 1000))(undefined)).toMatchObject({ symptoms: [], uneasy: false });
      const { memory } = await look({ checks: ['connections', 'settings'], ...limited(0, 0) })(undefined);
      const well = await look(limited(1000, 1000))(memory);
      expect(well).toMatchObject({ symptoms: [], uneasy: false });
      expect(await look(limited(0, 1000))(well.memory)).toMatchObject({ symptoms: [], uneasy: false });
    });

    it('count one that gets no answer in time as red', async () => {
      const owner = await shop.connect('owner');
      await owner.query('begin; lock table order_status in access exclusive mode');
      const { symptoms } = await look({ checks: ['probes'] })(undefined);
      await owner.end();
      expect(symptoms).toMatchObject([
        {
          key: 'check:probes',
          error: expect.stringMatching(/^Check probes: .* got no answer in time/) as string,
        },
      ]);
    });

    it('tell once what they cannot see, and take it for neither', async () => {
      const blind = openTarget({
        ...shop.config,
        urls: { diag: shop.database.urlAs(shop.roles.app, 'secret') },
      });
      const looks = look({ checks: ['blocking', 'connections'] }, blind);
      const twice = [await looks(undefined), await looks(undefined)];
      expect(twice).toMatchObject([1, 2].map(() => ({ symptoms: [], uneasy: false })));
      await blind.close();
      expect(logged.map((line) => (JSON.parse(line) as { check: string }).check)).toEqual([
        'connections',
        'blocking',
      ]);
      expect(logged.join()).toContain('GRANT pg_monitor');
    });

    it('say of a database that is away only that it is away', async () => {
      const away = openTarget({ ...shop.config, urls: { diag: 'postgres://x:y@127.0.0.1:1/shop' } });
      const { symptoms } = await look({ checks: ['blocking', 'wal'] }, away)(undefined);
      await away.close();
      expect(symptoms).toMatchObject([
        { key: 'check:connection', error: expect.stringContaining('cannot be reached') as string },
      ]);
      expect(logged).toEqual([]);
    });
  });

  describe('by its error rate', () => {
    let now = new Date('2026-03-01T10:00:00Z');
    const look = (memory: unknown, seconds = 10): Promise<Looked> => {
      now = new Date(now.getTime() + seconds * 1000);
      return lookAtErrorRate(shop.target, { kind: 'error_rate', ...ERROR_RATE }, () => now)(memory);
    };
    const begun = async (): Promise<Left> => (await look(undefined)).memory as Left;
    /** So many transactions end well and so many by an error; the server's figures know of them. */
    async function traffic(commits: number, rollbacks: number): Promise<void> {
      for (let time = 0; time < commits; time++) await shop.query('select 1');
      for (let time = 0; time < rollbacks; time++)
        await shop.query('select 1 / (total_cents - total_cents) from orders').catch(() => undefined);
      await flushed();
    }
    const flushed = () => shop.query('select pg_stat_force_next_flush()');
    /** What earlier tests did is counted before; the target has two connections. */
    beforeEach(async () => {
      await flushed();
      await Promise.all(
        [1, 2].map(() => shop.target.read('select pg_stat_force_next_flush(), pg_sleep(0.05)')),
      );
    });

    it('are red when too many transactions are rolled back, from one look to the next', async () => {
      const memory = await begun();
      await traffic(10, 30);
      const { symptoms } = await look(memory);
      expect(symptoms).toMatchObject([
        {
          key: 'rate:rollbacks',
          error: expect.stringMatching(
            /^\d\d of \d\d transactions were rolled back within 10 s: \d\d(\.\d)? %, where 0 % is usual$/,
          ) as string,
          next: 'db error-rate shop',
        },
      ]);
    });

    it('are green with few errors, and uneasy in between', async () => {
      const memory = await begun();
      await traffic(40, 2);
      const few = await look(memory);
      expect(few).toMatchObject({ symptoms: [], uneasy: false });
      await traffic(20, 12);
      expect(await look(few.memory)).toMatchObject({ symptoms: [], uneasy: true });
    });

    it('know what is usual: three times as much is red, as much as ever is not', async () => {
      const memory = await begun();
      await traffic(60, 40);
      const usually = (rollbacks: number) => ({ ...memory, usual: { commits: 1000 - rollbacks, rollbacks } });
      expect((await look(usually(500))).symptoms).toEqual([]);
      expect((await look(usually(100))).symptoms).toHaveLength(1);
    });

    it('do not count their own reads, whichever process read', async () => {
      const memory = await begun();
      for (let read = 0; read < 60; read++) await shop.target.read('select 1');
      await shop.target.read('select pg_stat_force_next_flush()');
      const seen = await look(memory);
      expect(seen.symptoms).toEqual([]);
      expect((seen.memory as Left).own.perSecond).toBeGreaterThan(6);
      const elsewhere = { ...memory, own: { ...memory.own, by: 'another process', perSecond: 7 } };
      expect((await look(elsewhere, 0)).symptoms).toEqual([]);
    });

    it('begin anew behind a restart, a reset, another database, or what an older version left', async () => {
      const memory = await begun();
      await traffic(0, 30);
      for (const other of [{ started: 1 }, { reset: 1 }, { database: '1' }, { commits: 1e15 }, { own: 1 }]) {
        expect((await look({ ...memory, ...other }, 0)).symptoms).toEqual([]);
      }
      expect((await look(memory)).symptoms).toHaveLength(1);
    });

    it('know what is usual over a reset of the figures, which would have to be learned anew', async () => {
      const usual = { commits: 600, rollbacks: 400 };
      const memory = { ...(await begun()), usual };
      const reset = await look({ ...memory, reset: 1 });
      expect(reset).toMatchObject({ symptoms: [], memory: { usual } });
      await traffic(60, 40);
      expect((await look(reset.memory)).symptoms).toEqual([]);
      expect(await look({ ...memory, database: '1' })).toMatchObject({
        memory: { usual: { commits: 0, rollbacks: 0 } },
      });
    });

    it('are red by more than five deadlocks a minute', async () => {
      const memory = await begun();
      const before = (seconds: number, deadlocks: number) => ({
        ...memory,
        lately: [{ at: now.getTime() - seconds * 1000, deadlocks: memory.deadlocks - deadlocks }],
      });
      expect((await look(before(20, 6))).symptoms).toMatchObject([
        { key: 'rate:deadlocks', error: '6 deadlocks within 30 s', sqlstate: '40P01' },
      ]);
      expect((await look(before(20, 5))).symptoms).toEqual([]);
      expect((await look(before(300, 20))).symptoms).toEqual([]);
    });
  });
});

const PROBE = {
  name: 'order-status',
  sql: 'select o.id, s.carrier from orders o join order_status s on s.order_id = o.id',
};

const CONFIG = `slack: { incidents_channel: C0123456789 }
targets: { shop: { diag_url_env: SHOP_DIAG_URL, probes: [{ name: orders, sql: select 1 }] } }
`;
