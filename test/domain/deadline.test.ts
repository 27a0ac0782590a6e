import fc from 'fast-check';
import { DateTime } from 'luxon';
import { parseDeadline, splitDeadline } from '../../src/domain/deadline.ts';

/** A Wednesday; in Auckland it is Thursday already. */
const utc = { now: new Date('2026-06-03T13:00:00Z'), timezone: 'UTC' };
const auckland = { ...utc, timezone: 'Pacific/Auckland' };

const day = (words: string, context = utc): unknown => {
  const read = parseDeadline(words, context);
  return read.ok ? read.day : [read.code, read.values];
};

describe('a deadline', () => {
  it.each([
    ['30 June', '2026-06-30'],
    ['30. June', undefined],
    ['30th of june', '2026-06-30'],
    ['June 30', '2026-06-30'],
    ['jun 30th', '2026-06-30'],
    ['Sept. 1', '2026-09-01'],
    ['30 June 2027', '2027-06-30'],
    ['June 30, 2027', '2027-06-30'],
    ['3 June', '2026-06-03'],
    ['2 June', '2027-06-02'],
    ['29 February', '2028-02-29'],
    ['2026-06-30', '2026-06-30'],
    ['friday', '2026-06-05'],
    ['Wed', '2026-06-10'],
    ['today', '2026-06-03'],
    ['tomorrow', '2026-06-04'],
    ['+7d', '2026-06-10'],
    ['+2w', '2026-06-17'],
  ])('%s', (words, expected) => {
    if (expected === undefined) expect(day(words)).toMatchObject(['DAY_NOT_UNDERSTOOD', {}]);
    else expect(day(words)).toBe(expected);
  });

  it('is read by the calendar of the team', () => {
    expect(day('tomorrow', auckland)).toBe('2026-06-05');
    expect(day('3 June', auckland)).toBe('2027-06-03');
  });

  it.each([
    ['31 June', '31 June'],
    ['Feb 30', '30 February'],
    ['29 February 2027', '29 February 2027'],
    ['0 May', '0 May'],
    ['2026-02-30', '2026-02-30'],
  ])('that no calendar has is refused with what was understood: %s', (words, understood) => {
    expect(day(words)).toEqual(['DAY_DOES_NOT_EXIST', { found: words, understood }]);
  });

  it.each(['30.6.', '30/6/2026', 'next friday', 'end of June', 'June', 'eod', 'soon'])(
    'that means several days is refused: %s',
    (words) => expect(day(words)).toEqual(['DAY_NOT_UNDERSTOOD', { found: words }]),
  );

  it('is the day that was written, whatever the day and the way of writing it', () => {
    const days = fc.date({
      min: new Date('2026-06-03T00:00:00Z'),
      max: new Date('2027-06-02T00:00:00Z'),
      noInvalidDate: true,
    });
    const ways = ['d MMMM', 'MMMM d', 'd MMM', 'MMM d', 'd MMMM yyyy', 'MMMM d, yyyy', 'yyyy-MM-dd'];
    fc.assert(
      fc.property(days, fc.constantFrom(...ways), (date, way) => {
        const time = DateTime.fromJSDate(date, { zone: 'utc' }).setLocale('en');
        expect(day(time.toFormat(way))).toBe(time.toFormat('yyyy-MM-dd'));
      }),
    );
  });
});

describe('the end of a text', () => {
  it.each([
    ['test it by 30 June', 'test it', '30 June'],
    ['test it due 2026-06-30.', 'test it', '2026-06-30'],
    ['switch it off until on Monday', 'switch it off', 'Monday'],
    ['test it by hand by +2w', 'test it by hand', '+2w'],
    ['test it due soon', 'test it', 'soon'],
    ['test it by 31 June', 'test it', '31 June'],
    ['test it by end of June', 'test it', 'end of June'],
    ['by tomorrow', '', 'tomorrow'],
  ])('is a deadline: %s', (text, rest, deadline) => {
    expect(splitDeadline(text)).toEqual({ text: rest, deadline });
  });

  it.each([
    'test it by hand',
    'cut errors by 50%',
    'cut it by 2/3',
    'keep it until it breaks',
    'standby tomorrow',
    'due to load it broke',
    '',
  ])('is none: %s', (text) => {
    expect(splitDeadline(text)).toEqual({ text });
  });

  it('is found at once after a long text', () => {
    const text = `${' by due until'.repeat(100_000)} by friday`;
    const begun = performance.now();
    expect(splitDeadline(text).deadline).toBe('friday');
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
