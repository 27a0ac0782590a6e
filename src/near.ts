/** Which of the known words somebody may have meant by one that is not known. */
import { distance } from 'fastest-levenshtein';

const MOST = 3;

/** At most three, the nearest first. */
export const nearest = (found: string, words: readonly string[]): readonly string[] =>
  near(
    found,
    words.map((word) => [word, word]),
  );

/** The nearest first, each head once, however many words lead to it. */
export function near(
  found: string,
  words: readonly (readonly [word: string, head: string])[],
): readonly string[] {
  const ranked = words
    .map(([word, head]) => ({ head, edits: edits(found, word), most: mostEdits(found, word) }))
    .filter(({ edits: count, most }) => count <= most)
    .sort((a, b) => a.edits - b.edits);
  return [...new Set(ranked.map(({ head }) => head))].slice(0, MOST);
}

/** Two letters that changed places are one edit, and so is a word that was not typed to its end. */
const edits = (found: string, word: string): number =>
  isBegun(found, word) || isSwapped(found, word) ? Math.min(1, distance(found, word)) : distance(found, word);

const isBegun = (found: string, word: string): boolean =>
  (found.length >= 3 && word.startsWith(found)) ||
  ['s', 'd', 'ed', 'led'].some((end) => found === `${word}${end}`);

const isSwapped = (found: string, word: string): boolean =>
  Array.from(
    { length: word.length - 1 },
    (_, i) => `${word.slice(0, i)}${word.charAt(i + 1)}${word.charAt(i)}${word.slice(i + 2)}`,
  ).includes(found);

/** Among short words everything is near everything. */
function mostEdits(found: string, word: string): number {
  if (Math.min(found.length, word.length) < 3) return 0;
  return Math.max(found.length, word.length) < 6 ? 1 : 2;
}
