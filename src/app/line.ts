/** Reads a typed line as `verb rest`, in the many ways people type it; what is not understood stays as it was typed. */
import type { Command } from './command.ts';

export interface Vocabulary {
  /** Every word for a verb, its name and its aliases, with the name of the verb. */
  readonly verbs: ReadonlyMap<string, string>;
  /** The verbs that belong to an incident: only they take its number. */
  readonly placed: ReadonlySet<string>;
  readonly severities: readonly string[];
  readonly statuses: readonly string[];
  readonly roles: readonly string[];
}

export interface Reading {
  /** In lower case; a verb, an alias, or the first word of what was not understood. */
  readonly verb: string;
  readonly rest: string;
}

export interface Where {
  /** It was typed in an incident's channel, or names the incident. */
  readonly inIncident: boolean;
}

type Names = Pick<Vocabulary, 'severities' | 'statuses' | 'roles'>;

/** The words of the verbs, beside the names that a configuration gives. */
export const vocabularyOf = (commands: readonly Command[], names: Names): Vocabulary => ({
  ...names,
  verbs: new Map(
    commands.flatMap(({ verb, aliases = [] }) => [verb, ...aliases].map((word) => [word, verb] as const)),
  ),
  placed: new Set(commands.filter(({ where }) => where === 'incident').map(({ verb }) => verb)),
});

/** An empty line is a call for help. A change is never guessed from free text. */
export function readLine(text: string, vocabulary: Vocabulary, where: Where): Reading {
  const typed = split(text);
  const { number, line } = numbered(text);
  if (number === undefined) return understand(text, vocabulary, where) ?? typed;
  const read = understand(line.trim() || 'status', vocabulary, { inIncident: true });
  // Elsewhere, as in a title, a number is not that of the incident.
  if (!read || !vocabulary.placed.has(vocabulary.verbs.get(read.verb) ?? '')) return typed;
  return { verb: read.verb, rest: `${number} ${read.rest}`.trim() };
}

/** The number of an incident that stands before the verb: `inc-3 resolve`. */
export function numbered(text: string): { readonly number: string | undefined; readonly line: string } {
  const [, number, line = text] = /^\s*((?:inc-|#)\d{1,9})(?:[:,]|(?=\s|$))\s*([\s\S]*)$/i.exec(text) ?? [];
  return { number, line };
}

/** `sev1`, `SEV-1`, `p1`, or a name of the configuration: the severity it means. */
export function severityIn(word: string, severities: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const digits = /^(?:sev|p)-?(\d+)$/.exec(wanted)?.[1];
  return (
    severities.find((each) => each.toLowerCase() === wanted) ??
    severities.find((each) => digits !== undefined && /\d+$/.exec(each)?.[0] === digits)
  );
}

/** First word in lower case, and the rest with its line breaks; `help` when there is none. */
export function split(text: string): Reading {
  const [, verb = '', rest = ''] = /^\s*(\S*)\s*([\s\S]*?)\s*$/.exec(text) ?? [];
  return { verb: verb.toLowerCase() || 'help', rest };
}

type Reader = (text: string, vocabulary: Vocabulary, where: Where) => Reading | undefined;

/** The first reading that fits and is of a verb there is. */
function first(readers: readonly Reader[], ...typed: Parameters<Reader>): Reading | undefined {
  const [, { verbs }] = typed;
  for (const read of readers) {
    const reading = read(...typed);
    if (reading && verbs.has(reading.verb)) return reading;
  }
  return undefined;
}

/** `scribe @x`, `@x is scribe`, `role @x scribe`, `assign scribe to @x`; the whole line, or it is something else. */
const asRole: Reader = (text, { verbs, roles }) => {
  const leads = [...verbs].filter(([, verb]) => verb === 'lead').map(([word]) => word);
  if (roles.length + leads.length === 0) return undefined;
  const role = `(?<role>${[...roles, ...leads].map(spaced).join('|')})`;
  const who = '(?<who><@[UW][A-Z0-9]+(?:\\|[^>]*)?>|me)';
  const before = `^\\s*(?:(?:role|assign)\\s+)?(?<number>(?:inc-|#)\\d{1,9}\\s+)?`;
  const after = '\\s*[.!]?\\s*$';
  const found =
    new RegExp(`${before}${who}\\s+(?:(?:is|as|to|be|the|our|=)\\s+)*${role}${after}`, 'i').exec(text) ??
    new RegExp(`${before}${role}(?:\\s*[:=]\\s*|\\s+(?:(?:is|to|=)\\s+)?)${who}${after}`, 'i').exec(text);
  if (!found?.groups) return undefined;
  const { number = '', who: person = '' } = found.groups;
  const named = (found.groups['role'] ?? '').toLowerCase().replaceAll(/\s/g, '-');
  const known = roles.find((each) => each.toLowerCase() === named);
  return known === undefined
    ? { verb: 'lead', rest: `${number}${person}` }
    : { verb: 'role', rest: `${number}${known} ${person}` };
};

/** A verb, as it is: `note …`, `note: …`; before a value, `to`, `as` and `=` say nothing. */
const asVerb: Reader = (text, vocabulary) => {
  const { verb, rest } = split(text);
  const [, bare = verb, sign, more = ''] = /^([^:=]+)([:=])(.*)$/.exec(verb) ?? [];
  const name = vocabulary.verbs.get(bare);
  if (name === undefined) return undefined;
  const takes = VALUES[name];
  if (!takes) return sign === '=' || more !== '' ? undefined : { verb: bare, rest };
  const [, number = '', filled = ''] =
    /^((?:inc-|#)\d{1,9}\b\s*)?([\s\S]*)$/i.exec(`${more} ${rest}`.trim()) ?? [];
  const value = filled.replace(/^(?:(?:to|as|is|at)\s+|[:=]\s*)+/i, '');
  return {
    verb: bare,
    rest: takes(split(value).verb, vocabulary) ? `${number}${value}` : `${number}${filled}`,
  };
};

/** What may follow these verbs after a `to`; of anything else the `to` is kept. */
const VALUES: Readonly<Record<string, (word: string, vocabulary: Vocabulary) => boolean>> = {
  severity: (word, { severities }) => /^\d$/.test(word) || severityIn(word, severities) !== undefined,
  status: (word, { statuses }) => statusIn(word, statuses) !== undefined,
};

/** `on call`, `on-call`, `roll back`, `post mortem`: where the joined word is a verb. */
const asJoined: Reader = (text) => {
  const [, first = '', second = '', rest = ''] =
    /^\s*([a-z]{2,})[\s-]([a-z]{2,})(?![^\s:])[:\s]*([\s\S]*?)\s*$/i.exec(text) ?? [];
  const joined = `${first}${second}`.toLowerCase();
  return { verb: joined, rest };
};

/** `false alarm …` is what `cancel` is for. */
const asFalseAlarm: Reader = (text) => {
  const said = /^\s*(false[\s-]alarm(?![\w-])[\s\S]*?)\s*$/i.exec(text)?.[1];
  return said === undefined ? undefined : { verb: 'cancel', rest: said };
};

/** `mitigated rolled back` is the status with its message; so is `mitigate`. */
const asStatus: Reader = (text, { statuses }) => {
  const { verb, rest } = split(text);
  const word = verb.replace(/[:,]$/, '');
  const status = statusIn(word, statuses) ?? statusIn(`${word}d`, statuses);
  return status === undefined ? undefined : { verb: 'status', rest: `${status} ${rest}`.trim() };
};

/** `sev1` changes it; with a title behind it declares, but not from within an incident: there it may be either. */
const asSeverity: Reader = (text, { severities }, { inIncident }) => {
  const { verb, rest } = split(text);
  const word = verb.replace(/[:,]$/, '');
  const severity = severityIn(word, severities) ?? (/^(?:sev|p)-?\d$/.test(word) ? word : undefined);
  if (severity === undefined || (rest !== '' && inIncident)) return undefined;
  return rest === ''
    ? { verb: 'severity', rest: severity }
    : { verb: 'declare', rest: `${severity} ${rest}` };
};

/** Verbs go first: what is one today is never read as something else. */
const PLAIN: readonly Reader[] = [asRole, asVerb, asJoined, asFalseAlarm, asStatus, asSeverity];

/** What can be set: `set severity to sev1`, `make @x scribe`, `mark this as resolved`. */
const SETTABLE = ['severity', 'status', 'role', 'lead', 'milestone', 'impact', 'summary', 'cause'];

const asSetting: Reader = (text, vocabulary) => {
  const rest = /^\s*(?:set|change|mark|make)\s+(?:(?:it|this|the|as|to)\s+)*([\s\S]+)$/i.exec(text)?.[1];
  if (rest === undefined) return undefined;
  // `mark as resolved`; `make resolve faster` is no wish to end the incident.
  const ends = /^resolved(?![\w-])/i.test(rest);
  const read = first(PLAIN, rest, vocabulary, { inIncident: true });
  const name = read && vocabulary.verbs.get(read.verb);
  return name !== undefined && (ends || SETTABLE.includes(name)) ? read : undefined;
};

/** `please …`, before anything that is understood. */
const asPlea: Reader = (text, ...more) => {
  const rest = /^\s*please[,\s]\s*([\s\S]+)$/i.exec(text)?.[1];
  return rest === undefined ? undefined : first([...PLAIN, asSetting], rest, ...more);
};

const understand: Reader = (...typed) => first([...PLAIN, asSetting, asPlea], ...typed);

const statusIn = (word: string, statuses: readonly string[]): string | undefined =>
  statuses.find((each) => each.toLowerCase() === word.toLowerCase());

/** A role as a pattern: `customer-liaison` is `customer liaison` too. */
const spaced = (role: string): string =>
  role.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('-', '[-\\s]');
