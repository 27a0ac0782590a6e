import { type Check, loadChecks } from '../../../src/databases/check.ts';
import { sweep } from '../../../src/databases/sweep.ts';
import { openTarget, type Target } from '../../../src/databases/target.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const checks = await loadChecks();

describe('every check', () => {
  it.each(checks)('$name says what it looks at, needs and may cost', (check: Check) => {
    expect(check.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const words of [check.title, check.privilege, check.danger]) {
      expect(words.trim()).not.toBe('');
      expect(words).not.toMatch(/\.$|\n/);
    }
    expect(check.timeoutMs).toBeLessThanOrEqual(15_000);
  });

  it.each(checks)('$name says whose limits it has, when it has any', ({ limits, source }: Check) => {
    if (Number.isFinite(limits.warn) || Number.isFinite(limits.crit))
      expect(source).not.toBe('it has no limits');
    expect(limits.warn).toBeLessThanOrEqual(limits.crit);
  });

  it('of the first minutes comes before all others', () => {
    const first = checks.filter(({ firstMinutes }) => firstMinutes).map(({ order }) => order);
    const others = checks.filter(({ firstMinutes }) => !firstMinutes).map(({ order }) => order);
    expect(Math.max(...first)).toBeLessThan(Math.min(...others));
  });
});

describe('a check that the server is too old for', () => {
  let database: TestDatabase;
  let target: Target;
  beforeAll(async () => {
    database = await createTestDatabase('empty');
    target = openTarget({
      name: 'shop',
      urls: { diag: database.url },
      tool: 'node-pg-migrate',
      probes: [],
      services: [],
      snapshot: { maxLockSeconds: 5 },
      sources: {},
    });
  });
  afterAll(async () => {
    await target.close();
    await database.drop();
  });

  it('is skipped, and asks nothing else', async () => {
    const asked: string[] = [];
    const old: Target = {
      ...target,
      read: (sql) => {
        asked.push(sql);
        return Promise.resolve([{ number: 150_004 }] as never);
      },
    };
    const report = await sweep(old, { now: new Date(), only: 'io' });
    expect(report.checks).toMatchObject([
      { status: 'skipped', verdict: 'PostgreSQL 15 does not tell; it takes 16 or newer.' },
    ]);
    expect(asked).toHaveLength(1);
  });
});
