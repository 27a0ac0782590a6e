/** From the time that clocks in a zone show to instants: a time can be skipped there, or shown twice. */
import { DateTime, IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What clocks show, as milliseconds: those of the instant at which UTC shows the same. */
export type WallTime = number;

/** What clocks in the zone show at the instant. */
export const wallTimeAt = (at: Date, timezone: string): WallTime =>
  at.getTime() + offsetMs(at.getTime(), timezone);

/** The first instant at which clocks in the zone show that time or, where they skip it, a later one. */
export function firstInstantOf(wall: WallTime, timezone: string): Date {
  const [first = endOfGap(wall, timezone)] = instantsOf(wall, timezone);
  return new Date(first);
}

export type LocalTimeRead =
  | { readonly kind: 'instant'; readonly at: Date }
  | { readonly kind: 'malformed' }
  /** No clock of the zone shows it. */
  | { readonly kind: 'skipped' }
  /** Clocks of the zone show it twice. */
  | { readonly kind: 'repeated' };

/** Reads `2026-12-24 09:00` as clocks in the zone show it; with `Z` or an offset after it, as that says. */
export function readLocalTime(words: string, timezone: string): LocalTimeRead {
  const [, day, clock, zone] = LOCAL_TIME.exec(words) ?? [];
  if (day === undefined || clock === undefined) return { kind: 'malformed' };
  const time = DateTime.fromISO(`${day}T${clock}${zone ?? 'Z'}`, { zone: 'utc' });
  if (!time.isValid) return { kind: 'malformed' };
  if (zone !== undefined) return { kind: 'instant', at: time.toJSDate() };
  const [first, second] = instantsOf(time.toMillis(), timezone);
  if (first === undefined) return { kind: 'skipped' };
  return second === undefined ? { kind: 'instant', at: new Date(first) } : { kind: 'repeated' };
}

const LOCAL_TIME =
  /^(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?) ?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/;

/** The instants at which clocks in the zone show exactly that time, in their order: none, one or two. */
function instantsOf(wall: WallTime, timezone: string): readonly number[] {
  const { before, after } = offsetsAround(wall, timezone);
  const candidates = [...new Set([wall - before, wall - after])];
  return candidates.filter((instant) => instant + offsetMs(instant, timezone) === wall);
}

/** The instant at which clocks skip that time. */
function endOfGap(wall: WallTime, timezone: string): number {
  const { before, after } = offsetsAround(wall, timezone);
  let [early, late] = [wall - after, wall - before];
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offsetMs(middle, timezone) === after) late = middle;
    else early = middle;
  }
  return late;
}

/** A day is more than any offset: read as UTC, the wall time a day before and after is on either side of it. */
const offsetsAround = (wall: WallTime, timezone: string): { before: number; after: number } => ({
  before: offsetMs(wall - DAY_MS, timezone),
  after: offsetMs(wall + DAY_MS, timezone),
});

const offsetMs = (instant: number, timezone: string): number =>
  IANAZone.create(timezone).offset(instant) * MINUTE_MS;
