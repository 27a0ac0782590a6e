/** Which relation an error of PostgreSQL is about, by the place in the statement that it points at. */
import { relationName, statementsOf, strings, type Tree, walk } from './parse.ts';

interface Mention {
  readonly location: number;
  readonly relation: string;
}

/** The relation named, or whose column stands, nearest to `position` (characters from 1); undefined when none can be told. */
export async function relationAt(sql: string, position: number): Promise<string | undefined> {
  const place = Buffer.byteLength(sql.slice(0, position - 1));
  const distance = ({ location }: Mention): number => Math.abs(location - place);
  const [nearest] = (await mentions(sql)).sort((a, b) => distance(a) - distance(b));
  return nearest?.relation;
}

/** Relations where they are named, and where a column is qualified by them; locations are bytes. */
async function mentions(sql: string): Promise<Mention[]> {
  const relations = new Map<string, string>();
  const found: Mention[] = [];
  const columns: { location: number; qualifier: string }[] = [];
  for (const { node } of await statementsOf(sql)) {
    walk(node, (key, tree) => {
      if (key === 'RangeVar') {
        relations.set(aliasOf(tree), relationName(tree));
        found.push({ location: locationOf(tree), relation: relationName(tree) });
      }
      const [qualifier, column] = key === 'ColumnRef' ? strings(tree['fields']) : [];
      if (qualifier !== undefined && column !== undefined)
        columns.push({ location: locationOf(tree), qualifier });
    });
  }
  const qualified = columns.flatMap(({ location, qualifier }) => {
    const relation = relations.get(qualifier);
    return relation === undefined ? [] : [{ location, relation }];
  });
  return [...found, ...qualified];
}

const aliasOf = (tree: Tree): string => {
  const alias = tree['alias'] as Tree | undefined;
  return String(alias?.['aliasname'] ?? tree['relname']);
};

/** The parser leaves a location of 0 out. */
const locationOf = (tree: Tree): number => Number(tree['location'] ?? 0);
