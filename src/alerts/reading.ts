/** What sources share in reading what they are sent. */
import { DateTime } from 'luxon';

/** A time in ISO 8601; what says none, as `0001-01-01T00:00:00Z` and an empty text do, is undefined. */
export function instant(text: string | null | undefined): Date | undefined {
  const time = DateTime.fromISO(text ?? '', { zone: 'utc' });
  return time.isValid && time.year > 1 ? time.toJSDate() : undefined;
}

/** `startsAt` and `endsAt`; nothing ends while it fires. */
export function times(
  state: 'firing' | 'resolved',
  starts: Date | undefined,
  ends: Date | undefined,
): { readonly startsAt?: Date; readonly endsAt?: Date } {
  return {
    ...(starts ? { startsAt: starts } : {}),
    ...(ends && state === 'resolved' ? { endsAt: ends } : {}),
  };
}

/** Those that have a value. */
export const labelsOf = (
  given: Readonly<Record<string, string | null | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(given).flatMap(([label, value]) => (value ? [[label, value]] : [])));
