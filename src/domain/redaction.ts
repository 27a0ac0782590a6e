/** Which words an entry holds, and how they are found again wherever they were carried to. */
import type { TimelineEntry } from './entry.ts';
import { canonical, replaced, type Span, spansOf } from './find-words.ts';
import { channelName } from './incident.ts';
import { nameOf, type People } from './postmortem/markdown.ts';
import { secretsIn, tellingWords } from './secrets.ts';

/** What stands where words were. */
export const REDACTED = '[redacted]';

/** The reason in other incidents, which says nothing of this one. */
export const ELSEWHERE = 'it held words that were erased elsewhere';

/** What is looked for in a text. */
export interface Sought {
  /** Whether a text holds any of them. */
  holds(text: string): boolean;
  /** The text without them. */
  scrub(text: string): string;
}

/** Sought as they are, they are those of the incident in which they were said. */
export interface Words extends Sought {
  /** In other incidents: the whole text, and of its parts the secrets. */
  readonly elsewhere: Sought;
  /** Whether a reason would tell what it is that is erased. */
  isToldBy(reason: string): boolean;
  /** Of each a part that no rendering changes: whatever holds none of these holds none of the words. */
  readonly marks: readonly string[];
}

/** Shorter ones are words of every day: they are only taken where they are all that was said. */
const DISTINCT = 8;
/** So does a single word, unless it is as long as no word is. */
const LONG_WORD = 40;
/** With less than this of letters and digits a text says nothing that could be found. */
const LEAST = 3;

/** The words of entries: each text whole, without what the bot put before it, and the secrets in it. */
export function wordsOf(entries: readonly Pick<TimelineEntry, 'kind' | 'text'>[], people: People): Words {
  const texts = entries.flatMap(({ kind, text }) => (text === undefined ? [] : said(kind, text)));
  const all = longestFirst(texts.map((text) => text.trim()));
  const secrets = longestFirst(all.flatMap(secretsIn));
  const slugs = new Set(all.filter(isDistinct).map(slugOf));
  const distinct = (text: string): boolean => isDistinct(text) || slugs.has(text);
  const whole = needles(all.filter(distinct), people);
  const alone = needles(
    all.filter((text) => !distinct(text)),
    people,
  );
  const parts = needles(secrets, people);
  const marks = [...new Set([...all, ...secrets].map(markOf))];
  const both = [...whole, ...parts];
  const find = (text: string): readonly Span[] =>
    marks.some((mark) => text.includes(mark)) ? spansIn(both, text) : [];
  return {
    ...sought((text) => [...find(text), ...aloneIn(alone, text)]),
    elsewhere: sought(find),
    isToldBy: (reason) =>
      [...find(reason), ...aloneIn(alone, reason)].length > 0 ||
      tellingWords(reason).some((word) => all.some((text) => text.toLowerCase().includes(word))),
    marks,
  };
}

const longestFirst = (texts: readonly string[]): readonly string[] =>
  [...new Set(texts)].filter((text) => substance(text) >= LEAST).sort((a, b) => b.length - a.length);

/** One that is nobody's but theirs wherever it stands: several words, a secret, or what is as long as no word is. */
const isDistinct = (text: string): boolean =>
  length(text) >= DISTINCT &&
  (/\S\s+\S/.test(text) || length(text) >= LONG_WORD || secretsIn(`key: ${text}`).length > 0);

const sought = (find: (text: string) => readonly Span[]): Sought => ({
  holds: (text) => find(text).length > 0,
  scrub: (text) => replaced(text, find(text), REDACTED),
});

function spansIn(all: readonly string[], text: string): readonly Span[] {
  if (all.length === 0 || text === '') return [];
  const shown = canonical(text);
  return all.flatMap((each) => spansOf(each, shown));
}

/** What Firebreak puts before the words of somebody, and what they typed before it. */
const FRAME =
  /^(?:(?:\/\S+ )?[\p{L}-]{2,20} (?:inc-\d+ )?(?:\d{1,2}:\d\d |(?:edit|strike|restore|write) \S{1,40} )?|[*_]*(?:<@[^>]*>|Impact|Summary|Cause|What fixed it|Title|Update|Status|Paged|Postmortem|Action item)[^:]{0,80}: )$/u;

/** A word of every day is taken where it is all that somebody said. */
function aloneIn(all: readonly string[], text: string): readonly Span[] {
  return spansIn(all, text).filter(
    ({ from, to }) =>
      text.slice(to).trim() === '' && (text.slice(0, from).trim() === '' || FRAME.test(text.slice(0, from))),
  );
}

/** As canonical texts hold them: people as mentions, and by their names. */
function needles(texts: readonly string[], people: People): readonly string[] {
  const named = texts
    .filter((text) => text.includes('<@'))
    .map((text) => text.replace(MENTION, (_, user: string) => nameOf(user, people)));
  return [...new Set([...texts, ...named].map((text) => canonical(text).text.trim()))].filter(
    (text) => text !== '',
  );
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
    case 'export':
      return [];
    case 'redaction':
      return afterFrame(text, /^Entr(?:y|ies) [\d, and]+ (?:was|were) redacted by [^:]*: /).filter(
        (reason) => reason !== ELSEWHERE,
      );
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
    case 'part':
      return afterFrame(text, /^[^:]*: /);
  }
}

const afterFrame = (text: string, frame: RegExp): readonly string[] => {
  const found = frame.exec(text)?.[0];
  return found === undefined ? [] : [text.slice(found.length)];
};

/** A title is also the name of the channel. */
const titles = (all: readonly string[]): readonly string[] => all.flatMap((title) => [title, slugOf(title)]);

const slugOf = (title: string): string => channelName(0, title).slice('inc-0-'.length);

const MENTION = /<@([UW][A-Z0-9]+)>/g;

const length = (text: string): number => text.replace(MENTION, '').replace(/\s+/g, '').length;

/** Letters and digits, without people. */
const substance = (text: string): number => [...text.replace(MENTION, ' ').matchAll(/[\p{L}\p{N}]/gu)].length;

/** The longest run of letters and digits. */
const markOf = (text: string): string =>
  [...text.replace(NOT_VERBATIM, ' ').matchAll(/[\p{L}\p{N}]+/gu)]
    .map(([run]) => run)
    .reduce((longest, run) => (run.length > longest.length ? run : longest), '');

/** What a rendering may show by other letters. */
const NOT_VERBATIM = /<@[UW][A-Z0-9]+(?:\|[^<>]*)?>|&(?:amp;)*(?:(?:lt|gt);)?|<br>/g;
