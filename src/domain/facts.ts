/** The facts behind a verdict as short lines for people; in full they are in the JSON. */

type Facts = Readonly<Record<string, unknown>>;

const ROWS = 8;
const LINE = 300;
/** Names a session to machines; people have its pid. */
const FOR_MACHINES: ReadonlySet<string> = new Set(['backendStart', 'backend_start', 'xid', 'version_num']);

/** One line a figure, one a row of a list; what is empty is left out. */
export const factLines = (facts: Facts): readonly string[] =>
  Object.entries(facts).flatMap(([name, value]) => linesOf(named(name), value));

function linesOf(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    const text = textOf(value);
    return text === '' ? [] : [clipped(`${name}: ${text}`)];
  }
  if (value.length === 0) return [];
  if (!value.some(isFacts)) return [clipped(`${name}: ${value.map(textOf).join(', ')}`)];
  const more = value.length - ROWS;
  return [
    `${name}:`,
    ...value.slice(0, ROWS).map((row) => clipped(`- ${textOf(row)}`)),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ];
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  if (value instanceof Date) return value.toISOString();
  if (isFacts(value))
    return Object.entries(value)
      .filter(([name]) => !FOR_MACHINES.has(name))
      .map(([name, each]) => [named(name), textOf(each)] as const)
      .filter(([, text]) => text !== '')
      .map((pair) => pair.join(' '))
      .join(', ');
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isFacts = (value: unknown): value is Facts => typeof value === 'object' && value !== null;

/** `backend_start` and `backendStart` as words. */
const named = (name: string): string =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();

const clipped = (line: string): string => (line.length > LINE ? `${line.slice(0, LINE - 1)}…` : line);
