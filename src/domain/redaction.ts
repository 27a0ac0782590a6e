/** Which words an entry holds, and how they are found again wherever they were carried to. */
import type { TimelineEntry } from './entry.ts';
import { channelName } from './incident.ts';
import { nameOf, type People } from './postmortem/markdown.ts';

/** What stands where words were. */
export const REDACTED = '[redacted]';

export interface Words {
  /** Whether a text holds any of them. */
  holds(text: string): boolean;
  /** The text without them. */
  scrub(text: string): string;
  /** Of each a part that no rendering changes: whatever holds none of these holds none of the words. */
  readonly marks: readonly string[];
}

/** Shorter ones are words of every day: they are only taken where they are all that was said. */
const DISTINCT = 8;
/** With less than this of letters and digits a text says nothing that could be found. */
const LEAST = 3;

/** The words of entries: each text whole, without what the bot put before it, and its longer lines. */
export function wordsOf(entries: readonly Pick<TimelineEntry, 'kind' | 'text'>[], people: People): Words {
  const texts = entries.flatMap(({ kind, text }) => (text === undefined ? [] : said(kind, text)));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => length(line) >= DISTINCT);
  const all = [...new Set([...texts, ...lines].map((text) => text.trim()))]
    .filter((text) => substance(text) >= LEAST)
    .sort((a, b) => b.length - a.length);
  const patterns = all.map((text) => patternOf(text, people));
  return {
    holds: (text) => patterns.some((pattern) => text.search(pattern) >= 0),
    scrub: (text) => patterns.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text),
    marks: [...new Set(all.map(markOf))],
  };
}

/** What people said within an entry; of some the bot wrote all. */
function said(kind: TimelineEntry['kind'], text: string): readonly string[] {
  switch (kind) {
    case 'severity':
    case 'role':
    case 'milestone':
    case 'channel':
    case 'reminder':
    case 'answer':
    case 'redaction':
    case 'export':
      return [];
    case 'note':
    case 'message':
    case 'update':
    case 'correction':
    case 'gap':
      return [text, ...afterFrame(text, /^(?:<@[UW][A-Z0-9]+>|Impact|Summary|Cause|What fixed it): /)];
    case 'declared':
      return titles(afterFrame(text, /^Declared [^:]*: /));
    case 'title':
      return titles(afterFrame(text, /^Title: /).flatMap((both) => both.split(' → ')));
    case 'duplicate':
      return afterFrame(text, /^Incident \d+ \(/).map((rest) =>
        rest.replace(/\) is a duplicate of[\s\S]*$/, ''),
      );
    case 'action':
      return afterFrame(text, /^[^:]*: /).map((rest) => rest.replace(/ \((?:owner|due) [\s\S]*\)$/, ''));
    case 'run':
      return [text, ...afterFrame(text, /^Run \d+ [^:]*: /).map((rest) => rest.replace(/ on \S+$/, ''))];
    case 'step':
    case 'approval':
    case 'diagnosis':
      return [
        text,
        ...afterFrame(text, /^Run \d+, [^:]*: /).map((rest) => rest.replace(/ \(requested by [^()]*\)$/, '')),
      ];
    case 'monitor':
      return [
        text,
        ...afterFrame(text, /^Monitor [^(]*\((?:SQLSTATE \w+, )?/).map((rest) =>
          rest.replace(/(?:, table [^)]*)?\)$/, ''),
        ),
      ];
    case 'impact':
    case 'summary':
    case 'cause':
    case 'fix':
    case 'status':
    case 'page':
    case 'change':
      return afterFrame(text, /^[^:]*: /);
  }
}

const afterFrame = (text: string, frame: RegExp): readonly string[] => {
  const found = frame.exec(text)?.[0];
  return found === undefined ? [] : [text.slice(found.length)];
};

/** A title is also the name of the channel. */
const titles = (all: readonly string[]): readonly string[] =>
  all.flatMap((title) => [title, channelName(0, title).slice('inc-0-'.length)]);

const MENTION = /<@([UW][A-Z0-9]+)>/g;

const length = (text: string): number => text.replace(MENTION, '').replace(/\s+/g, '').length;

/** Letters and digits, without people. */
const substance = (text: string): number => [...text.replace(MENTION, ' ').matchAll(/[\p{L}\p{N}]/gu)].length;

/** The longest run of letters and digits. */
const markOf = (text: string): string =>
  [...text.replace(MENTION, ' ').matchAll(/[\p{L}\p{N}]+/gu)]
    .map(([run]) => run)
    .reduce((longest, run) => (run.length > longest.length ? run : longest), '');

/** Finds a text as it was typed, as Slack escapes it, and as Markdown shows it. */
function patternOf(text: string, people: People): RegExp {
  const plain = text.replace(/&(lt|gt|amp);/g, (_, name: string) => ({ lt: '<', gt: '>' })[name] ?? '&');
  const source = plain
    .split(/(<@[UW][A-Z0-9]+>|\s+)/)
    .map((part) => pieceOf(part, people))
    .join('');
  return length(text) >= DISTINCT
    ? new RegExp(source, 'gu')
    : new RegExp(`(?<=^|\\s)${source}(?=$|\\s*\\n)`, 'gmu');
}

function pieceOf(part: string, people: People): string {
  const user = /^<@([UW][A-Z0-9]+)>$/.exec(part)?.[1];
  if (user !== undefined) return `(?:<@${user}(?:\\|[^>]*)?>|${verbatim(nameOf(user, people))})`;
  return /^\s+$/.test(part) ? String.raw`(?:\s|<br>)+` : verbatim(part);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '(?:&amp;|&)',
  '<': '(?:&lt;|<)',
  '>': '(?:&gt;|>)',
};

/** Each sign may be escaped. */
const verbatim = (text: string): string =>
  Array.from(text)
    .map((sign) => {
      if (/[\p{L}\p{N}\p{M}]/u.test(sign)) return sign;
      return String.raw`\\?` + (ENTITIES[sign] ?? `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
    })
    .join('');
