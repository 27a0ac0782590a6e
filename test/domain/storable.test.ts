import { storable, storableJson } from '../../src/domain/storable.ts';

describe('what PostgreSQL can keep', () => {
  it('is text without NUL and lone surrogates; all else stays', () => {
    expect(storable('a\0b \ud83d \u{1f525} \udd25')).toBe('ab \ufffd \u{1f525} \ufffd');
  });

  it('is JSON of such texts, in keys and in values', () => {
    const value = { 'k\0': ['v\0', { n: 1, gone: undefined }], at: new Date(0), none: null };
    expect(JSON.parse(storableJson(value))).toEqual({
      k: ['v', { n: 1 }],
      at: '1970-01-01T00:00:00.000Z',
      none: null,
    });
  });
});
