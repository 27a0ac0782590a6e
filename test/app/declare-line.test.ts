import fc from 'fast-check';
import { type DeclareWords, declareLine, readDeclare } from '../../src/app/declare-line.ts';
import type { Kind } from '../../src/domain/incident.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts';

const custom: Policy = {
  ...DEFAULT_POLICY,
  severities: ['critical', 'major', 'minor'].map((name) => ({ name, meaning: name })),
};
const read = (words: string, policy = DEFAULT_POLICY, kind: Kind = 'incident') =>
  readDeclare(words, policy, kind);
/** As the dispatcher does it: the verb says whether it is a drill. */
function readLine(line: string, policy: Policy): unknown {
  const [, verb, words = ''] = /^(declare|drill) ([\s\S]*)$/.exec(line) ?? [];
  return readDeclare(words, policy, verb === 'drill' ? 'drill' : 'incident');
}

describe('the line of a declaration', () => {
  const severities = [...DEFAULT_POLICY.severities, ...custom.severities].map(({ name }) => name);
  const policy: Policy = {
    ...DEFAULT_POLICY,
    severities: [...DEFAULT_POLICY.severities, ...custom.severities],
  };
  const title = fc
    .oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom(
        'sev1 alerts are silent',
        'p1',
        'critical path is slow',
        'p99 is up',
        'sev9 x',
        'proposals - none',
        '-- x',
        'a --private b',
      ),
    )
    .map((text) => text.trim())
    .filter((text) => text !== '' && !/^(?:(?:--|—|–)[a-z]+|proposal:\d+)(?:\s|$)/i.test(text));
  const wish: fc.Arbitrary<DeclareWords> = fc.record(
    {
      title,
      severity: fc.constantFrom(...severities),
      kind: fc.constantFrom<Kind>('drill', 'retrospective'),
      private: fc.constant(true),
      service: fc.constantFrom('shop', 'order-status', 'sev1', '--private'),
      anyway: fc.constant(true),
      proposal: fc.integer({ min: 1, max: 99_999 }),
    },
    { requiredKeys: ['title', 'severity'] },
  );

  test('reads as what it was written from', () => {
    fc.assert(
      fc.property(wish, (each) => {
        expect(readLine(declareLine(each), policy)).toEqual(each);
      }),
    );
  });

  test('says that it was asked before it opens a second one', () => {
    const line = declareLine({
      title: 'it is down',
      severity: 'sev2',
      anyway: true,
      private: true,
      service: 'shop',
    });
    expect(line).toBe('declare --anyway --private --service shop sev2 it is down');
  });

  test('of a drill begins with its own verb', () => {
    expect(declareLine({ title: 'x', severity: 'sev2', kind: 'drill' })).toBe('drill sev2 x');
  });
});

describe('what is typed after `declare`', () => {
  test.each<readonly [string, Partial<DeclareWords>]>([
    ['order status is down', { severity: 'sev3', title: 'order status is down' }],
    ['SEV1 it is down', { severity: 'sev1', title: 'it is down' }],
    ['p2 it is down', { severity: 'sev2', title: 'it is down' }],
    ['sev-2 it is down', { severity: 'sev2', title: 'it is down' }],
    ['--private sev1 a key leaked', { private: true, severity: 'sev1', title: 'a key leaked' }],
    ['sev1 --private a key leaked', { private: true, severity: 'sev1', title: 'a key leaked' }],
    ['—private a key leaked', { private: true, severity: 'sev3', title: 'a key leaked' }],
    ['–private –anyway x', { private: true, anyway: true, severity: 'sev3', title: 'x' }],
    ['--PRIVATE --private x', { private: true, severity: 'sev3', title: 'x' }],
    ['--retro sev2 last night', { kind: 'retrospective', severity: 'sev2', title: 'last night' }],
    ['--drill x', { kind: 'drill', severity: 'sev3', title: 'x' }],
    ['--service shop sev2 it is down', { service: 'shop', severity: 'sev2', title: 'it is down' }],
    ['proposal:4 sev2 it is down', { proposal: 4, severity: 'sev2', title: 'it is down' }],
    ['sev2', { severity: 'sev2', title: '' }],
    ['', { severity: 'sev3', title: '' }],
    ['sev2 line one\nline two', { severity: 'sev2', title: 'line one\nline two' }],
    ['p99 latency is up', { severity: 'sev3', title: 'p99 latency is up' }],
    ['sev2 sev1 alerts are silent', { severity: 'sev2', title: 'sev1 alerts are silent' }],
    ['1 customer cannot log in', { severity: 'sev3', title: '1 customer cannot log in' }],
    ['several customers cannot log in', { severity: 'sev3', title: 'several customers cannot log in' }],
    ['- it is down', { severity: 'sev3', title: '- it is down' }],
    ['x --private', { severity: 'sev3', title: 'x --private' }],
  ])('%j', (words, expected) => {
    expect(read(words)).toEqual(expected);
  });

  test.each([
    ['critical it is down', 'critical', 'it is down'],
    ['MAJOR it is down', 'major', 'it is down'],
    ['it is down', 'major', 'it is down'],
    ['criticality is unclear', 'major', 'criticality is unclear'],
  ])('by severities of the configuration: %j', (words, severity, title) => {
    expect(read(words, custom)).toEqual({ severity, title });
  });

  test.each([
    ['--privat x', 'UNKNOWN_FLAG', '--privat'],
    ['—oops x', 'UNKNOWN_FLAG', '—oops'],
    ['sev9 it is down', 'UNKNOWN_SEVERITY', 'sev9'],
    ['p7 it is down', 'UNKNOWN_SEVERITY', 'p7'],
  ])('%j is refused before a channel has a wrong name', (words, code, found) => {
    expect(read(words)).toMatchObject({ ok: false, code, values: { found } });
  });

  test('p1 says nothing where severities have no numbers', () => {
    expect(read('p1 it is down', custom)).toMatchObject({ code: 'UNKNOWN_SEVERITY' });
  });
});
