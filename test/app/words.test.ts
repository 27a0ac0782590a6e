import {
  headOf,
  isRefusal,
  looksLikeSeverity,
  readPerson,
  readRole,
  readSeverity,
  readWait,
} from '../../src/app/words.ts';
import { DEFAULT_POLICY } from '../../src/domain/policy.ts';
import { refuse } from '../../src/domain/refusal.ts';

const custom = { severities: ['critical', 'minor'].map((name) => ({ name, meaning: name })) };

describe('a severity', () => {
  test.each([
    ['sev1', 'sev1'],
    ['SEV1', 'sev1'],
    ['sev-1', 'sev1'],
    ['p1', 'sev1'],
    ['P-2', 'sev2'],
    ['5', 'sev5'],
  ])('%j is %s', (word, name) => {
    expect(readSeverity(word, DEFAULT_POLICY)).toBe(name);
  });

  test.each(['sev0', 'sev6', 'sev11', '1.5', 'high', '', 'sev'])(
    '%j is refused with those there are',
    (word) => {
      expect(readSeverity(word, DEFAULT_POLICY)).toMatchObject({
        code: 'UNKNOWN_SEVERITY',
        values: { found: word, known: 'sev1, sev2, sev3, sev4, sev5' },
      });
    },
  );

  test('goes by the names of the configuration', () => {
    expect(readSeverity('Critical', custom)).toBe('critical');
    expect(readSeverity('1', custom)).toMatchObject({ code: 'UNKNOWN_SEVERITY' });
  });

  test.each([
    ['sev9', true],
    ['p1', true],
    ['p99', false],
    ['p95', false],
    ['1', false],
    ['several', false],
    ['critical', false],
  ])('%j is meant as one: %s', (word, meant) => {
    expect(looksLikeSeverity(word, DEFAULT_POLICY)).toBe(meant);
  });

  test('is meant by a configured name in any case', () => {
    expect(looksLikeSeverity('CRITICAL', custom)).toBe(true);
  });
});

describe('a role', () => {
  test.each([
    ['scribe', 'scribe'],
    ['Scribe', 'scribe'],
    ['customer', 'customer-liaison'],
    ['customer_liaison', 'customer-liaison'],
    ['int', 'internal-liaison'],
  ])('%j is %s', (word, name) => {
    expect(readRole(word, DEFAULT_POLICY)).toMatchObject({ name });
  });

  test.each(['', 'sc', 'liaison', 'wizard'])('%j is refused', (word) => {
    expect(readRole(word, DEFAULT_POLICY)).toMatchObject({ code: 'UNKNOWN_ROLE', values: { found: word } });
  });

  test('that begins like two is none of them', () => {
    const roles = ['data-expert', 'data-scribe'].map((name) => ({ name, title: name, duties: [] }));
    expect(readRole('data', { roles })).toMatchObject({ code: 'UNKNOWN_ROLE' });
    expect(readRole('data-e', { roles })).toMatchObject({ name: 'data-expert' });
  });
});

describe('a person', () => {
  test.each([
    ['<@U012ABC>', 'U012ABC'],
    ['<@W012ABC>', 'W012ABC'],
    ['U012ABC', 'U012ABC'],
    ['me', 'U0ME'],
    ['ME', 'U0ME'],
  ])('%j is %s', (word, id) => {
    expect(readPerson(word, { actor: 'U0ME' })).toBe(id);
  });

  test.each(['', '@ana', 'ana', '<!channel>', '<!subteam^S1>', '<@S012ABC>', '<@U012ABC> and others'])(
    '%j is nobody',
    (word) => {
      expect(readPerson(word, { actor: 'U0ME' })).toBeUndefined();
    },
  );
});

describe('a wait', () => {
  test.each([
    ['15', 900],
    ['15m', 900],
    ['15 min', 900],
    ['2h', 7200],
    ['1D', 86_400],
    ['0', 0],
  ])('%j is %d s', (word, seconds) => {
    expect(readWait(word)).toBe(seconds);
  });

  test.each(['', 'soon', '-5m', '1.5h', '5 weeks', '99999m', '15m later'])('%j is none', (word) => {
    expect(readWait(word)).toBeUndefined();
  });
});

test('a line is its first word and the rest, with its line breaks', () => {
  expect(headOf('  note  a\nb ')).toEqual({ head: 'note', rest: 'a\nb' });
  expect(headOf(' ')).toEqual({ head: '', rest: '' });
});

test('a refusal is told from what was read', () => {
  expect([refuse('X'), 'sev1', undefined, { ok: true }].map(isRefusal)).toEqual([true, false, false, false]);
});
