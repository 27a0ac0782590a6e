import fc from 'fast-check';
import { DateTime } from 'luxon';
import { formatUtc, parseDay, parseWhen } from '../../src/domain/when.ts';
import { ERRORS } from '../../src/errors.ts';

const berlin = { now: new Date('2026-11-22T13:30:00Z'), timezone: 'Europe/Berlin' };
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Africa/Cairo',
];

/** The instant, and what follows the expression; or the code and values of the refusal. */
function read(words: string, context = berlin): unknown {
  const when = parseWhen(words, context);
  if (!when.ok) return [when.code, when.values];
  return [when.at?.toISOString(), when.rest];
}

describe('a time at the start of a note', () => {
  it.each([
    ['-15m db is slow', '2026-11-22T13:15:00.000Z', 'db is slow'],
    ['-1h30m', '2026-11-22T12:00:00.000Z', ''],
    ['-2d', '2026-11-20T13:30:00.000Z', ''],
    ['-90s saw it', '2026-11-22T13:28:30.000Z', 'saw it'],
    ['-15min saw it', '2026-11-22T13:15:00.000Z', 'saw it'],
    ['now it is back', '2026-11-22T13:30:00.000Z', 'it is back'],
    ['14:05', '2026-11-22T13:05:00.000Z', ''],
    ['14:05:09, restarted', '2026-11-22T13:05:09.000Z', 'restarted'],
    ['9:05 deploy', '2026-11-22T08:05:00.000Z', 'deploy'],
    ['14:05 Europe/London: restarted', undefined, ''],
    ['08:05 America/New_York restarted', '2026-11-22T13:05:00.000Z', 'restarted'],
    ['08:05 america/new_york restarted', '2026-11-22T13:05:00.000Z', 'restarted'],
    ['13:05 UTC restarted', '2026-11-22T13:05:00.000Z', 'restarted'],
    ['13:05Z restarted', '2026-11-22T13:05:00.000Z', 'restarted'],
    ['15:05 +02:00 restarted', '2026-11-22T13:05:00.000Z', 'restarted'],
    ['2024-06-03T10:15Z outage', '2024-06-03T10:15:00.000Z', 'outage'],
    ['2024-06-03T10:15+02:00 outage', '2024-06-03T08:15:00.000Z', 'outage'],
    ['2024-06-03 10:15 outage', '2024-06-03T08:15:00.000Z', 'outage'],
    ['2024-06-03 10:15 UTC outage', '2024-06-03T10:15:00.000Z', 'outage'],
    ['yesterday 23:50 Europe/Berlin deploy', '2026-11-21T22:50:00.000Z', 'deploy'],
    ['today 00:10 deploy', '2026-11-21T23:10:00.000Z', 'deploy'],
    ['14:05 two\nlines', '2026-11-22T13:05:00.000Z', 'two\nlines'],
  ])('%s', (words, at, rest) => {
    if (at === undefined) expect(read(words)).toMatchObject(['TIME_IN_FUTURE', {}]);
    else expect(read(words)).toEqual([at, rest]);
  });

  it.each([
    'db is slow',
    'yesterday we deployed',
    '1:1 with the dba',
    '3 replicas',
    '',
    'nowhere',
    '- a list',
  ])('is absent from: %s', (words) => {
    expect(parseWhen(words, berlin)).toEqual({ ok: true, at: undefined, rest: words });
  });

  it('keeps a word with a slash as text unless it is a zone', () => {
    expect(read('14:05 TCP/IP resets')).toEqual(['2026-11-22T13:05:00.000Z', 'TCP/IP resets']);
  });

  it('says what was understood, in the zone it was read in and in UTC', () => {
    expect(parseWhen('14:05', berlin)).toMatchObject({
      understood: '2026-11-22 14:05:00 Europe/Berlin (2026-11-22 13:05:00 UTC)',
    });
    expect(parseWhen('13:05 UTC', berlin)).toMatchObject({ understood: '2026-11-22 13:05:00 UTC' });
  });

  it.each([
    '25:10',
    '14:75',
    '-15',
    '-15x',
    '2:05pm',
    '2:05 PM',
    '2026-13-01 10:00',
    '2026-11-20',
    '-',
    '14:05-14:10',
  ])('is refused, not taken as text, when it is meant as one and is none: %s', (words) => {
    if (words === '-') expect(read(words)).toEqual([undefined, '-']);
    else expect(read(`${words} down`)).toMatchObject(['TIME_NOT_UNDERSTOOD', {}]);
  });

  it.each(['14:05 Europe/Berln', '14:05 CEST', '08:05 EST', '08:05 pst'])(
    'is refused with a zone that is unknown or means several: %s',
    (words) => expect(read(`${words} down`)).toEqual(['UNKNOWN_TIMEZONE', { found: words.slice(6) }]),
  );

  it('is refused in the future, with what was understood', () => {
    expect(read('14:31 next')).toEqual([
      'TIME_IN_FUTURE',
      {
        found: '14:31',
        understood: '2026-11-22 14:31:00 Europe/Berlin (2026-11-22 13:31:00 UTC)',
        now: '2026-11-22 14:30:00 Europe/Berlin (2026-11-22 13:30:00 UTC)',
      },
    ]);
  });

  it('is refused when clocks skipped it', () => {
    expect(read('2026-03-29 02:30 deploy')).toEqual([
      'TIME_DOES_NOT_EXIST',
      { found: '2026-03-29 02:30', understood: '2026-03-29 02:30 Europe/Berlin' },
    ]);
  });

  it('is refused when clocks showed it twice, and both ways to say it are then understood', () => {
    expect(read('2026-10-25 02:30 deploy')).toEqual([
      'TIME_AMBIGUOUS',
      {
        found: '2026-10-25 02:30',
        understood: '2026-10-25 02:30 Europe/Berlin',
        first: '2026-10-25T02:30+02:00',
        second: '2026-10-25T02:30+01:00',
      },
    ]);
    expect(read('2026-10-25T02:30+02:00')).toEqual(['2026-10-25T00:30:00.000Z', '']);
    expect(read('2026-10-25T02:30+01:00')).toEqual(['2026-10-25T01:30:00.000Z', '']);
  });

  it('is refused when the configured zone is none', () => {
    const nowhere = { ...berlin, timezone: 'Europe/Nowhere' };
    for (const words of ['14:05', '-5m', 'now'])
      expect(read(words, nowhere)).toEqual(['UNKNOWN_TIMEZONE', { found: 'Europe/Nowhere' }]);
  });

  it('is read back as the same instant from what any clock in the world showed, or is refused as ambiguous', () => {
    const range = { min: new Date('2000-01-01'), max: berlin.now, noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(range), fc.constantFrom(...ZONES), fc.boolean(), (instant, zone, named) => {
        const shown = DateTime.fromJSDate(instant, { zone }).set({ millisecond: 0 });
        const words = shown.toFormat('yyyy-MM-dd HH:mm:ss') + (named ? ` ${zone}` : '');
        const when = parseWhen(`${words} note`, { now: berlin.now, timezone: named ? 'Asia/Tokyo' : zone });
        if (when.ok) expect([when.at?.getTime(), when.rest]).toEqual([shown.toMillis(), 'note']);
        else expect(when.code).toBe('TIME_AMBIGUOUS');
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws, and never invents a code', () => {
    const piece = fc.constantFrom(
      '-',
      '1',
      '15',
      'm',
      ':',
      '05',
      ' ',
      'T',
      'Z',
      '2024-06-03',
      'yesterday',
      'UTC',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((all) => all.join('')),
        ),
        (words) => {
          const when = parseWhen(words, berlin);
          if (!when.ok) expect(ERRORS).toHaveProperty(when.code);
          else if (when.at !== undefined) expect(when.at.getTime()).toBeLessThanOrEqual(berlin.now.getTime());
        },
      ),
    );
  });
});

describe('a deadline', () => {
  // 2026-11-22 is a Sunday.
  it.each([
    ['2026-06-30', '2026-06-30'],
    ['today', '2026-11-22'],
    ['Tomorrow', '2026-11-23'],
    ['friday', '2026-11-27'],
    ['Fri', '2026-11-27'],
    ['sunday', '2026-11-29'],
    ['monday', '2026-11-23'],
    ['+14d', '2026-12-06'],
    ['+2w', '2026-12-06'],
  ])('%s', (word, day) => expect(parseDay(word, berlin)).toEqual({ ok: true, day }));

  it('is a day of the configured zone', () => {
    const lateEvening = { now: new Date('2026-11-22T23:30:00Z'), timezone: 'Europe/Berlin' };
    expect(parseDay('tomorrow', lateEvening)).toEqual({ ok: true, day: '2026-11-24' });
  });

  it.each(['soon', '2026-02-30', '', '30.6.', '+14', 'constructor'])(
    'is refused when it is none: %s',
    (word) =>
      expect(parseDay(word, berlin)).toEqual({
        ok: false,
        code: 'DAY_NOT_UNDERSTOOD',
        values: { found: word },
      }),
  );
});

it('prints an instant in UTC to the second', () => {
  expect(formatUtc(new Date('2026-11-22T14:05:09.900Z'))).toBe('2026-11-22 14:05:09 UTC');
});
