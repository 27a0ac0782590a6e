/** Reads YAML against a schema; every mistake at once, as `file:line:column path: found …, expected …`. */
import { type Document, isCollection, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { nearest } from './near.ts';

export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly found: string;
  readonly expected: string;
}

export type YamlRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface Yaml {
  readonly ok: true;
  readonly raw: unknown;
  /** What a schema finds wrong with it. */
  mistakesOf(issues: readonly z.core.$ZodIssue[]): readonly Mistake[];
  /** Each mistake once, with its place, in the order of the file. */
  tell(mistakes: readonly Mistake[]): readonly string[];
}

/** Reads what is YAML at all; `file` is how it is called in mistakes. */
export function openYaml(
  file: string,
  text: string,
): Yaml | { readonly ok: false; readonly problems: readonly string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const broken = document.errors.map(
    ({ pos, message }) => `${place(pos[0])} ${message.split('\n')[0] ?? ''}`,
  );
  if (broken.length > 0) return { ok: false, problems: broken };
  return {
    ok: true,
    raw: document.toJS() ?? {},
    mistakesOf: (issues) => issues.flatMap((issue) => mistakesOf(issue, document)),
    tell: (mistakes) => inOrder(mistakes, document).map((mistake) => told(mistake, document, place)),
  };
}

/** `more` looks for what the schema cannot see, once it is content. */
export function readYaml<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
  more: (value: T) => readonly Mistake[] = () => [],
): YamlRead<T> {
  const yaml = openYaml(file, text);
  if (!yaml.ok) return yaml;
  const parsed = schema.safeParse(yaml.raw);
  const mistakes = parsed.success ? more(parsed.data) : yaml.mistakesOf(parsed.error.issues);
  if (parsed.success && mistakes.length === 0) return { ok: true, value: parsed.data };
  return { ok: false, problems: yaml.tell(mistakes) };
}

/** A strict object that says of a key it does not know which one may have been meant. */
export const strict = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? // A line a key, in their order.
          issue.keys.map((key) => expectedWord(key, Object.keys(shape))).join('\n')
        : undefined,
  });

/** One of two, of which the second is the usual one: what is neither has the mistakes of that. */
export const either = <First extends z.ZodType, Usual extends z.ZodType>(first: First, usual: Usual) =>
  z.union([first, usual], { error: USUAL });

const USUAL = 'the second';

/** The word that was meant, or all that there are. */
export function expectedWord(found: string, known: readonly string[]): string {
  const near = nearest(found, known);
  const words = near.length > 0 ? near : known;
  const list = words.map((word) => `\`${word}\``).join(', ');
  if (words.length === 0) return 'nothing';
  return words.length === 1 ? list : `one of ${list}`;
}

function mistakesOf(issue: z.core.$ZodIssue, document: Document): readonly Mistake[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    // What `strict` does not say is zod's own sentence.
    const meant = issue.message.startsWith('Unrecognized') ? [] : issue.message.split('\n');
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      found: `\`${key}\``,
      expected: meant[index] ?? 'no such key; check the spelling',
    }));
  }
  if (issue.code === 'invalid_union' && issue.message === USUAL)
    return (issue.errors[1] ?? []).flatMap((inner) =>
      mistakesOf({ ...inner, path: [...path, ...inner.path] }, document),
    );
  const badKey = issue.code === 'invalid_key' ? issue.issues[0] : undefined;
  if (badKey) return [{ path, found: 'a key of this name', expected: badKey.message }];
  return [{ path, found: shown(document.getIn(path)), expected: expectationOf(issue) }];
}

/** A value as a mistake shows it. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return isCollection(value) || (typeof value === 'object' && value !== null)
    ? 'a collection'
    : JSON.stringify(value).slice(0, 80);
}

/** What the schema wants there. */
export function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected === 'never' ? issue.message : issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (!issue.message.startsWith('Too ')) return issue.message;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  return issue.message;
}

function told(
  { path, found, expected }: Mistake,
  document: Document,
  place: (offset: number) => string,
): string {
  const at = place(offsetOf(document, path));
  return `${at} ${path.map(String).join('.') || '(top)'}: found ${found}, expected ${expected}`;
}

/** Where the value is, or the innermost thing around it that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

/** Sorted by place; of two that say the same the first stays. */
function inOrder(mistakes: readonly Mistake[], document: Document): readonly Mistake[] {
  const key = ({ path, expected }: Mistake): string => JSON.stringify([path.map(String), expected]);
  const once = new Map(mistakes.map((mistake) => [key(mistake), mistake]));
  return [...once.values()].sort((a, b) => offsetOf(document, a.path) - offsetOf(document, b.path));
}
