/** Text of people and databases as Markdown that shows what was written and cannot break the document. */
import type { Actor } from '../incident.ts';

export type People = Readonly<Record<string, string>>;

/** A person's name; actors that are no person, and ids without a name, as they are. */
export const nameOf = (actor: Actor, people: People): string =>
  (Object.hasOwn(people, actor) ? people[actor] : undefined) ?? actor;

/** Plain text of what Slack keeps as markup: mentions by name, links by label and address. */
export const plainText = (text: string, people: People): string =>
  unescapeSlack(text.replace(SLACK_TOKEN, (token) => plainToken(token, people)));

/** One line of Markdown: literal but for code spans, with Slack's mentions and links made readable. */
export function inline(text: string, people: People = {}): string {
  const source = fencesToSpans(text);
  let written = '';
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    written += quiet(literal(source.slice(end, match.index)));
    // A name after a sign would call its owner.
    written += (/[@#]$/.test(written) ? SPLIT : '') + tokenToMarkdown(match[0], people);
    end = match.index + match[0].length;
  }
  return oneLine(noBlock(written + quiet(literal(source.slice(end)))));
}

/** Between a sign and what it would call: seen by nobody. */
const SPLIT = '\u200B';

/**
 * Where trackers and wikis show it, `@name` would call somebody, and `#12` or `GH-12` link to an issue. An address, or
 * `root@host`, calls nobody; nothing does within a link or code.
 */
const quiet = (markdown: string): string =>
  markdown
    .replace(/(?<![A-Za-z0-9_])@(?=[\p{L}\p{N}])|#(?=\d)/gu, `$&${SPLIT}`)
    .replace(/(?<![A-Za-z0-9])GH-(?=\d)/gi, `$&${SPLIT}`);

/** A short exact value, such as a hash or the name of a table. */
export const code = (value: string): string =>
  /^[^`\\\p{Cc}\p{Zl}\p{Zp}]*[^`\\\s\p{Cc}]$/u.test(value) && !BIDI.test(value)
    ? `\`${value}\``
    : inline(value);

/** A table; cells are Markdown already, their pipes are escaped here. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [tableHead(head), ...rows.map(tableRow)].join('\n');

/** The line of a table's titles, and the one below it. */
export const tableHead = (head: readonly string[]): string =>
  [head, head.map(() => '---')].map(tableRow).join('\n');

export const tableRow = (row: readonly string[]): string => `| ${row.map(cell).join(' | ')} |`;

/** A block of code, as it is but for characters that nobody sees; no run of backticks in it closes its fence. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, lines(text).map(visible).join('\n'), fence].join('\n');
}

/** A list; a nested array belongs under the item before it. */
export type Item = string | readonly Item[];
export const list = (items: readonly Item[], indent = ''): string =>
  items
    .map((item) => (typeof item === 'string' ? `${indent}- ${item}` : list(item, `${indent}  `)))
    .filter((lines) => lines !== '')
    .join('\n');

/** `[label](url)` for what Slack or a person gave as a link; an address of another kind stays text. */
export const link = (label: string, url: string): string =>
  /^(?:https?:\/\/|mailto:)/i.test(url) ? `[${literal(label)}](${safeUrl(url)})` : inline(url);

const SLACK_TOKEN = /<(?:[@#!]|https?:\/\/|mailto:)[^<>\n]*>/gi;
const BREAKS = String.raw`\n\r\v\f\u0085\u2028\u2029`;
// No backslash in a code span: before a pipe in a table it would undo the pipe's own escape. No break: it would be read
// as `<br>`.
const TOKEN = new RegExp(`\`[^\`\\\\${BREAKS}]+\`|${SLACK_TOKEN.source}`, 'gi');
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const LINE_BREAKS = new RegExp(`\\s*(?:\\r\\n|[${BREAKS}])\\s*`, 'g');
const LINE_BREAK = new RegExp(`\\r\\n|[${BREAKS}]`);

function plainToken(token: string, people: People): string {
  const [target = '', label] = token.slice(1, -1).split(/\|(.*)/s);
  if (target.startsWith('@')) return nameOf(target.slice(1), people);
  if (target.startsWith('#')) return `#${label ?? target.slice(1)}`;
  if (target.startsWith('!')) return label ?? `@${target.slice(1)}`;
  return label === undefined || label === target ? target : `${label} (${target})`;
}

function tokenToMarkdown(token: string, people: People): string {
  if (token.startsWith('`')) return BIDI.test(token) ? literal(token) : unescapeSlack(token);
  if (/^<[@#!]/.test(token)) return quiet(literal(plainToken(token, people)));
  const [target = '', label] = token.slice(1, -1).split(/\|(.*)/s);
  return link(label === undefined ? target : quiet(label), unescapeSlack(target));
}

/** Slack escapes these three, and only these. */
const unescapeSlack = (text: string): string =>
  text.replace(/&(lt|gt|amp);/g, (_, name: string) => ({ lt: '<', gt: '>' })[name] ?? '&');

/** Escapes what Markdown would read as markup; an underscore within a word is none, and names stay searchable. */
const literal = (text: string): string =>
  unescapeSlack(text)
    .replace(/[\\`*~$[\]]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replace(/&(?=#?\w+;)/g, '&amp;')
    .replace(/</g, '&lt;');

/** A block of code becomes a code span a line, since everything here has to fit one line. */
const fencesToSpans = (text: string): string =>
  text.replace(/```\n?([^`]*?)\n?```/g, (_, block: string) =>
    lines(block)
      .map((line) => (line.trim() === '' ? '' : `\`${line}\``))
      .join('\n'),
  );

/** At the start of a list item even a single line can open a heading, a quote or another list. */
const noBlock = (line: string): string =>
  line
    .trim()
    .replace(/^(?:[#>=]|[-+](?=\s|$|-))/, '\\$&')
    .replace(/^(\d+)(?=[.)](?:\s|$))/, '$1\\');

const oneLine = (text: string): string => visible(text.replace(LINE_BREAKS, '<br>')).replaceAll('\t', ' ');

const lines = (text: string): readonly string[] => text.split(LINE_BREAK);

/** Control characters, and those that turn the direction of reading, made visible. */
const visible = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, (character) => (character === '\t' ? character : '\ufffd'))
    .replace(new RegExp(BIDI.source, 'g'), '\ufffd');

const safeUrl = (url: string): string =>
  url
    .replace(/[\s<>|\\`"]/g, encodeURIComponent)
    .replaceAll('(', '%28')
    .replaceAll(')', '%29');

const cell = (markdown: string): string => markdown.replace(/\|/g, '\\|');
