/** The page of figures, and how one run replaces what is known of the benches that it measured, and of no others. */
import { describe, expect, test } from '@jest/globals';
import type { Figure } from '../../bench/figure.ts';
import type { Machine } from '../../bench/machine.ts';
import { pageOf } from '../../bench/page.ts';
import { merged, type Results, taken } from '../../bench/results.ts';

const machine: Machine = {
  cores: 2,
  cpu: 'A CPU',
  ram_gb: 8,
  system: 'linux x64',
  node: '20.0.0',
  postgres: '18.4',
};
const benches = [
  { name: 'ack', title: 'The ack', about: 'How long.' },
  { name: 'export', title: 'The export', about: 'How large.' },
];
const ack: Figure = {
  name: 'ack p99',
  value: 30,
  unit: 'ms',
  against: { value: 10, what: 'for a|b' },
  goals: [{ of: 'ratio', is: 'at most', limit: 2 }],
};
const size: Figure = { name: 'size', value: 12.34, unit: 'MB' };
const known: Results = {
  ack: { on: '2026-06-03', machine, figures: [ack] },
  export: { on: '2026-06-03', machine, figures: [size] },
};

describe('the page', () => {
  test('has a table of goals, and a section a bench with its machine', () => {
    const page = pageOf(benches, known);
    expect(page).toContain('## Goals\n\n| figure | goal | measured | met |\n|---|---|---|---|\n');
    expect(page).toContain('| ack p99 | ratio at most 2 | 3 | **missed** |');
    expect(page).toContain(
      '## The ack\n\nHow long.\n\n| figure | value | compared to | ratio | goal |\n|---|---|---|---|---|\n' +
        '| ack p99 | 30 ms | 10 ms for a\\|b | 3 | ratio at most 2: **missed** |\n\n' +
        '`--only ack`, 2026-06-03: 2 cores (A CPU), 8 GB, linux x64, Node 20.0.0, PostgreSQL 18.4.\n',
    );
    expect(page).toContain('| size | 12.3 MB |  |  |  |');
    expect(page.indexOf('## The ack')).toBeLessThan(page.indexOf('## The export'));
  });

  test('leaves out what was never measured', () => {
    const page = pageOf(benches, { export: { on: '2026-06-03', machine, figures: [size] } });
    expect(page).not.toMatch(/## Goals|## The ack/);
  });
});

describe('the figures of another run', () => {
  test('replace all of the benches that it measured, and nothing else', () => {
    const figures = taken('ack', [
      { ...ack, value: 15 },
      { ...ack, name: 'ack p50', value: undefined },
    ]);
    const now = merged(known, JSON.parse(JSON.stringify(figures)) as typeof figures, {
      on: '2026-06-04',
      machine,
    });
    expect(now['export']).toBe(known['export']);
    expect(now['ack']).toEqual({
      on: '2026-06-04',
      machine,
      figures: [
        { ...ack, value: 15 },
        { ...ack, name: 'ack p50', value: undefined },
      ],
    });
    expect(pageOf(benches, now)).toContain('| ack p50 | not reached |');
  });
});
