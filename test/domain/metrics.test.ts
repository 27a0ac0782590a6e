import fc from 'fast-check';
import { duration, metrics } from '../../src/domain/metrics.ts';
import { outageIncident } from './record-fixture.ts';

describe('the metrics of an incident', () => {
  const { milestones } = outageIncident();

  it('are differences of milestones, and say of which', () => {
    expect(metrics(milestones)).toEqual([
      { name: 'time to detect', formula: 'detected - impact_started', seconds: 8 },
      { name: 'time to acknowledge', formula: 'acknowledged - detected', seconds: 52 },
      { name: 'time to mitigate', formula: 'mitigated - detected', seconds: 312 },
      { name: 'time to resolve', formula: 'resolved - impact_started', seconds: 540 },
    ]);
  });

  it('are unknown, not 0, when a milestone is missing', () => {
    const others = Object.fromEntries(Object.entries(milestones).filter(([name]) => name !== 'detected'));
    expect(metrics(others).map(({ seconds }) => seconds)).toEqual([undefined, undefined, undefined, 540]);
    expect(metrics({}).every(({ seconds }) => seconds === undefined)).toBe(true);
  });
});

describe('a duration in words', () => {
  it.each([
    [0, '0 s'],
    [1.44, '1.4 s'],
    [9.99, '10 s'],
    [59.7, '1 min'],
    [252, '4 min 12 s'],
    [14_400, '4 h'],
    [183_600, '2 d 3 h'],
    [-5, 'minus 5 s'],
  ])('%d', (seconds, words) => expect(duration(seconds)).toBe(words));

  it('leaves out nothing', () => {
    const unit: Readonly<Record<string, number>> = { d: 86_400, h: 3600, min: 60, s: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 10_000_000 }), (seconds) => {
        const parts = [...duration(seconds).matchAll(/(\d+) (\w+)/g)];
        expect(parts.reduce((sum, [, n, u]) => sum + Number(n) * (unit[u ?? ''] ?? NaN), 0)).toBe(seconds);
      }),
    );
  });
});
