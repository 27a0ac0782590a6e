import fc from 'fast-check';
import { type Case, figures, percentile } from '../../src/domain/figures.ts';
import type { Milestone, MilestoneName } from '../../src/domain/incident.ts';

const START = Date.UTC(2026, 5, 3, 10);
const at = (minutes: number): Milestone => {
  const time = new Date(START + minutes * 60_000);
  return { at: time, by: 'U0', recordedAt: time, earlier: [] };
};
let id = 0;
function one(minutes: Partial<Record<MilestoneName, number>>, change: Partial<Case> = {}): Case {
  const milestones = Object.fromEntries(Object.entries(minutes).map(([name, time]) => [name, at(time)]));
  id += 1;
  return { id, kind: 'incident', status: 'resolved', severity: 'sev2', milestones, ...change };
}
const timesOf = (cases: readonly Case[]) =>
  Object.fromEntries(
    figures(cases, ['sev1', 'sev2']).times.map(({ name, count, missing, reversed, median, p90 }) => [
      name.replace('time to ', ''),
      { count, missing, reversed, median, p90 },
    ]),
  );

describe('figures over incidents', () => {
  it('are those of known data', () => {
    const cases = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((detected) =>
      one({ impact_started: 0, detected, acknowledged: detected + 2, resolved: 60 * detected }),
    );
    const minutes = 60;
    expect(timesOf(cases)).toEqual({
      detect: { count: 10, missing: 0, reversed: 0, median: 5.5 * minutes, p90: 9.1 * minutes },
      acknowledge: { count: 10, missing: 0, reversed: 0, median: 2 * minutes, p90: 2 * minutes },
      mitigate: { count: 0, missing: 10, reversed: 0, median: undefined, p90: undefined },
      resolve: { count: 10, missing: 0, reversed: 0, median: 330 * minutes, p90: 546 * minutes },
    });
  });

  it('say the formula beside each time', () => {
    expect(figures([], []).times.map(({ name, formula }) => `${name}: ${formula}`)).toEqual([
      'time to detect: detected - impact_started',
      'time to acknowledge: acknowledged - detected',
      'time to mitigate: mitigated - detected',
      'time to resolve: resolved - impact_started',
    ]);
  });

  it('count a time of 0, and neither what is missing nor what was recorded the wrong way round', () => {
    const cases = [
      one({ impact_started: 0, detected: 0 }),
      one({ impact_started: 0 }),
      one({ detected: 4 }),
      one({ impact_started: 5, detected: 1 }),
      one({ impact_started: 0, detected: 4 }),
    ];
    expect(timesOf(cases)['detect']).toEqual({ count: 2, missing: 2, reversed: 1, median: 120, p90: 216 });
  });

  it('leave out drills, duplicates and cancelled ones, each for one reason, and count retrospective ones', () => {
    const measured = { impact_started: 0, detected: 1 };
    const found = figures(
      [
        one(measured),
        one(measured, { kind: 'retrospective' }),
        one(measured, { kind: 'drill' }),
        one(measured, { kind: 'drill', status: 'cancelled' }),
        one(measured, { status: 'cancelled', duplicateOf: 1 }),
        one(measured, { status: 'cancelled' }),
        one(measured, { status: 'investigating' }),
      ],
      [],
    );
    expect(found.incidents).toBe(3);
    expect(found.leftOut).toEqual({ drills: 2, duplicates: 1, cancelled: 1 });
  });

  it('come by severity, the worst first, and by service, what has none last', () => {
    const found = figures(
      [
        one({}, { severity: 'sev2', service: 'shop' }),
        one({}, { severity: 'gone' }),
        one({}, { severity: 'sev1', service: 'api' }),
        one({}, { severity: 'sev2', service: 'api' }),
      ],
      ['sev1', 'sev2', 'sev3'],
    );
    const named = (groups: typeof found.bySeverity) => groups.map(({ name, incidents }) => [name, incidents]);
    expect(named(found.bySeverity)).toEqual([
      ['sev1', 1],
      ['sev2', 2],
      ['gone', 1],
    ]);
    expect(named(found.byService)).toEqual([
      ['api', 2],
      ['shop', 1],
      [undefined, 1],
    ]);
  });

  const someCase = fc
    .record(
      {
        impact_started: fc.integer({ min: 0, max: 500 }),
        detected: fc.integer({ min: 0, max: 500 }),
        acknowledged: fc.integer({ min: 0, max: 500 }),
        mitigated: fc.integer({ min: 0, max: 500 }),
        resolved: fc.integer({ min: 0, max: 500 }),
      },
      { requiredKeys: [] },
    )
    .chain((minutes) =>
      fc
        .record({
          kind: fc.constantFrom('incident', 'drill', 'retrospective'),
          status: fc.constantFrom('resolved', 'cancelled'),
          severity: fc.constantFrom('sev1', 'sev2', 'gone'),
        })
        .map((change) => one(minutes, change)),
    );
  const cases = fc.array(someCase, { maxLength: 30 });

  it('do not depend on the order', () => {
    fc.assert(
      fc.property(
        cases.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(figures(shuffled, ['sev1', 'sev2'])).toEqual(figures(all, ['sev1', 'sev2']));
        },
      ),
    );
  });

  it('have a p90 that is not below the median, both within what was measured, and lose no incident', () => {
    fc.assert(
      fc.property(cases, (all) => {
        const found = figures(all, ['sev1', 'sev2']);
        const { drills, duplicates, cancelled } = found.leftOut;
        expect(found.incidents + drills + duplicates + cancelled).toBe(all.length);
        expect(found.bySeverity.reduce((sum, each) => sum + each.incidents, 0)).toBe(found.incidents);
        for (const { count, missing, reversed, median, p90 } of found.times) {
          expect(count + missing + reversed).toBe(found.incidents);
          expect(median === undefined).toBe(count === 0);
          if (median !== undefined && p90 !== undefined) {
            expect(median).toBeGreaterThanOrEqual(0);
            expect(p90).toBeGreaterThanOrEqual(median);
          }
        }
      }),
    );
  });

  it('stay as they are when incidents with nothing recorded are added', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 20 }), (all, more) => {
        const blank = Array.from({ length: more }, () => one({}));
        const values = (of: readonly Case[]) =>
          figures(of, []).times.map(({ count, median, p90 }) => [count, median, p90]);
        expect(values([...all, ...blank])).toEqual(values(all));
      }),
    );
  });
});

describe('a percentile', () => {
  it('lies between its neighbours, and there is none of nothing', () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([4], 0.9)).toBe(4);
    expect(percentile([4, 2], 0.5)).toBe(3);
    expect(percentile([10, 9, 1], 0.5)).toBe(9);
  });
});
