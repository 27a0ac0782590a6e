import { exposition, gauge, gauges } from '../../src/domain/exposition.ts';
import { parseExposition } from '../support/exposition.ts';

it('escapes what would break a line, and says each kind of number', () => {
  const text = exposition([
    gauge('plain', 'A \\ and\na new line', 0.25),
    gauges('labelled', 'Of each.', 'of', {
      'a "quoted" \\ name\n': 1,
      up: Number.POSITIVE_INFINITY,
      down: Number.NEGATIVE_INFINITY,
      none: Number.NaN,
      tiny: 1e-9,
    }),
  ]);
  expect(text).toBe(
    [
      '# HELP plain A \\\\ and\\na new line',
      '# TYPE plain gauge',
      'plain 0.25',
      '# HELP labelled Of each.',
      '# TYPE labelled gauge',
      'labelled{of="a \\"quoted\\" \\\\ name\\n"} 1',
      'labelled{of="up"} +Inf',
      'labelled{of="down"} -Inf',
      'labelled{of="none"} NaN',
      'labelled{of="tiny"} 1e-9',
      '',
    ].join('\n'),
  );
  expect(parseExposition(text).get('labelled{of="up"}')).toBe(Number.POSITIVE_INFINITY);
});

it('leaves out what is not known', () => {
  expect(exposition([gauge('unknown', 'Not known.', undefined), gauges('none', 'None.', 'of', {})])).toBe('');
});

it('is read strictly', () => {
  const good = '# HELP a A.\n# TYPE a gauge\na 1\n';
  expect([...parseExposition(good)]).toEqual([['a', 1]]);
  for (const bad of [
    good.slice(0, -1),
    `${good}a{b="c"} one\n`,
    `${good}a{b="c"d"} 1\n`,
    `${good}a{b="\\t"} 1\n`,
    `${good}a 2\n`,
    `${good}b 2\n`,
    good + good,
    '# HELP a A.\n# TYPE a gauge\n',
    '# HELP a A.\n# TYPE a counter\na 1\n',
  ]) {
    expect(() => parseExposition(bad)).toThrow();
  }
});
