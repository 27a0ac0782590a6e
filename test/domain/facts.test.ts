import { factLines } from '../../src/domain/facts.ts';

it('facts are short lines: figures, rows of lists, and nothing that is empty or only for machines', () => {
  const roots = [
    { pid: 7, backendStart: '2026', user: 'app', transactionAge: 12.345, relations: ['orders'], query: '' },
  ];
  expect(
    factLines({
      waiting: 2,
      longest_s: 1.25,
      by_state: { idle: 3, active: 1 },
      none: [],
      roots,
      pids: [1, 2],
    }),
  ).toEqual([
    'waiting: 2',
    'longest s: 1.3',
    'by state: idle 3, active 1',
    'roots:',
    '- pid 7, user app, transaction age 12.3, relations orders',
    'pids: 1, 2',
  ]);
});

it('long lists and long rows are cut, and said to be', () => {
  const lines = factLines({ rows: Array.from({ length: 10 }, (_, n) => ({ n, text: 'x'.repeat(400) })) });
  expect(lines).toHaveLength(10);
  expect(lines[1]).toMatch(/…$/);
  expect(lines.at(-1)).toBe('- and 2 more');
});
