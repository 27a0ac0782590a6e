/** Mistakes in the SQL of a step: PostgreSQL's own parser reads it, with its places for names. */
import { statementsOf, tokensOf } from '../databases/parse.ts';
import type { Mistake } from '../yaml.ts';
import type { SketchStep } from './sketch.ts';

const PLACE = /^"\{\{(.*)\}\}"$/s;

/** Nothing when the step has no SQL. */
export async function sqlMistakes(
  path: readonly PropertyKey[],
  wanted: SketchStep['with'],
): Promise<readonly Mistake[]> {
  const { sql, names } = wanted;
  if (typeof sql !== 'string') return [];
  const at = [...path, 'sql'];
  const unread = await statementsOf(sql).then(
    (statements) => (statements.length === 0 ? 'no statement' : undefined),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (unread !== undefined) return [{ path: at, found: unread, expected: 'SQL that PostgreSQL can read' }];
  const places = await placesIn(sql);
  const known = typeof names === 'object' && names !== null ? Object.keys(names) : [];
  return [
    ...(sql.split('{{').length - 1 > places.length
      ? [
          {
            path: at,
            found: 'a `{{` within a text',
            expected: '`"{{name}}"` where a name belongs; values are `$1`',
          },
        ]
      : []),
    ...places
      .filter((place) => !known.includes(place))
      .map((place) => ({ path: at, found: `"{{${place}}}"`, expected: `\`${place}\` in \`names\`` })),
    ...known
      .filter((name) => !places.includes(name))
      .map((name) => ({
        path: [...path, 'names', name],
        found: `\`${name}\``,
        expected: `"{{${name}}}" in the SQL`,
      })),
  ];
}

/** The names that quoted identifiers stand for. */
async function placesIn(sql: string): Promise<readonly string[]> {
  const { bytes, tokens } = (await tokensOf(sql)) ?? { bytes: Buffer.from(''), tokens: [] };
  return tokens.flatMap(
    ({ start, end }) => PLACE.exec(bytes.subarray(start, end).toString())?.[1]?.trim() ?? [],
  );
}
