/** What Slack shows, as a terminal shows it: names for mentions, no emoji codes and no markup, lines that fit. */

const WIDTH = 118;
const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** `names` holds people and channels by id. */
export const readable = (text: string, names: ReadonlyMap<string, string>): string =>
  text
    .replace(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => `@${names.get(id) ?? id}`)
    .replace(/<#([CG][A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => `#${names.get(id) ?? id}`)
    .replace(/<(?:https?|mailto):[^|>]*\|([^>]*)>/g, '$1')
    .replace(/(?<!\w):[a-z][a-z0-9_+-]*:(?!\w) ?/g, '')
    .replace(/(?<![\w*])\*(\S|\S[^*\n]*\S)\*(?![\w*])/g, '$1')
    .replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity);

/** Breaks each line between words; what goes on is indented by `indent`. */
export const wrapped = (text: string, first: string, indent: string): string =>
  text
    .split('\n')
    .flatMap((line, index) => broken(line, index === 0 ? first : indent, indent))
    .join('\n');

function broken(line: string, start: string, indent: string): readonly string[] {
  const bar = /^\| (?:• )?/.exec(line)?.[0] ?? '';
  const hanging = indent + bar.replace('•', ' ');
  const lines: string[] = [];
  let current = start;
  let isEmpty = true;
  for (const word of line.split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = hanging;
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
