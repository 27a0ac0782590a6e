/** Deadlines as people write them: `30 June`, `June 30 2027`, `friday`, `+2w`; alone, or at the end of a text. */
import { DateTime } from 'luxon';
import { type Refusal, refuse } from './refusal.ts';
import { dayOn, parseDay, type WhenContext } from './when.ts';

/** The calendar day, `YYYY-MM-DD`. Without a year it is the next such day, today included. */
export function parseDeadline(
  words: string,
  context: WhenContext,
): { readonly ok: true; readonly day: string } | Refusal {
  const found = words.trim().replace(/\s+/g, ' ');
  const named = namedDay(found);
  if (named) return dayNamed(found, named, context);
  if (ISO.test(found) && !DateTime.fromISO(found).isValid) return impossible(found, found);
  return parseDay(found, context);
}

export interface Split {
  readonly text: string;
  /** What stands for a deadline, right or wrong; undefined: nothing does. */
  readonly deadline?: string;
}

/** Takes a deadline off the end of a text; `by hand` is none, `by 31 June` is one that will be refused. */
export function splitDeadline(text: string): Split {
  const whole = text.trim();
  const end = whole.slice(-LONGEST);
  const found = DEADLINE.exec(end) ?? DUE.exec(end);
  const deadline = found?.[1];
  if (!found || deadline === undefined) return { text: whole };
  return { text: whole.slice(0, whole.length - end.length + found.index).trim(), deadline };
}

/** `2026-06-30 (Tuesday)`: the weekday shows a mistaken day. */
export const dayWithWeekday = (day: string): string =>
  `${day} (${DateTime.fromISO(day, { zone: 'utc' }).setLocale('en').toFormat('cccc')})`;

const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const WEEKDAY =
  '(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)';
const NUMBER = '\\d{1,2}(?:st|nd|rd|th)?';
const YEAR = '(?:,?\\s+(\\d{4}))?';
const DAY_MONTH = `(${NUMBER})(?:\\s+of)?\\s+(${MONTH})${YEAR}`;
const MONTH_DAY = `(${MONTH})\\s+(${NUMBER})${YEAR}`;
const ISO = /^\d{4}-\d\d-\d\d$/;

/** What is meant as a day; the last ones are refused, since they mean several. */
const DAYISH = [
  DAY_MONTH,
  MONTH_DAY,
  '\\d{4}-\\d{1,2}-\\d{1,2}',
  'today|tomorrow',
  WEEKDAY,
  '\\+\\d+[dw]',
  MONTH,
  '\\d{1,2}\\.\\d{1,2}\\.(?:\\d{2,4})?|\\d{1,2}/\\d{1,2}/\\d{2,4}',
  `(?:(?:the\\s+)?end\\s+of\\s+|next\\s+|this\\s+)(?:the\\s+|next\\s+)?(?:week|month|quarter|year|${MONTH}|${WEEKDAY})|eo[dwmqy]`,
].join('|');
const LONGEST = 80;
const DEADLINE = new RegExp(`(?:^|\\s)(?:by|due|until)\\s+(?:on\\s+)?(${DAYISH})\\.?$`, 'i');
/** After `due` whatever word there is was meant as a day. */
const DUE = /(?:^|\s)due\s+(?:on\s+)?(\S+)$/i;

interface NamedDay {
  readonly day: number;
  /** From 1. */
  readonly month: number;
  readonly year?: number;
}

function namedDay(words: string): NamedDay | undefined {
  const [, first, second, year] =
    new RegExp(`^${DAY_MONTH}$`, 'i').exec(words) ?? new RegExp(`^${MONTH_DAY}$`, 'i').exec(words) ?? [];
  if (first === undefined || second === undefined) return undefined;
  const [day, month] = /^\d/.test(first) ? [first, second] : [second, first];
  const start = month.slice(0, 3).toLowerCase();
  return {
    day: Number.parseInt(day, 10),
    month: MONTH_NAMES.findIndex((name) => name.toLowerCase().startsWith(start)) + 1,
    ...(year === undefined ? {} : { year: Number(year) }),
  };
}

/** So long there can be no 29 February between two that there are. */
const YEARS = 8;

function dayNamed(found: string, { day, month, year }: NamedDay, { now, timezone }: WhenContext) {
  const today = dayOn(now, timezone);
  const first = year ?? Number(today.slice(0, 4));
  const years = year === undefined ? Array.from({ length: YEARS + 1 }, (_, more) => first + more) : [year];
  const days = years.flatMap((each) => DateTime.utc(each, month, day).toISODate() ?? []);
  const next = days.find((each) => year !== undefined || each >= today);
  if (next !== undefined) return { ok: true as const, day: next };
  const understood = `${day} ${MONTH_NAMES[month - 1] ?? ''}${year === undefined ? '' : ` ${year}`}`;
  return impossible(found, understood);
}

const impossible = (found: string, understood: string): Refusal =>
  refuse('DAY_DOES_NOT_EXIST', { found, understood });
