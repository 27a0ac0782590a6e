/** A weekly on-call rotation: who is on call at an instant, until when, and who is next. */
import { DateTime } from 'luxon';
import { firstInstantOf, type WallTime, wallTimeAt } from './local-time.ts';

/** Somebody stands in, from (included) until (excluded). */
export interface Override {
  readonly user: string;
  readonly from: Date;
  readonly until: Date;
}

/** Days of the week as ISO numbers them: Monday is 1. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

export interface HandOff {
  readonly weekday: Weekday;
  /** `HH:mm`, as clocks in the rotation's zone show it. */
  readonly time: string;
}

export interface Rotation {
  /** Slack user ids, in turn; at least one. Who is there twice has two turns. */
  readonly people: readonly string[];
  /**
   * From one hand-off to the next are seven calendar days: 168 hours, but 167 or 169 where summer time begins or ends.
   * A hand-off at a time that clocks skip is at the end of the gap; at a time that they show twice, at the first.
   */
  readonly handOff: HandOff;
  /** IANA name. */
  readonly timezone: string;
  /**
   * `YYYY-MM-DD`. The turn that begins on this day is that of `people[0]`; if no turn begins on it, the turn that began
   * last before it. The order goes on from there in both directions, so that there is an answer before it too.
   */
  readonly start: string;
  /** The later in the list wins. */
  readonly overrides: readonly Override[];
}

/** Somebody is on call, from (included) until (excluded). */
export interface Shift {
  readonly user: string;
  readonly from: Date;
  readonly until: Date;
  /** They stand in: this is no turn of theirs. */
  readonly override?: true;
}

/** The shift that holds at that instant: a turn or an override, as far as no winning override cuts it. */
export function shiftAt(rotation: Rotation, at: Date): Shift {
  const { overrides } = rotation;
  const winner = overrides.findLastIndex(({ from, until }) => from <= at && at < until);
  const standIn = overrides[winner];
  const whole: Shift = standIn ? { ...standIn, override: true } : turnAt(rotation, at);
  // None of those that win over it holds now: each ended before or begins after.
  return overrides.slice(winner + 1).reduce((shift, override) => cut(shift, override, at), whole);
}

/**
 * The next shift of somebody else than who is on call at that instant; shifts of one person that follow each other are
 * one. When there is nobody else, the same person's next turn.
 */
export function nextShift(rotation: Rotation, at: Date): Shift {
  const { user, until } = shiftAt(rotation, at);
  const following = shiftAt(rotation, until);
  const other = firstOfAnother(rotation, user, following);
  return other === undefined ? following : withNeighbours(rotation, other);
}

function turnAt(rotation: Rotation, at: Date): Shift {
  const first = firstHandOff(rotation);
  const shown = Math.floor((wallTimeAt(at, rotation.timezone) - first) / WEEK_MS);
  // Clocks that were set back show a time before the hand-off again.
  const week = handOffOf(rotation, first, shown + 1) <= at ? shown + 1 : shown;
  const { length } = rotation.people;
  return {
    user: rotation.people[((week % length) + length) % length] ?? '',
    from: handOffOf(rotation, first, week),
    until: handOffOf(rotation, first, week + 1),
  };
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

function firstHandOff({ start, handOff }: Rotation): WallTime {
  const day = DateTime.fromISO(`${start}T${handOff.time}`, { zone: 'utc' });
  return day.minus({ days: (day.weekday - handOff.weekday + 7) % 7 }).toMillis();
}

const handOffOf = ({ timezone }: Rotation, first: WallTime, week: number): Date =>
  firstInstantOf(first + week * WEEK_MS, timezone);

function cut(shift: Shift, by: Override, at: Date): Shift {
  if (by.until <= at && by.until > shift.from) return { ...shift, from: by.until };
  if (by.from > at && by.from < shift.until) return { ...shift, until: by.from };
  return shift;
}

/** Undefined: from `shift` on, nobody but `user` is ever on call. */
function firstOfAnother(rotation: Rotation, user: string, shift: Shift): Shift | undefined {
  const lastOverride = Math.max(...rotation.overrides.map(({ until }) => until.getTime()));
  let found = shift;
  while (found.user === user) {
    if (isAlone(rotation) && found.from.getTime() > lastOverride) return undefined;
    found = shiftAt(rotation, found.until);
  }
  return found;
}

/** A single person's turns follow each other for ever: only they are told apart. */
function withNeighbours(rotation: Rotation, shift: Shift): Shift {
  const following = shiftAt(rotation, shift.until);
  const isTurn = !shift.override && !following.override;
  if (following.user !== shift.user || (isAlone(rotation) && isTurn)) return shift;
  const rest = withNeighbours(rotation, following);
  const { user, from } = shift;
  const override = shift.override && rest.override;
  return { user, from, until: rest.until, ...(override ? { override } : {}) };
}

const isAlone = ({ people }: Rotation): boolean => new Set(people).size === 1;
