/** Each line of the threat model names a test that is there. */
import { readFileSync } from 'node:fs';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

const LINE = /\| `(test\/[^`]+)` › (.+) \|$/;
const [, table = ''] = read('docs/security.md').split('\n## Threats\n');
const lines = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'));

test('there is a table', () => {
  expect(lines.length).toBeGreaterThan(10);
});

test.each(lines)('%s', (line) => {
  const [, file = '', title = ''] = LINE.exec(line) ?? [];
  expect(title).not.toBe('');
  expect(read(file)).toContain(title);
});
