/** What the judges of single statements share. */
import type { Lock, StatementAnalysis } from '../analyse.ts';
import { relationName, type Tree, text, walk } from '../parse.ts';
import { plain } from './names.ts';

/** What is known of a statement beside its text. */
export type Judgement = Partial<Omit<StatementAnalysis, 'sql' | 'kind' | 'calls'>> & {
  readonly describe: string;
};

/** CASCADE takes what the statement does not name. */
export const cascades = (tree: Tree): boolean => tree['behavior'] === 'DROP_CASCADE';

/** `OBJECT_MATVIEW` as `matview`. */
export const objectWord = (type: unknown): string => text(type).replace('OBJECT_', '').toLowerCase();

/** What an effect is made to, when it is no table. */
export const objectOf = (type: unknown): { readonly object?: string } =>
  objectWord(type) === 'table' ? {} : { object: objectWord(type) };

/** A relation as the statement writes it. */
export const written = (tree: Tree, key = 'relation'): string => relationName((tree[key] ?? {}) as Tree);
/** The same, `public.` left out. */
export const relation = (tree: Tree, key = 'relation'): string => plain(written(tree, key));
export const lock = (name: string, mode: string): Lock => ({ relation: name, mode });

/** Every relation in a part of a statement. */
export const rangeVars = (value: unknown): string[] => {
  const found: string[] = [];
  walk(value, (key, tree) => {
    if (key === 'RangeVar') found.push(relationName(tree));
  });
  return found;
};
