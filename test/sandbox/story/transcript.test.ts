/** What the demo prints, for people who read it in a terminal. */
import { readable, wrapped } from '../../../sandbox/story/transcript.ts';

const names = new Map([
  ['U0000000DBA', 'dba'],
  ['C000000INC1', 'inc-1-orders'],
]);

it.each([
  [
    'Paging <@U0000000DBA> and <@U0000000XYZ|x> in <#C000000INC1|old>',
    'Paging @dba and @U0000000XYZ in #inc-1-orders',
  ],
  [':rotating_light: *Incident 1 (sev1)*: down', 'Incident 1 (sev1): down'],
  ['a &lt; b &amp;&amp; c &gt; d', 'a < b && c > d'],
  ['see <https://example.com/x|the page>', 'see the page'],
  ['at 14:05:09 UTC, proposal:1 on `shop`', 'at 14:05:09 UTC, proposal:1 on `shop`'],
  ['select count(*), 2 * 3 * 4', 'select count(*), 2 * 3 * 4'],
])('shows %j as %j', (text, shown) => {
  expect(readable(text, names)).toBe(shown);
});

it('breaks long lines between words, and hangs what goes on below its point', () => {
  const lines = wrapped(`said:\n| • ${'word '.repeat(40).trim()}`, '> ', '    ').split('\n');
  expect(lines[0]).toBe('> said:');
  expect(lines[1]).toMatch(/^ {4}\| • word( word)+$/);
  expect(lines[2]).toMatch(/^ {4}\| {3}word( word)+$/);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(118);
});

it('leaves a word alone that is longer than the line', () => {
  const word = 'x'.repeat(200);
  expect(wrapped(`a ${word}`, '', '  ')).toBe(`a\n  ${word}`);
});
