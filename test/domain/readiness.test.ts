import type { Health } from '../../src/domain/health.ts';
import { healthLines } from '../../src/domain/health.ts';
import { isReady, readinessOf } from '../../src/domain/readiness.ts';

const NOW = new Date('2026-11-22T14:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

const healthWith = (change: Partial<Health>): Health => ({
  storeMs: 1,
  queue: { waiting: 0 },
  inbox: { open: 0 },
  slack: { connected: true, last: undefined },
  monitors: [],
  ...change,
});
const readyWith = (change: Partial<Health>) => readinessOf(healthWith(change), NOW);

it('is ready when all is well, also where nobody talks to Slack', () => {
  expect(readyWith({})).toEqual({ database: 'ok', slack: 'ok', queue: 'ok', monitors: 'ok' });
  const { slack, ...terminal } = healthWith({});
  expect([slack?.connected, isReady(readinessOf(terminal, NOW))]).toEqual([true, true]);
});

it('waits a minute for the queue, and does not blame it for the absence of Slack', () => {
  const stuck = (seconds: number) => ({ queue: { waiting: 1, stuckSince: ago(seconds) } });
  expect(readyWith(stuck(59)).queue).toBe('ok');
  expect(readyWith(stuck(61)).queue).toMatch(/^what could be sent has waited for 1 min/);
  const away = { slack: { connected: false, last: undefined } };
  expect(readyWith({ ...stuck(61), ...away })).toMatchObject({ slack: 'not connected', queue: 'ok' });
});

it('waits for three missed looks, and says the same as health', () => {
  const monitor = (name: string, looked?: number, everySeconds?: number) => ({
    name,
    red: false,
    ...(looked === undefined ? {} : { checkedAt: ago(looked) }),
    ...(everySeconds === undefined ? {} : { everySeconds }),
  });
  const monitors = [
    monitor('fresh', 40, 10),
    monitor('old', 41, 10),
    monitor('new', undefined, 10),
    monitor('at night', 80_000),
  ];
  expect(readyWith({ monitors }).monitors).toBe('late: old, new');
  expect(healthLines(healthWith({ monitors }), NOW).filter((line) => line.includes(':warning:'))).toEqual([
    expect.stringContaining('`old`: green, looked 41 s ago, late'),
    expect.stringContaining('`new`: has not looked yet'),
  ]);
});
