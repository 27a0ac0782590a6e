/** Time expressions at the start of a note (`-15m`, `14:05 Europe/Berlin`, `yesterday 23:50`), and deadlines. */
import { DateTime, IANAZone } from 'luxon';
import { type Refusal, refuse } from './refusal.ts';

export interface WhenContext {
  readonly now: Date;
  /** IANA name; a time without a zone is read in it. */
  readonly timezone: string;
}

export type When =
  | { readonly ok: true; readonly at: undefined; readonly rest: string }
  | { readonly ok: true; readonly at: Date; readonly rest: string; readonly understood: string };

const RELATIVE = /^-(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m(?:in)?)?(?:(\d{1,6})s)?$/;
const ABSOLUTE =
  /^(?:(?<date>\d{4}-\d\d-\d\d)(?:T|\s+)|(?<day>today|yesterday)\s+)?(?<clock>(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?<zone>Z|(?<=\dT.*)[+-](?:0\d|1[0-4]):(?:00|15|30|45))?$/i;
/** Words that are meant as a time; what looks like this and is none is refused, not taken as text. */
const LOOKS_LIKE_TIME =
  /^(?:-\d\S*|(?:(?:today|yesterday)\s+)?\d{1,2}:\d\d\S*|\d{4}-\d\d-\d\d(?:\s+\d\S*|\S*))/i;
const OFFSET = /^(?:Z|UTC|GMT|[+-](?:0\d|1[0-4]):(?:00|15|30|45))$/i;
const REGION =
  /^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific|US)\/\S+$/i;
/** They mean several zones, or one for half a year: asked back, never guessed and never taken as text. */
const ABBREVIATION = /^(?:[ECMP][SD]T|A[EC][SD]T|AWST|[WCE]ES?T|BST|IST|JST|KST|MSK|SGT|[ep][sd]t|cest|cet)$/;
const HALF_OF_DAY = /^[ap]\.?m\b/i;

/** Reads the time expression that `words` start with, if any; `rest` is what follows it. */
export function parseWhen(words: string, context: WhenContext): When | Refusal {
  const text = words.trim();
  const [first = ''] = text.split(/\s+/, 1);
  if (first === 'now') return past(zoned(context), without(text, first), text, context);
  const expression = LOOKS_LIKE_TIME.exec(text)?.[0];
  if (expression === undefined) return { ok: true, at: undefined, rest: text };
  const rest = without(text, expression);
  const bare = expression.replace(/[,:;.]$/, '');
  const ago = RELATIVE.exec(bare);
  return ago === null ? parseAbsolute(bare, rest, context) : past(before(ago, context), rest, bare, context);
}

const ISO_DAY = 'yyyy-MM-dd';
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const DAYS_AHEAD = new Map([
  ['today', 0],
  ['tomorrow', 1],
]);

/** Reads a deadline (`2026-06-30`, `friday`, `tomorrow`, `+14d`, `+2w`) as a calendar day. */
export function parseDay(
  word: string,
  context: WhenContext,
): { readonly ok: true; readonly day: string } | Refusal {
  const found = word.trim().toLowerCase();
  const today = zoned(context);
  if (!today.isValid) return refuse('UNKNOWN_TIMEZONE', { found: context.timezone });
  const day = dayFrom(found, today);
  return day?.isValid === true
    ? { ok: true, day: day.toFormat(ISO_DAY) }
    : refuse('DAY_NOT_UNDERSTOOD', { found: word });
}

/** `2026-11-22 14:05:09 UTC`. */
export const formatUtc = (date: Date): string =>
  DateTime.fromJSDate(date, { zone: 'utc' }).toFormat("yyyy-MM-dd HH:mm:ss 'UTC'");

/** `2026-11-22 14:05:09`, as clocks of the zone show it. */
export const formatIn = (date: Date, timezone: string): string =>
  DateTime.fromJSDate(date, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm:ss');

/** Whether the zone is UTC by one of its names. */
export const isUtc = (timezone: string): boolean =>
  /^(?:etc\/)?(?:utc|gmt|uct|zulu|universal|greenwich)$/i.test(timezone);

/** What was understood, and the same in the team's zone where it was read in another one. */
export function understoodIn(
  { at, understood }: { readonly at: Date; readonly understood: string },
  timezone: string,
): string {
  if (timezone === 'UTC' || understood.includes(timezone)) return understood;
  return `${understood}, ${DateTime.fromJSDate(at, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm:ss')} ${timezone}`;
}

/** The calendar day in a zone, `YYYY-MM-DD`. */
export const dayOn = (at: Date, timezone: string): string =>
  DateTime.fromJSDate(at, { zone: timezone }).toFormat(ISO_DAY);

/** What is recorded has happened already. */
export const inFuture = (at: Date, now: Date): Refusal =>
  refuse('TIME_IN_FUTURE', { found: formatUtc(at), understood: formatUtc(at), now: formatUtc(now) });

function parseAbsolute(expression: string, following: string, context: WhenContext): When | Refusal {
  const parts = ABSOLUTE.exec(expression)?.groups;
  const [word = ''] = following.split(/\s+/, 1);
  if (parts === undefined) return refuse('TIME_NOT_UNDERSTOOD', { found: expression });
  if (HALF_OF_DAY.test(word)) return refuse('TIME_NOT_UNDERSTOOD', { found: `${expression} ${word}` });
  if (parts['zone'] !== undefined)
    return resolve(parts, { found: expression, rest: following, zone: toLuxonZone(parts['zone']) }, context);
  const named = zoneWord(word.replace(/[,:;.]$/, ''));
  if (named === undefined)
    return resolve(parts, { found: expression, rest: following, zone: context.timezone }, context);
  if (ABBREVIATION.test(named)) return refuse('UNKNOWN_TIMEZONE', { found: named });
  const reading = {
    found: `${expression} ${named}`,
    rest: without(following, word),
    zone: toLuxonZone(named),
  };
  return resolve(parts, reading, context);
}

interface Reading {
  /** The expression as it was written, with its zone. */
  readonly found: string;
  readonly rest: string;
  readonly zone: string;
}

/** The one instant that a local time names; a time that clocks skip or repeat names none. */
function resolve(
  parts: Readonly<Record<string, string | undefined>>,
  { found, rest, zone }: Reading,
  context: WhenContext,
): When | Refusal {
  if (!zoned(context, zone).isValid) return refuse('UNKNOWN_TIMEZONE', { found: zone });
  const day = parts['date'] ?? dayOf(parts['day'], zone, context);
  const [hour = '', ...others] = (parts['clock'] ?? '').split(':');
  const local = `${day}T${[hour.padStart(2, '0'), ...others].join(':')}`;
  const time = DateTime.fromISO(local, { zone });
  if (!time.isValid || time.year < 1900) return refuse('TIME_NOT_UNDERSTOOD', { found });
  const understood = `${local.replace('T', ' ')} ${zone}`;
  // luxon moves a time within a gap to after it: the clock then reads something else.
  if (!time.toFormat("yyyy-MM-dd'T'HH:mm:ss").startsWith(local))
    return refuse('TIME_DOES_NOT_EXIST', { found, understood });
  const [one, two] = time.getPossibleOffsets().map((each) => local + each.toFormat('ZZ'));
  if (one !== undefined && two !== undefined)
    return refuse('TIME_AMBIGUOUS', { found, understood, first: one, second: two });
  return past(time, rest, found, context);
}

function past(time: DateTime, rest: string, found: string, context: WhenContext): When | Refusal {
  if (!time.isValid) return refuse('UNKNOWN_TIMEZONE', { found: context.timezone });
  const at = time.toJSDate();
  const understood = describe(time);
  if (at > context.now)
    return refuse('TIME_IN_FUTURE', { found, understood, now: describe(zoned(context, time.zoneName)) });
  return { ok: true, at, rest, understood };
}

function describe(time: DateTime): string {
  const utc = formatUtc(time.toJSDate());
  const zone = time.zoneName ?? 'UTC';
  return zone === 'UTC' ? utc : `${time.toFormat('yyyy-MM-dd HH:mm:ss')} ${zone} (${utc})`;
}

function before(ago: RegExpExecArray, context: WhenContext): DateTime {
  const [days, hours, minutes, seconds] = ago
    .slice(1)
    .map((amount: string | undefined) => Number(amount ?? 0));
  // `-1d` is 24 hours, so that it is never a time that clocks skip.
  const elapsed = { hours: (days ?? 0) * 24 + (hours ?? 0), minutes: minutes ?? 0, seconds: seconds ?? 0 };
  return zoned(context).minus(elapsed);
}

function dayFrom(found: string, today: DateTime): DateTime | undefined {
  const ahead = DAYS_AHEAD.get(found);
  if (ahead !== undefined) return today.plus({ days: ahead });
  const [, count, unit] = /^\+(\d{1,4})([dw])$/.exec(found) ?? [];
  if (count !== undefined)
    return today.plus(unit === 'w' ? { weeks: Number(count) } : { days: Number(count) });
  if (/^\d{4}-\d\d-\d\d$/.test(found)) return DateTime.fromISO(found, { zone: 'utc' });
  const weekday = WEEKDAYS.findIndex((name) => name === found || name.slice(0, 3) === found);
  // Said on a Friday, `friday` is the next one: who means this day says `today`.
  return weekday < 0 ? undefined : today.plus({ days: ((weekday + 1 - today.weekday + 6) % 7) + 1 });
}

const zoned = (context: WhenContext, zone: string | null = context.timezone): DateTime =>
  DateTime.fromJSDate(context.now, { zone: zone ?? 'utc' });

function dayOf(name: string | undefined, zone: string, context: WhenContext): string {
  const days = name?.toLowerCase() === 'yesterday' ? 1 : 0;
  return zoned(context, zone).minus({ days }).toFormat(ISO_DAY);
}

/** The word after a time when it is meant as a zone, right or wrong. */
function zoneWord(word: string): string | undefined {
  const meant = OFFSET.test(word) || REGION.test(word) || ABBREVIATION.test(word);
  return meant || (word.includes('/') && IANAZone.isValidZone(word)) ? word : undefined;
}

const toLuxonZone = (zone: string): string => {
  if (/^(?:Z|UTC|GMT)$/i.test(zone)) return 'UTC';
  return /^[+-]/.test(zone) ? `UTC${zone}` : zone;
};

const without = (text: string, start: string): string => text.slice(start.length).trim();
