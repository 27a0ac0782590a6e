/** What the judges of single statements share. */
import type { StatementAnalysis } from '../analyse.ts';
import { type Tree, text } from '../parse.ts';

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
