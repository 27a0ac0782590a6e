import fc from 'fast-check';
import { nextShift, type Rotation, shiftAt, type Weekday } from '../../src/domain/rotation.ts';

const berlin: Rotation = {
  people: ['UANA', 'UBEN', 'UCEM'],
  handOff: { weekday: 1, time: '09:00' },
  timezone: 'Europe/Berlin',
  start: '2026-01-05', // a Monday
  overrides: [],
};
const override = (user: string, from: string, until: string) => ({
  user,
  from: new Date(from),
  until: new Date(until),
});
const shown = ({ user, from, until, override: standsIn }: ReturnType<typeof shiftAt>): string =>
  `${user} ${from.toISOString()} ${until.toISOString()}${standsIn ? ' override' : ''}`;
const at = (rotation: Rotation, instant: string): string => shown(shiftAt(rotation, new Date(instant)));
const next = (rotation: Rotation, instant: string): string => shown(nextShift(rotation, new Date(instant)));
const hours = ({ from, until }: ReturnType<typeof shiftAt>): number =>
  (until.getTime() - from.getTime()) / 3_600_000;

describe('a weekly rotation', () => {
  it('hands off at the local time: the new person from that instant on, not before', () => {
    expect(at(berlin, '2026-01-05T08:00:00Z')).toBe('UANA 2026-01-05T08:00:00.000Z 2026-01-12T08:00:00.000Z');
    expect(at(berlin, '2026-01-12T07:59:59.999Z')).toMatch(/^UANA /);
    expect(at(berlin, '2026-01-12T08:00:00Z')).toBe('UBEN 2026-01-12T08:00:00.000Z 2026-01-19T08:00:00.000Z');
  });

  it('comes round, and goes on backwards before its start', () => {
    expect(at(berlin, '2026-01-26T08:00:00Z')).toMatch(/^UANA /);
    expect(at(berlin, '2026-01-05T07:59:59Z')).toBe('UCEM 2025-12-29T08:00:00.000Z 2026-01-05T08:00:00.000Z');
    expect(at(berlin, '2025-12-16T12:00:00Z')).toMatch(/^UANA /);
  });

  it('begins with the turn of its start: of that day, else the last before it', () => {
    expect(at({ ...berlin, start: '2026-01-11' }, '2026-01-05T08:00:00Z')).toMatch(/^UANA /);
    expect(at({ ...berlin, start: '2026-01-12' }, '2026-01-12T08:00:00Z')).toMatch(/^UANA /);
    expect(at({ ...berlin, start: '2026-01-12' }, '2026-01-12T07:59:00Z')).toMatch(/^UCEM /);
  });

  it('has a week of 167 hours when summer time begins, and of 169 when it ends', () => {
    expect(hours(shiftAt(berlin, new Date('2026-03-25T12:00:00Z')))).toBe(167);
    expect(hours(shiftAt(berlin, new Date('2026-10-21T12:00:00Z')))).toBe(169);
    expect(hours(shiftAt(berlin, new Date('2026-06-10T12:00:00Z')))).toBe(168);
  });

  it.each([
    ['Europe/Berlin', 7, '02:30', '2026-03-29T01:00:00.000Z'],
    ['Australia/Lord_Howe', 7, '02:15', '2026-10-03T15:30:00.000Z'],
    ['America/Santiago', 7, '00:30', '2026-09-06T04:00:00.000Z'],
    ['Africa/Cairo', 5, '00:30', '2026-04-23T22:00:00.000Z'],
    ['Pacific/Apia', 5, '09:00', '2011-12-30T10:00:00.000Z'], // the Friday that Samoa left out
  ] as const)('at a time that clocks skip hands off after the gap: %s', (timezone, weekday, time, from) => {
    const rotation = { ...berlin, timezone, handOff: { weekday, time } };
    const instant = new Date(from).getTime();
    for (const later of [0, 600_000, 86_400_000])
      expect(shiftAt(rotation, new Date(instant + later)).from.toISOString()).toBe(from);
    expect(shiftAt(rotation, new Date(instant - 1)).until.toISOString()).toBe(from);
  });

  it.each([
    ['Europe/Berlin', 7, '02:30', '2026-10-25T00:30:00.000Z'],
    ['America/New_York', 7, '01:30', '2026-11-01T05:30:00.000Z'],
    ['Australia/Lord_Howe', 7, '01:45', '2026-04-04T14:45:00.000Z'],
    ['America/Santiago', 6, '23:30', '2026-04-05T02:30:00.000Z'],
  ] as const)(
    'at a time that clocks show twice hands off at the first: %s',
    (timezone, weekday, time, from) => {
      const rotation = { ...berlin, timezone, handOff: { weekday, time } };
      const instant = new Date(from).getTime();
      for (const later of [0, 50 * 60_000, 3 * 3_600_000])
        expect(shiftAt(rotation, new Date(instant + later)).from.toISOString()).toBe(from);
      expect(shiftAt(rotation, new Date(instant - 1)).until.toISOString()).toBe(from);
    },
  );
});

describe('an override', () => {
  const covered: Rotation = {
    ...berlin,
    overrides: [
      override('UDOE', '2026-01-07T08:00:00Z', '2026-01-09T08:00:00Z'),
      override('UEVE', '2026-01-08T08:00:00Z', '2026-01-08T20:00:00Z'),
      override('UDOE', '2026-01-11T08:00:00Z', '2026-01-13T08:00:00Z'),
    ],
  };

  it('cuts the turn where it begins and where it ends', () => {
    expect(at(covered, '2026-01-06T00:00:00Z')).toBe(
      'UANA 2026-01-05T08:00:00.000Z 2026-01-07T08:00:00.000Z',
    );
    expect(at(covered, '2026-01-07T08:00:00Z')).toBe(
      'UDOE 2026-01-07T08:00:00.000Z 2026-01-08T08:00:00.000Z override',
    );
    expect(at(covered, '2026-01-09T08:00:00Z')).toBe(
      'UANA 2026-01-09T08:00:00.000Z 2026-01-11T08:00:00.000Z',
    );
  });

  it('goes before one that is earlier in the list', () => {
    expect(at(covered, '2026-01-08T08:00:00Z')).toBe(
      'UEVE 2026-01-08T08:00:00.000Z 2026-01-08T20:00:00.000Z override',
    );
    expect(at(covered, '2026-01-08T20:00:00Z')).toBe(
      'UDOE 2026-01-08T20:00:00.000Z 2026-01-09T08:00:00.000Z override',
    );
  });

  it('may go over a hand-off: the turn after it is what is left', () => {
    expect(at(covered, '2026-01-12T08:00:00Z')).toBe(
      'UDOE 2026-01-11T08:00:00.000Z 2026-01-13T08:00:00.000Z override',
    );
    expect(at(covered, '2026-01-13T08:00:00Z')).toBe(
      'UBEN 2026-01-13T08:00:00.000Z 2026-01-19T08:00:00.000Z',
    );
  });
});

describe('the next shift', () => {
  it('is the next turn of another person', () => {
    expect(next(berlin, '2026-01-06T00:00:00Z')).toBe(
      'UBEN 2026-01-12T08:00:00.000Z 2026-01-19T08:00:00.000Z',
    );
  });

  it('makes one of the turns of a person that follow each other', () => {
    const twice = { ...berlin, people: ['UANA', 'UANA', 'UBEN', 'UBEN'] };
    expect(next(twice, '2026-01-06T00:00:00Z')).toBe(
      'UBEN 2026-01-19T08:00:00.000Z 2026-02-02T08:00:00.000Z',
    );
  });

  it('is an override that comes before the hand-off, with the turn of the same person after it', () => {
    const early = {
      ...berlin,
      overrides: [override('UBEN', '2026-01-10T00:00:00Z', '2026-01-12T08:00:00Z')],
    };
    expect(next(early, '2026-01-06T00:00:00Z')).toBe(
      'UBEN 2026-01-10T00:00:00.000Z 2026-01-19T08:00:00.000Z',
    );
    const only = { ...berlin, overrides: [override('UDOE', '2026-01-10T00:00:00Z', '2026-01-11T00:00:00Z')] };
    expect(next(only, '2026-01-06T00:00:00Z')).toBe(
      'UDOE 2026-01-10T00:00:00.000Z 2026-01-11T00:00:00.000Z override',
    );
    expect(next(only, '2026-01-10T12:00:00Z')).toBe('UANA 2026-01-11T00:00:00.000Z 2026-01-12T08:00:00.000Z');
  });

  it('of a rotation of one is their own next turn, unless somebody stands in later', () => {
    const alone = { ...berlin, people: ['UANA'] };
    expect(next(alone, '2026-01-06T00:00:00Z')).toBe(
      'UANA 2026-01-12T08:00:00.000Z 2026-01-19T08:00:00.000Z',
    );
    const later = { ...alone, overrides: [override('UDOE', '2027-01-06T00:00:00Z', '2027-01-07T00:00:00Z')] };
    expect(next(later, '2026-01-06T00:00:00Z')).toBe(
      'UDOE 2027-01-06T00:00:00.000Z 2027-01-07T00:00:00.000Z override',
    );
    expect(next(later, '2027-01-06T12:00:00Z')).toBe(
      'UANA 2027-01-07T00:00:00.000Z 2027-01-11T08:00:00.000Z',
    );
    expect(next(later, '2027-01-07T00:00:00Z')).toBe(
      'UANA 2027-01-11T08:00:00.000Z 2027-01-18T08:00:00.000Z',
    );
  });
});

/**
 * The same, found by looking at a clock of the zone each quarter of an hour over years, with Intl and without luxon:
 * a hand-off is when that clock has for the first time reached its day and time.
 */
describe.each([
  ['Europe/Berlin', 2023],
  ['America/New_York', 2023],
  ['Australia/Lord_Howe', 2023],
  ['America/Santiago', 2023],
  ['Africa/Cairo', 2023],
  ['Asia/Kathmandu', 2023],
  ['Pacific/Apia', 2010],
])('agrees with a clock that is watched: %s', (timezone, year) => {
  const STEP_MS = 15 * 60_000;
  const begin = Date.UTC(year, 0, 1);
  const steps = (3 * 366 * 24 * 3_600_000) / STEP_MS;
  let clock: readonly string[];
  beforeAll(() => {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'short',
    });
    clock = Array.from({ length: steps }, (_, step) => format.format(begin + step * STEP_MS));
  });

  /** Days of the calendar by ISO weekday, as text; from well before the watch begins. */
  const daysOf = (weekday: Weekday): readonly string[] => {
    const first = Date.UTC(year, 0, 1);
    const day = new Date(first).getUTCDay() || 7;
    return Array.from({ length: 3 * 53 }, (_, week) =>
      new Date(first + (((weekday - day + 7) % 7) + 7 * week) * 86_400_000).toISOString().slice(0, 10),
    );
  };

  /** Each hand-off within the watch: its day, and the instant at which the clock first reached it. */
  const watch = (
    weekday: Weekday,
    time: string,
  ): readonly { readonly day: string; readonly at: number }[] => {
    const found: { day: string; at: number }[] = [];
    const days = daysOf(weekday);
    let expected = days.findIndex((day) => `${day} ${time}` > (clock[0] ?? ''));
    clock.forEach((now, step) => {
      const day = days[expected];
      if (day === undefined || now < `${day} ${time}`) return;
      found.push({ day, at: begin + step * STEP_MS });
      expected += 1;
    });
    return found;
  };

  const weekday = fc.integer({ min: 1, max: 7 }) as fc.Arbitrary<Weekday>;
  const twoDigits = (number: number): string => String(number).padStart(2, '0');
  // Half of the hand-offs are in the small hours, where clocks skip and repeat.
  const time = fc
    .tuple(
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 23 })),
      fc.constantFrom(0, 15, 30, 45),
    )
    .map(([hour, minute]) => `${twoDigits(hour)}:${twoDigits(minute)}`);

  it('in who is on call, from when and until when', () => {
    fc.assert(
      fc.property(
        weekday,
        time,
        fc.integer({ min: 1, max: 5 }),
        fc.nat(140),
        fc.nat(6),
        (day, clockTime, count, started, late) => {
          const handOffs = watch(day, clockTime);
          const people = Array.from({ length: count }, (_, index) => `U${String(index)}`);
          const startDay =
            new Date(`${handOffs[started]?.day ?? ''}T00:00:00Z`).getTime() + late * 86_400_000;
          const rotation: Rotation = {
            people,
            handOff: { weekday: day, time: clockTime },
            timezone,
            start: new Date(startDay).toISOString().slice(0, 10),
            overrides: [],
          };
          for (const [index, { at: from }] of handOffs.slice(0, -1).entries()) {
            const until = handOffs[index + 1]?.at ?? 0;
            const user = people[(index - started + 200 * count) % count] ?? '';
            const expected = shown({ user, from: new Date(from), until: new Date(until) });
            const instants = [from, from + 1, from + 3_600_000, (from + until) / 2, until - 1];
            const odd = instants.find((instant) => shown(shiftAt(rotation, new Date(instant))) !== expected);
            if (odd !== undefined) expect(at(rotation, new Date(odd).toISOString())).toBe(expected);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('with overrides: the last in the list that holds, else the turn, and as long as that is so', () => {
    const span = 60 * 24 * 4;
    const wish = fc.record({
      user: fc.constantFrom('U0', 'U8', 'U9'),
      from: fc.nat(span),
      length: fc.integer({ min: 1, max: 2000 }),
    });
    const instantOf = (step: number): Date => new Date(begin + (step + 3000) * STEP_MS);
    fc.assert(
      fc.property(
        weekday,
        time,
        fc.array(wish, { maxLength: 6 }),
        fc.array(fc.nat(span), { minLength: 1, maxLength: 20 }),
        (day, clockTime, wishes, looks) => {
          const plain: Rotation = {
            ...berlin,
            people: ['U0', 'U1', 'U2'],
            handOff: { weekday: day, time: clockTime },
            timezone,
            start: `${String(year)}-01-10`,
          };
          const overrides = wishes.map(({ user, from, length }) => ({
            user,
            from: instantOf(from),
            until: instantOf(from + length),
          }));
          const rotation = { ...plain, overrides };
          /** Who or what holds, named so that two turns of one person differ. */
          const holder = (instant: number): string => {
            const holding = overrides.findLastIndex(
              ({ from, until }) => from.getTime() <= instant && instant < until.getTime(),
            );
            return holding < 0
              ? `turn ${String(shiftAt(plain, new Date(instant)).from)}`
              : `override ${String(holding)}`;
          };
          for (const look of looks) {
            const instant = instantOf(look).getTime();
            const { user, from, until, override: standsIn } = shiftAt(rotation, new Date(instant));
            const holds = holder(instant);
            const index = Number(/^override (\d+)/.exec(holds)?.[1] ?? -1);
            expect(user).toBe(overrides[index]?.user ?? shiftAt(plain, new Date(instant)).user);
            expect(standsIn).toBe(index < 0 ? undefined : true);
            const edges = [...overrides.flatMap((each) => [each.from, each.until]), from, until];
            for (const edge of edges.map((each) => each.getTime())) {
              if (edge < from.getTime() || edge > until.getTime()) continue;
              expect(holder(edge) === holds).toBe(edge < until.getTime());
              expect(holder(edge - 1) === holds).toBe(edge > from.getTime());
            }
            const later = nextShift(rotation, new Date(instant));
            expect(later.user).not.toBe(user);
            let walked = until;
            while (shiftAt(rotation, walked).user === user) walked = shiftAt(rotation, walked).until;
            expect(later.from).toEqual(walked);
            expect(shiftAt(rotation, later.until).user).not.toBe(later.user);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
