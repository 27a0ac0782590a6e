import fc from 'fast-check';
import { percentile } from '../../src/domain/figures.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { casesBetween } from '../../src/store/figures.ts';
import { saveIncident, setChannel } from '../../src/store/incidents.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { anIncident } from '../slack/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const time = (at: Date) => ({ at, by: 'U0', recordedAt: day('2026-07-01'), earlier: [] });

describe('what figures are made of', () => {
  let database: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    database = await createTestDatabase();
    store = openStore(database.url);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });
  afterEach(() => store.query('delete from incidents'));

  const save = (id: number, change: Partial<Incident>) => saveIncident(store, anIncident({ id, ...change }));
  const ids = async (from: string, to: string, more: object = {}) =>
    (await casesBetween(store, { from: day(from), to: day(to), ...more })).map(({ id }) => id);

  it('is read whole, and without what nobody asks for', async () => {
    await save(1, { status: 'investigating' });
    const milestones = { impact_started: time(day('2026-06-01')), detected: time(day('2026-06-02')) };
    await save(2, { kind: 'retrospective', private: true, service: 'shop', duplicateOf: 1, milestones });
    await setChannel(store, 2, 'C2');
    const [found] = await casesBetween(store, { from: day('2026-06-01'), to: day('2026-06-02') });
    expect(found).toMatchObject({
      id: 2,
      kind: 'retrospective',
      private: true,
      severity: 'sev2',
      service: 'shop',
      duplicateOf: 1,
      channelId: 'C2',
      declaredBy: 'U000ONCALL',
    });
    expect(found?.milestones.impact_started?.at).toEqual(day('2026-06-01'));
    expect(found?.milestones.detected?.at).toEqual(day('2026-06-02'));
    expect(found?.milestones.resolved).toBeUndefined();
  });

  it('belongs to when the impact began, else to the detection, else to the declaration', async () => {
    const declaredAt = day('2026-06-10');
    await save(1, {
      declaredAt,
      milestones: { impact_started: time(day('2026-03-01')), detected: time(day('2026-06-10')) },
    });
    await save(2, { declaredAt, milestones: { detected: time(day('2026-05-31')) } });
    await save(3, { declaredAt, milestones: {} });
    expect(await ids('2026-06-01', '2026-07-01')).toEqual([3]);
    expect(await ids('2026-05-31', '2026-06-01')).toEqual([2]);
    expect(await ids('2026-03-01', '2026-03-02')).toEqual([1]);
    expect(await ids('2026-02-01', '2026-03-01')).toEqual([]);
    expect(await ids('2026-01-01', '2027-01-01')).toEqual([1, 2, 3]);
  });

  it('is only of the severity and the service that were asked for', async () => {
    const declaredAt = day('2026-06-10');
    await save(1, { declaredAt, milestones: {}, severity: 'sev1', service: 'shop' });
    await save(2, { declaredAt, milestones: {}, severity: 'sev2', service: 'shop' });
    await save(3, { declaredAt, milestones: {}, severity: 'sev1' });
    const june = ['2026-06-01', '2026-07-01'] as const;
    expect(await ids(...june, { severity: 'sev1' })).toEqual([1, 3]);
    expect(await ids(...june, { service: 'shop' })).toEqual([1, 2]);
    expect(await ids(...june, { severity: 'sev1', service: 'shop' })).toEqual([1]);
  });

  it('has percentiles as PostgreSQL computes them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(0.5, 0.9),
        async (values, share) => {
          const { rows } = await store.query<{ found: number }>(
            `select percentile_cont($2::double precision) within group (order by value) as found
               from unnest($1::double precision[]) as value`,
            [values, share],
          );
          expect(percentile(values, share)).toBeCloseTo(rows[0]?.found ?? Number.NaN, 6);
        },
      ),
      { numRuns: 50 },
    );
  });
});
