/** Reads YAML against a schema; every mistake at once, as `file:line:column path: what was found, what is expected`. */
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';

export type YamlRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

export function readYaml<T>(file: string, text: string, schema: z.ZodType<T>): YamlRead<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map(({ pos, message }) => `${place(pos[0])} ${message.split('\n')[0] ?? ''}`),
    };
  }
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String);
    return `${place(offsetOf(document, path))} ${path.join('.') || '(top)'}: ${describe(issue, document.toJS(), path)}`;
  });
  return { ok: false, problems };
}

/** Where the node of a path begins; for a missing key, its nearest parent. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function describe(issue: z.core.$ZodIssue, value: unknown, path: readonly string[]): string {
  if (issue.code === 'unrecognized_keys')
    return `found ${issue.keys.join(', ')}, which is not known here; check the spelling`;
  const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
  const shown = found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 80);
  return `found ${shown}, expected ${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}
