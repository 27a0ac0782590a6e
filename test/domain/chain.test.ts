import fc from 'fast-check';
import {
  type ChainedEntry,
  contentDigest,
  type EntryContent,
  GENESIS,
  linkHash,
  verifyChain,
} from '../../src/domain/chain.ts';

const moment = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
const content: fc.Arbitrary<EntryContent> = fc.record(
  {
    text: fc.string({ unit: 'binary' }),
    link: fc.webUrl(),
    details: fc.dictionary(fc.string(), fc.jsonValue()),
  },
  { requiredKeys: ['text'] },
);
const draft = fc.record({ at: moment, recordedAt: moment, actor: fc.string(), salt: fc.uuid(), content });
const chain = fc.array(draft, { minLength: 1, maxLength: 6 }).map(chained);

describe('the hash chain of a timeline', () => {
  it('verifies what was written, and its head is the newest hash', () => {
    fc.assert(
      fc.property(chain, (entries) => {
        expect(verifyChain(entries)).toEqual({ ok: true, head: entries.at(-1)?.hash });
      }),
    );
    expect(verifyChain([])).toEqual({ ok: true, head: GENESIS });
  });

  const without = (entries: readonly ChainedEntry[], at: number): ChainedEntry[] =>
    entries.map((entry, i) => (i === at ? { ...entry, salt: undefined, content: undefined } : entry));

  it('still verifies once content was erased, and a later entry names it', () => {
    const drafts = fc.array(draft, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(drafts, fc.nat(), (all, n) => {
        const at = n % all.length;
        const whole = chained([...all, redaction([at + 1])]);
        expect(verifyChain(without(whole, at))).toEqual(verifyChain(whole));
      }),
    );
  });

  it('shows an erasure that no later entry names', () => {
    const three = [plain('one'), plain('two'), plain('three')];
    const found = { ok: false, reason: 'its content is gone, and no later entry says that it was redacted' };
    expect(verifyChain(without(chained(three), 1))).toEqual({ ...found, seq: 2 });
    expect(verifyChain(without(chained([redaction([2]), ...three]), 1))).toEqual({ ...found, seq: 2 });
    expect(verifyChain(without(chained([...three, redaction([1, 3])]), 1))).toEqual({ ...found, seq: 2 });
    const notes = { ...redaction([2]), kind: 'note' } as const;
    expect(verifyChain(without(chained([...three, notes]), 1))).toEqual({ ...found, seq: 2 });
    const both = chained([...three, redaction([2])]);
    expect(verifyChain(without(without(both, 1), 3))).toEqual({ ...found, seq: 2 });
  });

  it('shows at which entry anything was changed', () => {
    const changes: ((entry: ChainedEntry) => ChainedEntry)[] = [
      (entry) => ({ ...entry, at: new Date(entry.at.getTime() + 1) }),
      (entry) => ({ ...entry, recordedAt: new Date(entry.recordedAt.getTime() + 1) }),
      (entry) => ({ ...entry, actor: `${entry.actor}!` }),
      (entry) => ({ ...entry, kind: 'milestone' }),
      (entry) => ({ ...entry, incidentId: 8 }),
      (entry) => ({ ...entry, content: { text: `${entry.content?.text ?? ''}!` } }),
      (entry) => ({ ...entry, content: { text: '', ...entry.content, details: { rows: -1, more: 1 } } }),
      (entry) => ({ ...entry, salt: 'another' }),
      (entry) => ({ ...entry, salt: undefined }),
      (entry) => ({ ...entry, contentDigest: GENESIS, salt: undefined, content: undefined }),
      (entry) => ({ ...entry, hash: GENESIS }),
    ];
    fc.assert(
      fc.property(chain, fc.nat(), fc.constantFrom(...changes), (entries, n, change) => {
        const at = n % entries.length;
        const tampered = entries.map((entry, i) => (i === at ? change(entry) : entry));
        expect(verifyChain(tampered)).toMatchObject({ ok: false, seq: at + 1 });
      }),
    );
  });

  it('shows an entry that was removed, or moved', () => {
    fc.assert(
      fc.property(chain, fc.nat(), (entries, n) => {
        fc.pre(entries.length > 1);
        const at = n % (entries.length - 1);
        expect(verifyChain(entries.toSpliced(at, 1))).toMatchObject({ ok: false, seq: at + 2 });
        expect(verifyChain(entries.toReversed()).ok).toBe(false);
      }),
    );
  });

  it('says in words what does not fit', () => {
    const [first, second] = chained([plain('one'), plain('two')]);
    if (first === undefined || second === undefined) throw new Error('two entries');
    expect(verifyChain([first, { ...second, content: { text: '2' } }])).toEqual({
      ok: false,
      seq: 2,
      reason: 'its content was changed',
    });
    expect(verifyChain([second])).toMatchObject({
      reason: 'entry 1 is missing, 2 stands in its place',
    });
  });
});

describe('the digest of an entry’s content', () => {
  it('does not depend on the order of keys, nor on a way through JSON', () => {
    const details = { b: [1, { y: 1, x: new Date(0) }], a: undefined, c: null };
    const stored = { c: null, b: [1, { x: '1970-01-01T00:00:00.000Z', y: 1 }] };
    expect(contentDigest('s', { text: 't', details })).toBe(
      contentDigest('s', { text: 't', details: stored }),
    );
    fc.assert(
      fc.property(content, (value) => {
        const back = JSON.parse(JSON.stringify(value)) as EntryContent;
        expect(contentDigest('salt', back)).toBe(contentDigest('salt', value));
      }),
    );
  });

  it('does not notice that UTF-8 cannot hold half a character', () => {
    expect(contentDigest('s', { text: 'a\ud83d' })).toBe(contentDigest('s', { text: 'a\ufffd' }));
    expect(contentDigest('s', { text: '🔥' })).not.toBe(contentDigest('s', { text: '\ufffd' }));
  });

  it('depends on the salt, and on where one part ends', () => {
    expect(contentDigest('a', { text: 'x' })).not.toBe(contentDigest('b', { text: 'x' }));
    expect(contentDigest('a', { text: 'bc' })).not.toBe(contentDigest('ab', { text: 'c' }));
  });
});

type Draft = Pick<ChainedEntry, 'at' | 'recordedAt' | 'actor' | 'salt'> & {
  readonly salt: string;
  readonly content: EntryContent;
  readonly kind?: ChainedEntry['kind'];
};

const redaction = (redacted: readonly number[]): Draft => ({
  ...plain('redacted'),
  kind: 'redaction',
  content: { text: 'redacted', details: { redacted } },
});

function plain(text: string): Draft {
  return { at: new Date(0), recordedAt: new Date(0), actor: 'U1', salt: 's', content: { text } };
}

function chained(drafts: readonly Draft[]): ChainedEntry[] {
  let head = GENESIS;
  return drafts.map((each, index) => {
    const digest = contentDigest(each.salt, each.content);
    const { kind = 'note' } = each;
    const link = { ...each, incidentId: 7, seq: index + 1, kind, contentDigest: digest } as const;
    head = linkHash(head, link);
    return { ...link, hash: head };
  });
}
