import fc from 'fast-check';
import { readParams } from '../../src/app/param-words.ts';

describe('parameters on a line', () => {
  it.each([
    ['', {}],
    ['table=orders', { table: 'orders' }],
    ['table=orders  pid=7', { table: 'orders', pid: '7' }],
    ['text="two words" pid=7', { text: 'two words', pid: '7' }],
    ['text=“typed on a phone”', { text: 'typed on a phone' }],
    ['text="say ""no"" to it"', { text: 'say "no" to it' }],
    ['text="two\nlines"', { text: 'two\nlines' }],
    ['url=https://shop.example/?a=b', { url: 'https://shop.example/?a=b' }],
    ['at=2026-06-03 text=it"s', { at: '2026-06-03', text: 'it"s' }],
    ['table="robert""); drop table students;--"', { table: 'robert"); drop table students;--' }],
  ])('are read: %s', (words, params) => {
    expect(readParams(words)).toEqual({ ok: true, params });
  });

  it.each([
    ['orders', 'orders'],
    ['table=', 'table='],
    ['table= orders', 'table='],
    ['table=orders now', 'now'],
    ['text="two words', 'text="two'],
    ['text=""', 'text=""'],
    ['text="a"b', 'text="a"b'],
  ])('are refused, with what cannot be read: %s', (words, found) => {
    expect(readParams(words)).toMatchObject({ code: 'PARAM_MALFORMED', values: { found } });
  });

  it('are refused when one is given twice', () => {
    expect(readParams('a=1 b=2 a=3')).toMatchObject({ code: 'PARAM_TWICE', values: { param: 'a' } });
  });

  it('hold whatever is put into quotes', () => {
    const value = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const words = `a="${a.replaceAll('"', '""')}" b="${b.replaceAll('"', '""')}"`;
        expect(readParams(words)).toEqual({ ok: true, params: { a, b } });
      }),
    );
  });
});
