/** What a figure says of itself, and the percentiles that figures are made of. */
import { describe, expect, test } from '@jest/globals';
import { type Figure, inWords, isMet } from '../../bench/figure.ts';
import { percentile } from '../../bench/percentiles.ts';
import { atRate } from '../../bench/schedule.ts';

const ack: Figure = {
  name: 'ack p99',
  value: 30,
  unit: 'ms',
  against: { value: 10, what: 'for the echo' },
  goals: [
    { of: 'ratio', is: 'at most', limit: 2 },
    { of: 'value', is: 'at most', limit: 100 },
  ],
};

describe('a figure', () => {
  test('says what it is compared to, and which goal is missed', () => {
    expect(inWords(ack)).toBe('ack p99 30 ms, 10 ms for the echo: ratio 3; MISSED: ratio at most 2');
    expect(inWords({ ...ack, value: 20 })).toBe('ack p99 20 ms, 10 ms for the echo: ratio 2');
  });

  test('that was not reached meets no goal', () => {
    const never = { ...ack, value: undefined };
    expect(ack.goals?.map((goal) => isMet(never, goal))).toEqual([false, false]);
    expect(inWords(never)).toBe('ack p99 was not reached');
  });

  test('that has to be large misses its goal from below', () => {
    const goal = { of: 'ratio', is: 'at least', limit: 0.5 } as const;
    const rate: Figure = { name: 'rate', value: 49, unit: '/s', against: { value: 100, what: 'bare' } };
    expect([isMet(rate, goal), isMet({ ...rate, value: 50 }, goal)]).toEqual([false, true]);
  });
});

test('a percentile is the nearest value that occurred', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 50, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
  expect(() => percentile([], 50)).toThrow();
});

test('an act that is slow neither delays the next one nor hides how long it took', async () => {
  let begun = 0;
  let go = (): void => undefined;
  const all = new Promise<void>((resolve) => (go = resolve));
  const took = await atRate({ perSecond: 1000, seconds: 0.02 }, async () => {
    begun += 1;
    if (begun === 20) go();
    await all;
  });
  expect(took).toHaveLength(20);
  expect(took[0]).toBeGreaterThan(took[19] ?? Infinity);
});
