import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, explain, explainRefusal } from '../src/errors.ts';
import { PACKAGE_ROOT } from '../src/version.ts';

const sources = ['src', 'commands'].flatMap((folder) =>
  readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('errors.ts'))
    .map((file) => readFileSync(join(PACKAGE_ROOT, folder, file), 'utf8')),
);

describe('the table of errors', () => {
  it('has words for every code that the program refuses with', () => {
    const codes = new Set(
      sources.flatMap((text) => [...text.matchAll(/\brefuse\(\s*'([A-Z_]+)'/g)].map((match) => match[1])),
    );
    expect(codes.size).toBeGreaterThan(20);
    expect([...codes].filter((code) => code === undefined || !(code in ERRORS))).toEqual([]);
  });

  it('has no code that nothing uses', () => {
    const whole = sources.join('\n');
    expect(Object.keys(ERRORS).filter((code) => !whole.includes(`'${code}'`))).toEqual([]);
  });

  it('fills in what was found', () => {
    expect(explain('UNKNOWN_SEVERITY', { found: 'sev9', known: 'sev1, sev2' })).toEqual({
      message: 'There is no severity `sev9`.',
      fix: 'Use one of sev1, sev2.',
    });
    expect(
      explainRefusal({ ok: false, code: 'STATUS_SAME', values: { found: 'resolved' } }).message,
    ).toContain('resolved');
  });
});
