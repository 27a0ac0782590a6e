/** Reads YAML against a schema; every mistake at once, as `file:line:column path: found …, expected …`. */
import { type Document, isCollection, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly found: string;
  readonly expected: string;
}

export type YamlRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** `more` looks for what the schema cannot see, once it is content. */
export function readYaml<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
  more: (value: T) => readonly Mistake[] = () => [],
): YamlRead<T> {
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
  const parsed = schema.safeParse(document.toJS() ?? {});
  const mistakes = parsed.success
    ? more(parsed.data)
    : parsed.error.issues.map((issue) => mistakeOf(issue, document));
  if (parsed.success && mistakes.length === 0) return { ok: true, value: parsed.data };
  return { ok: false, problems: mistakes.map((mistake) => told(mistake, document, place)) };
}

function mistakeOf(issue: z.core.$ZodIssue, document: Document): Mistake {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (unknown !== undefined)
    return {
      path: [...issue.path, unknown],
      found: `\`${unknown}\``,
      expected: 'no such key; check the spelling',
    };
  const badKey = issue.code === 'invalid_key' ? issue.issues[0] : undefined;
  if (badKey) return { path: issue.path, found: 'a key of this name', expected: badKey.message };
  return { path: issue.path, found: shown(document.getIn(issue.path)), expected: expectation(issue) };
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return isCollection(value) ? 'a collection' : JSON.stringify(value).slice(0, 80);
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return issue.expected;
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
