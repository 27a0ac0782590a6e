import fc from 'fast-check';
import { code, inline, link, list, plainText, table } from '../../../src/domain/postmortem/markdown.ts';

const people = { U01: 'Ana', U02: 'B|o <b>' };
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '|',
        '\\',
        '`',
        '```',
        '\n',
        '\r',
        '\u2028',
        '## 1. x',
        '<!--',
        '<@U01>',
        '[a](b)',
        '&lt;',
        '---',
      ),
    ),
  )
  .map((parts) => parts.join(''));

describe('text within Markdown', () => {
  it.each([
    ['<@U01> and <@U404|x> of <#C1|general>, <!here>', 'Ana and U404 of #general, @\u200bhere'],
    ['<@U02>', 'B|o &lt;b>'],
    ['see <https://a.example/x_(1)|the *board*>', 'see [the \\*board\\*](https://a.example/x_%281%29)'],
    ['<https://a.example/?a=1&amp;b=2>', '[https://a.example/?a=1&b=2](https://a.example/?a=1&b=2)'],
    ['<javascript:alert(1)|x>', '&lt;javascript:alert(1)|x>'],
    ['![x](http://t.example/p.png)', '!\\[x\\](http://t.example/p.png)'],
    ['<script>alert(1)</script>', '&lt;script>alert(1)&lt;/script>'],
    ['&lt;b&gt; &amp;amp; &amp;lt;', '&lt;b> &amp;amp; &amp;lt;'],
    ['## 1. Incident Summary', '\\## 1. Incident Summary'],
    ['1. one', '1\\. one'],
    ['1.5 s', '1.5 s'],
    ['> quote', '\\> quote'],
    ['- item', '\\- item'],
    ['one\n## 2. two\r\nthree', 'one<br>## 2. two<br>three'],
    ['run `rollback a_b*c` now', 'run `rollback a_b*c` now'],
    ['an odd ` backtick', 'an odd \\` backtick'],
    ['```\nselect 1\nfrom x\n```', '`select 1`<br>`from x`'],
    ['``` ` \u2028 `', '\\`\\`` `<br>\\`'],
    ['```select 1\u2028from x```', '`select 1`<br>`from x`'],
    ['order_status *not* __init__ ~x~', 'order_status \\*not\\* \\_\\_init\\_\\_ \\~x\\~'],
    ['a\u202eb\u0000c', 'a\ufffdb\ufffdc'],
  ])('%j', (text, markdown) => expect(inline(text, people)).toBe(markdown));

  it('stays one line and keeps the columns of a table, whatever it holds', () => {
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        const lines = table(['x', 'y'], [[inline(a, people), code(b)]]).split(/[\n\r\u2028\u2029\u0085\v\f]/);
        expect(lines).toHaveLength(3);
        // Read as GitHub does: an escaped character is one unit, and a pipe ends a cell.
        expect(lines[2]?.replace(/\\[!-/:-@[-`{-~]/g, '').match(/\|/g)).toHaveLength(3);
      }),
      { numRuns: 2000 },
    );
  });

  it('opens no HTML but its own line breaks', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const outside = inline(text, people)
          .replace(/\\./g, '')
          .replace(/`[^`]*`/g, '')
          .replaceAll('<br>', '');
        expect(outside).not.toContain('<');
        expect(outside).not.toContain('`');
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['<!channel> and <!subteam^S1|@dba>', '@\u200bchannel and @\u200bdba'],
    ['(@alice), @здесь', '(@\u200balice), @\u200bздесь'],
    ['@<@U01> #<@U03>', '@\u200bAna #\u200b12'],
    ['fixes #12, a/b#12 and gh-12', 'fixes #\u200b12, a/b#\u200b12 and gh-\u200b12'],
    ['<https://a.example/@alice#12|@alice>', '[@\u200balice](https://a.example/@alice#12)'],
    ['root@db, ana@example.com, #general, `@alice`', 'root@db, ana@example.com, #general, `@alice`'],
  ])('calls nobody and stays readable: %j', (text, markdown) =>
    expect(inline(text, { ...people, U03: '12' })).toBe(markdown),
  );

  it('calls nobody, whatever it holds', () => {
    const calls = fc
      .array(
        fc.constantFrom('@', '@alice', '#12', '<@U01>', '<!here>', '`', ' ', '_', '*', '<', 'é', '&', '\n'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(calls, (text) => {
        const shown = inline(text, people)
          .replace(/\\(.)/g, (_, sign: string) => (sign === '`' ? '\u0001' : sign))
          .replace(/`[^`]*`/g, '');
        expect(shown).not.toMatch(/(?<![A-Za-z0-9_])@[A-Za-z0-9]|#\d/);
      }),
      { numRuns: 2000 },
    );
  });

  it('is a list with what belongs below indented', () => {
    expect(list(['a', ['b', ['c']], [], 'd'])).toBe('- a\n  - b\n    - c\n- d');
  });

  it('is a link only with an address of the web', () => {
    expect(link('a]b', 'https://x.example/|y')).toBe('[a\\]b](https://x.example/%7Cy)');
    expect(link('link', 'javascript:alert(1)')).toBe('javascript:alert(1)');
  });
});

it('is plain for JSON, with names and addresses', () => {
  expect(plainText('<@U01> &lt;3 <https://a.example|the board> <!subteam^S1|@dba>', people)).toBe(
    'Ana <3 the board (https://a.example) @dba',
  );
});
