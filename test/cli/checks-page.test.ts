import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderChecksPage } from '../../src/cli/checks-page.ts';
import { type Check, defineCheck, loadChecks } from '../../src/databases/check.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';

const check = (change: Partial<Check>): Check =>
  defineCheck({
    name: 'queue',
    title: 'Who waits',
    order: 1,
    firstMinutes: false,
    privilege: 'pg_monitor',
    danger: 'none',
    run: () => Promise.reject(new Error('not run')),
    ...change,
  });

describe('docs/checks.md', () => {
  it('is what the checks say; `npm run docs` writes it', async () => {
    const found = await readFile(join(PACKAGE_ROOT, 'docs', 'checks.md'), 'utf8');
    expect(found).toBe(renderChecksPage(await loadChecks()));
  });

  it('has a line for each, under whether the sweep runs it', () => {
    const limits = { warn: 1, crit: Infinity };
    const page = renderChecksPage([
      check({ firstMinutes: true }),
      check({ name: 'later', title: 'a | b', since: 16, limits, unit: 's', source: 'ours' }),
    ]);
    const [first = '', later = ''] = page.split('## By name');
    expect(first).toContain('| `queue` | Who waits | pg\\_monitor | none | none | 13 |');
    expect(later).toContain('| `later` | a \\| b | pg\\_monitor | none | warn from 1 s (ours) | 16 |');
  });
});
