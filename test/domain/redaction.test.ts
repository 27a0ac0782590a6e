import fc from 'fast-check';
import type { EntryKind } from '../../src/domain/entry.ts';
import { foreign } from '../../src/domain/foreign.ts';
import { inline } from '../../src/domain/postmortem/markdown.ts';
import { REDACTED, wordsOf } from '../../src/domain/redaction.ts';

const words = (text: string, kind: EntryKind = 'note', people = {}) => wordsOf([{ kind, text }], people);

describe('the words of an entry', () => {
  it.each([
    ['note', 'the password is hunter2', 'noet the password is hunter2', `noet ${REDACTED}`],
    ['note', 'pw: a<b & c*d', 'said pw: a&lt;b &amp; c\\*d today', `said ${REDACTED} today`],
    ['note', 'two long lines\nof one text', '| two long lines<br>of one text |', `| ${REDACTED} |`],
    ['note', 'thanks\nsecret-line-9', 'later: secret-line-9!', `later: ${REDACTED}!`],
    ['note', 'ask <@U000DBA> for hunter2', 'ask <@U000DBA|dba> for hunter2', REDACTED],
    ['note', 'ask <@U000DBA> for hunter2', 'ask Dora for hunter2', REDACTED],
    ['impact', 'Impact: cards show 4242', 'impact cards show 4242', `impact ${REDACTED}`],
    ['declared', 'Declared sev2 (drill): it is down', 'inc-4-it-is-down', `inc-4-${REDACTED}`],
    ['title', 'Title: it is down → token abc123', 'about token abc123 there', `about ${REDACTED} there`],
    [
      'status',
      'Status investigating → resolved: with key abc',
      'resolve with key abc',
      `resolve ${REDACTED}`,
    ],
    ['page', 'Paged database, level 1 of 1 (<@U1X>): call 0170 1234', 'call 0170 1234', REDACTED],
    [
      'action',
      'Action item 1: rotate hunter2xyz (owner <@U000DBA>, due 2026-06-30)',
      'action rotate hunter2xyz <@U000DBA>',
      `action ${REDACTED} <@U000DBA>`,
    ],
    [
      'step',
      'Run 1, x on shop: key Jane Doe (requested by <@U1X>, approved by <@U2X>)',
      'key Jane Doe',
      REDACTED,
    ],
    [
      'monitor',
      'Monitor m: queries fail on shop (SQLSTATE 42703, no column jane, table a)',
      'no column jane',
      REDACTED,
    ],
    ['run', 'Run 1 started: Repair of jane doe on shop', 'Repair of jane doe', REDACTED],
  ] as const)('%s: %s', (kind, text, elsewhere, after) => {
    const found = words(text, kind, { U000DBA: 'Dora' });
    expect(found.holds(elsewhere)).toBe(true);
    expect(found.scrub(elsewhere)).toBe(after);
  });

  it('short ones are only taken where they are all that was said', () => {
    const short = words('ok');
    expect(short.holds('ok')).toBe(false);
    const database = words('retry');
    expect(database.scrub('note retry')).toBe(`note ${REDACTED}`);
    for (const kept of ['we retry it', 'retry_after', 'a retryable one'])
      expect(database.holds(kept)).toBe(false);
  });

  it.each(['role', 'severity', 'milestone', 'channel', 'reminder', 'answer'] as const)(
    '%s: nothing that anybody wrote',
    (kind) => expect(words('Scribe: <@U000DBA> (was long ago)', kind).marks).toEqual([]),
  );

  it('a mention alone is no word', () => {
    expect(words('<@U000DBA> <@U000DBB>').marks).toEqual([]);
  });

  it('are found again in every rendering, and nothing is left of them', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 12 })
      .filter((each) => (each.match(/[a-z]/g) ?? []).length >= 8 && !/[`<[]|\\|https?:/.test(each));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(
          (t: string) => t,
          foreign,
          (t: string) => inline(t),
        ),
        (said, render) => {
          const found = words(said);
          const shown = `before ${render(said)} after`;
          expect(found.holds(shown)).toBe(true);
          expect(found.holds(found.scrub(shown))).toBe(false);
          for (const mark of found.marks) expect(said).toContain(mark);
        },
      ),
    );
  });
});
