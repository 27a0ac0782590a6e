import { openTargets, type Targets } from '../../src/databases/targets.ts';
import { healthLines } from '../../src/domain/health.ts';
import { createLogger } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { createShop, type Shop } from './shop.ts';

describe('the targets of a bot that starts', () => {
  let shop: Shop;
  let targets: Targets;
  const logged: string[] = [];
  const now = (): Date => new Date('2026-11-22T14:00:00Z');
  beforeAll(async () => {
    shop = await createShop();
    const log = createLogger({ destination: { write: (line: string) => void logged.push(line) } });
    const nowhere = { ...shop.config, name: 'nowhere', urls: { diag: 'postgres://x@127.0.0.1:1/x' } };
    const pair = { ...shop.config, name: 'mighty', urls: { diag: shop.database.url } };
    targets = openTargets({ nowhere, mighty: pair, shop: shop.config }, { now, log });
  });
  afterAll(async () => {
    await targets.closeAll();
    await shop.close();
  });
  const seen = () => targets.health().every(({ lookedAt }) => lookedAt !== undefined);

  it('are looked at by themselves, each failing alone, in the log and for who asks', async () => {
    expect(healthLines({ ...IDLE, targets: targets.health() }, now()).at(-1)).toContain('for the first time');
    await eventually(seen);
    const [nowhere, mighty, ready] = healthLines({ ...IDLE, targets: targets.health() }, now()).slice(-3);
    expect(nowhere).toMatch(/^:warning: Target `nowhere`: The diag role cannot be used: .*ECONNREFUSED/);
    expect(mighty).toMatch(/^:warning: Target `mighty`: The diag role \S+ is a superuser/);
    expect(ready).toBe('• Target `shop`: ready, looked at 0 s ago');
    expect(logged.filter((line) => line.includes('target has problems'))).toHaveLength(2);
    expect(logged.join('')).not.toContain('secret');
  });

  it('have a connection open before anybody asks, and no session of act or ddl', async () => {
    await eventually(seen);
    const open = await eventually(async () => {
      const rows = await shop.query<{ usename: string; state: string }>(
        `select usename::text, state from pg_stat_activity
          where application_name = 'firebreak' and datname = current_database() and usename <> current_user`,
      );
      return rows.every(({ state }) => state === 'idle') && rows;
    });
    expect(new Set(open.map(({ usename }) => usename))).toEqual(new Set([shop.roles.diag]));
    expect(open.length).toBeLessThanOrEqual(2);
  });
});

const IDLE = { storeMs: 1, queue: { waiting: 0 }, inbox: { open: 0 }, monitors: [] };
