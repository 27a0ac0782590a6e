/** Each line of the threat model names a test that is there, and runs. */
import { readFileSync } from 'node:fs';
import { testNamed } from '../support/titles.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

const LINE = /\| `(test\/[^`]+)` › (.+) \|$/;
const [, table = ''] = read('docs/security.md').split('\n## Threats\n');
const lines = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'))
  .map((line) => ({ line, threat: line.split(' | ')[0]?.slice(2) ?? '' }));

test('there is a table, and no threat is named twice', () => {
  expect(lines.length).toBeGreaterThan(100);
  expect(new Set(lines.map(({ threat }) => threat)).size).toBe(lines.length);
});

test.each(lines)('$threat', ({ line }) => {
  const [, file = '', name = ''] = LINE.exec(line) ?? [];
  expect(name).not.toBe('');
  expect({ name, is: testNamed(name, read(file)) }).toEqual({ name, is: expect.any(Array) as unknown });
});

describe('a test', () => {
  const SOURCE = `
    // test('in a comment', () => {});
    const said = "test('in a text', () => {})";
    describe('a door', () => {
      test('is closed', () => {});
      it('is \`locked\`: by whom', async () => {});
      it.each([['red', 1], ['blue', 2]])('may be %s', () => {});
      describe.each(DOORS)('of %s', () => { test.concurrent('creaks', () => {}); });
    });
    describe('a window', () => { test('is closed', () => {}); });`;

  test.each([
    'a door › is closed',
    'is `locked`: by whom',
    'may be %s',
    'may be blue',
    'a door › of %s › creaks',
    'creaks',
  ])('is found: %s', (name) => {
    expect(testNamed(name, SOURCE)).toBeDefined();
  });

  test.each([
    ['in a comment', 'it is in a comment'],
    ['in a text', 'it is in a text'],
    ['a door', 'it is no test'],
    ['is close', 'it is only a part'],
    ['is closed', 'there are two'],
    ['may be green', 'there is no such row'],
  ])('is not: %s, since %s', (name) => {
    expect(testNamed(name, SOURCE)).toBeUndefined();
  });

  test.each([
    ['renamed', (it: string) => it.replace('creaks', 'squeaks')],
    ['skipped', (it: string) => it.replace('test.concurrent(', 'test.skip(')],
    ['skipped by its table', (it: string) => it.replace('test.concurrent(', 'test.skip.each([1])(')],
    ['skipped by its letter', (it: string) => it.replace('test.concurrent(', 'xtest(')],
    ['skipped with all around it', (it: string) => it.replace('describe.each(', 'describe.skip.each(')],
    ['still to do', (it: string) => it.replace('test.concurrent(', 'test.todo(')],
    ['known to fail', (it: string) => it.replace('test.concurrent(', 'test.failing(')],
    ['run sometimes', (it: string) => it.replace('test.concurrent(', 'if (REAL) test(')],
    [
      'run sometimes, with all around it',
      (it: string) => it.replace('describe.each(DOORS)', '(REAL ? describe : describe.skip)'),
    ],
    ['made by something else', (it: string) => it.replace('describe.each(DOORS)', 'suite')],
    ['run under a name of its own', (it: string) => it.replace('test.concurrent(', 'maybe(')],
    ['not the one that is run alone', (it: string) => it.replace(`test('is`, `test.only('is`)],
    ['not in what is run alone', (it: string) => it.replace(`describe('a w`, `fdescribe('a w`)],
  ])('is gone once it is %s', (_how, change) => {
    expect(testNamed('creaks', SOURCE)).toBeDefined();
    expect(change(SOURCE)).not.toBe(SOURCE);
    expect(testNamed('creaks', change(SOURCE))).toBeUndefined();
  });
});
