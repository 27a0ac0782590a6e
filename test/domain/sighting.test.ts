import { saidOf, sightingText } from '../../src/domain/sighting.ts';

const at = new Date('2026-03-01T10:00:00Z');
const seen = { monitor: 'shop:errors', target: 'shop', relations: ['orders'], firstFailedAt: at };

describe('a sighting in a line', () => {
  test.each([
    [
      '42703',
      'column o.total does not exist',
      'Schema does not match code: a column that queries name is not there (SQLSTATE 42703, column o.total does not exist, table orders)',
    ],
    [
      '53100',
      'could not extend file',
      'The disk of the database is full: writes fail (SQLSTATE 53100, could not extend file, table orders)',
    ],
    [
      '23514',
      'Bad data: rows break a check constraint; 40 errors within a minute',
      'Bad data: rows break a check constraint (SQLSTATE 23514, 40 errors within a minute, table orders)',
    ],
    [
      undefined,
      'the probe orders fails: it answered ok = false',
      'the probe orders fails: it answered ok = false (table orders)',
    ],
  ])('says what %s means, once', (sqlstate, error, text) => {
    const sighting = { ...seen, error, ...(sqlstate === undefined ? {} : { sqlstate }) };
    expect(sightingText(sighting)).toBe(`Monitor shop:errors on shop: ${text}`);
  });

  test('of a page says no target', () => {
    const page = { monitor: 'checkout', relations: [], firstFailedAt: at, error: 'https://x.y/ answers 503' };
    expect(sightingText(page)).toBe('Monitor checkout: https://x.y/ answers 503');
    expect(saidOf(page)).toBe(page.error);
  });

  test('is said in a message with its meaning first', () => {
    expect(saidOf({ ...seen, sqlstate: '57P03', error: 'the database system is starting up' })).toBe(
      'The server takes no connections: it starts up, shuts down or recovers; the database system is starting up',
    );
    expect(saidOf({ ...seen, sqlstate: '42703', error: 'x', foreign: true })).toBe('x');
  });
});
