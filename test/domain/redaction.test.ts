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
    ['note', 'thanks\nS3cret-Line-xQ9', 'later: S3cret-Line-xQ9!', `later: ${REDACTED}!`],
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
      'Monitor m:x on shop: Schema does not match code: a column is not there (SQLSTATE 42703, no column jane, table a)',
      'no column jane',
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

  it.each([
    'PASSWORD: correct-Horse',
    'password=tr0ub4dor',
    'export DB_PASSWORD="tr0ub4dor"',
    'Authorization: Bearer eyJhbGciOi.J9-aQ',
    'the token is tr0ub4dor',
    'postgres://shop:tr0ub4dor@db.internal/shop',
    'AKIA4ZQ7XJ2LMN0PQR5T',
  ])('of a longer text the secret is taken wherever it stands: %s', (line) => {
    const secret = /correct-Horse|tr0ub4dor|eyJ\S+|AKIA\w+/.exec(line)?.[0] ?? '';
    const found = words(`we do this\n${line}\nand then that`);
    for (const sought of [found, found.elsewhere])
      expect(sought.scrub(`who uses ${secret}, and why?`)).toBe(`who uses ${REDACTED}, and why?`);
    expect(found.elsewhere.holds(`who uses x${secret}x`)).toBe(false);
  });

  const ORDINARY = [
    'production',
    'rollback',
    'order_status',
    'localhost',
    'orders-db-01.shop.internal',
    'select count(*) from orders where status = 3',
    'public.orders(order_id)',
    'https://grafana.example.com/d/abc123/orders',
    'key: order_status',
    '2026-06-03T10:00:00Z',
    'order_status_history_v2',
    '10.0.12.255:5432',
  ];
  it.each(ORDINARY)('of a longer text a line of every day is left where else it stands: %s', (line) => {
    const found = words(`what we looked at\n${line}\nand then that`);
    for (const kept of [line, `it is ${line} again`, `note ${line}`, `Impact: ${line}`]) {
      expect(found.holds(kept)).toBe(false);
      expect(found.elsewhere.holds(kept)).toBe(false);
    }
  });

  it('one word of every day is taken where it is all that was said, and in no other incident', () => {
    const found = words('production');
    for (const said of [
      'production',
      'note production',
      '/incident noet inc-4 production',
      'Impact: production',
    ])
      expect(found.holds(said)).toBe(true);
    for (const kept of ['deployed to production', 'Target: production', 'production is down'])
      expect(found.holds(kept)).toBe(false);
    expect(found.elsewhere.holds('production')).toBe(false);
  });

  it.each([
    ['plain', 'the password of the shop is hunter2 '.repeat(1200)],
    ['pipes', 'a|b\\|'.repeat(8000)],
    ['one word', 'x'.repeat(40_000)],
    ['open brackets', '(a<[{'.repeat(8000)],
    ['closing ones', `${')'.repeat(39_000)}abc`],
    ['entities', `${'&amp;'.repeat(8000)}abc`],
  ])('as long as Slack takes, %s: found and taken out, within a second', (_what, text) => {
    const since = performance.now();
    const found = words(text);
    for (const render of [(t: string) => t, foreign]) {
      const shown = `before ${render(text.trim())} after`;
      expect(found.elsewhere.scrub(shown)).toBe(`before ${REDACTED} after`);
    }
    expect(found.isToldBy('pasted by mistake')).toBe(false);
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('a reason tells when it holds a secret of them, or a word that not everybody says', () => {
    const found = words('log in as jane.doe with hunter2-Xyz9\nand thanks');
    for (const reason of ['the password was hunter2-Xyz9', 'about Jane.Doe', 'of jane.doe, a password'])
      expect(found.isToldBy(reason)).toBe(true);
    for (const reason of ['a pasted password', 'thanks', 'somebody pasted a secret'])
      expect(found.isToldBy(reason)).toBe(false);
  });

  it('of a redaction it is the reason', () => {
    const text = 'Entries 2, 3 and 4 were redacted by <@U000DBA>: hunter2 was pasted';
    expect(words(text, 'redaction').scrub('why: hunter2 was pasted')).toBe(`why: ${REDACTED}`);
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
      .filter((each) => (each.match(/[a-z]/g) ?? []).length >= 8 && !/[`<[]|\\|https?:/.test(each))
      .map((each) => `${each} again`);
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
