/**
 * Finds a text however it was rendered: as it was typed, as Slack escapes it, as Markdown shows it. In time that grows
 * with the text: no pattern is made of what was said, which may be as long as Slack takes and hold any sign.
 */

/** A text without what a rendering changes, and where each of its signs stood. */
interface Canonical {
  readonly text: string;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

const SPACE = /[\s\u0085]/;
const ENTITY = /&(?:amp;)*(?:(lt|gt);)?/y;
const LABEL = /<@([UW][A-Z0-9]+)\|[^<>]*>/g;

/** Backslashes go, entities are what they stand for, white space and `<br>` are one space, mentions have no label. */
export const canonical = (source: string): Canonical => withoutLabels(spaced(unescaped(source)));

/** Signs as their codes: a report may be many megabytes. */
class Signs {
  readonly codes: Uint16Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  length = 0;

  constructor(room: number) {
    this.codes = new Uint16Array(room);
    this.from = new Uint32Array(room);
    this.to = new Uint32Array(room);
  }

  push(code: number, from: number, to: number): void {
    this.codes[this.length] = code;
    this.from[this.length] = from;
    this.to[this.length] = to;
    this.length += 1;
  }

  text(): string {
    const pieces: string[] = [];
    for (let at = 0; at < this.length; at += PIECE)
      pieces.push(String.fromCharCode(...this.codes.subarray(at, Math.min(at + PIECE, this.length))));
    return pieces.join('');
  }
}

/** As many arguments as a call surely takes. */
const PIECE = 8192;

const code = (sign: string): number => sign.charCodeAt(0);
const [BACKSLASH, AMPERSAND, BLANK, LESS, GREATER] = [code('\\'), code('&'), code(' '), code('<'), code('>')];

function unescaped(source: string): Signs {
  const out = new Signs(source.length);
  let start = 0;
  for (let at = 0; at < source.length; ) {
    const sign = source.charCodeAt(at);
    const end = sign === AMPERSAND ? entityAt(source, at) : { sign, to: at + 1 };
    at = end.to;
    // What escaped a sign goes with it.
    if (sign === BACKSLASH) continue;
    out.push(end.sign, start, at);
    start = at;
  }
  return out;
}

function entityAt(source: string, at: number): { sign: number; to: number } {
  ENTITY.lastIndex = at;
  const [whole = '&', name] = ENTITY.exec(source) ?? [];
  return { sign: name === 'lt' ? LESS : name === 'gt' ? GREATER : AMPERSAND, to: at + whole.length };
}

function spaced(signs: Signs): Signs {
  const text = signs.text();
  const out = new Signs(signs.length);
  for (let at = 0; at < text.length; ) {
    const isBreak = text.startsWith('<br>', at);
    const isSpace = isBreak || SPACE.test(text[at] ?? '');
    const next = at + (isBreak ? 4 : 1);
    const to = signs.to[next - 1] ?? 0;
    if (isSpace && out.length > 0 && out.codes[out.length - 1] === BLANK) out.to[out.length - 1] = to;
    else out.push(isSpace ? BLANK : text.charCodeAt(at), signs.from[at] ?? 0, to);
    at = next;
  }
  return out;
}

function withoutLabels(signs: Signs): Canonical {
  const text = signs.text();
  if (!text.includes('<@')) return { text, from: signs.from, to: signs.to };
  const out = new Signs(signs.length);
  let at = 0;
  const copy = (until: number): void => {
    for (; at < until; at += 1) out.push(signs.codes[at] ?? 0, signs.from[at] ?? 0, signs.to[at] ?? 0);
  };
  for (const { index, 0: whole } of text.matchAll(LABEL)) {
    copy(index + whole.indexOf('|'));
    at = index + whole.length - 1;
  }
  copy(signs.length);
  return { text: out.text(), from: out.from, to: out.to };
}

const WORD = /[\p{L}\p{N}]/u;

/** Each place where the words stand by themselves, not within a longer word. */
export function spansOf(sought: string, { text, from, to }: Canonical): readonly Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(sought); at >= 0; ) {
    const end = at + sought.length;
    const bound = apart(text[at - 1], text[at]) && apart(text[end - 1], text[end]);
    if (bound) spans.push({ from: from[at] ?? 0, to: to[end - 1] ?? 0 });
    at = text.indexOf(sought, bound ? end : at + 1);
  }
  return spans;
}

const apart = (left = '', right = ''): boolean => !(WORD.test(left) && WORD.test(right));

/** The text with something else in these places; where they overlap, once. */
export function replaced(source: string, spans: readonly Span[], instead: string): string {
  let written = '';
  let end = 0;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (from >= end) written += source.slice(end, from) + instead;
    end = Math.max(end, to);
  }
  return written + source.slice(end);
}
