/**
 * Finds a text however it was rendered: as it was typed, as Slack escapes it, as Markdown shows it. In time that grows
 * with the text: no pattern is made of what was said, which may be as long as Slack takes and hold any sign.
 */

/** A text without what a rendering changes, and where each of its signs stood. */
export interface Canonical {
  readonly text: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
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

interface Signs {
  readonly signs: string[];
  readonly from: number[];
  readonly to: number[];
}

function unescaped(source: string): Signs {
  const out: Signs = { signs: [], from: [], to: [] };
  let start = 0;
  for (let at = 0; at < source.length; ) {
    const sign = source[at] ?? '';
    const end = sign === '&' ? entityAt(source, at) : { sign, to: at + 1 };
    at = end.to;
    // What escaped a sign goes with it.
    if (sign === '\\') continue;
    push(out, end.sign, start, at);
    start = at;
  }
  return out;
}

function entityAt(source: string, at: number): { sign: string; to: number } {
  ENTITY.lastIndex = at;
  const [whole = '&', name] = ENTITY.exec(source) ?? [];
  return { sign: name === 'lt' ? '<' : name === 'gt' ? '>' : '&', to: at + whole.length };
}

function push(out: Signs, sign: string, from: number, to: number): void {
  out.signs.push(sign);
  out.from.push(from);
  out.to.push(to);
}

function spaced({ signs, from, to }: Signs): Signs {
  const out: Signs = { signs: [], from: [], to: [] };
  for (let at = 0; at < signs.length; ) {
    const isBreak =
      signs[at] === '<' && signs[at + 1] === 'b' && signs[at + 2] === 'r' && signs[at + 3] === '>';
    const isSpace = isBreak || SPACE.test(signs[at] ?? '');
    const next = at + (isBreak ? 4 : 1);
    if (isSpace && out.signs.at(-1) === ' ') out.to[out.to.length - 1] = to[next - 1] ?? 0;
    else push(out, isSpace ? ' ' : (signs[at] ?? ''), from[at] ?? 0, to[next - 1] ?? 0);
    at = next;
  }
  return out;
}

function withoutLabels({ signs, from, to }: Signs): Canonical {
  const text = signs.join('');
  if (!text.includes('<@')) return { text, from, to };
  const out: Signs = { signs: [], from: [], to: [] };
  let at = 0;
  const copy = (until: number): void => {
    for (; at < until; at += 1) push(out, signs[at] ?? '', from[at] ?? 0, to[at] ?? 0);
  };
  for (const { index, 0: whole } of text.matchAll(LABEL)) {
    copy(index + whole.indexOf('|'));
    at = index + whole.length - 1;
  }
  copy(signs.length);
  return { text: out.signs.join(''), from: out.from, to: out.to };
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
