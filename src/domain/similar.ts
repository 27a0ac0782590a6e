/** Whether two titles tell of the same trouble: shown before a second channel is made, never decided upon. */
import type { Incident } from './incident.ts';

/** Words that say nothing about what is broken. */
const COMMON = new Set(
  'a an and are at be by cannot cant does down for from has have in is it its not of on or our the to users user with all some again very page pages site error errors fail fails failing failed broken issue issues problem problems slow outage'.split(
    ' ',
  ),
);
/** The share of the shorter title's words that the other one holds too. */
const ENOUGH = 0.6;

/** Open incidents that are probably the same, the most similar first. Drills are like nothing but drills. */
export function likelySame(
  wish: Pick<Incident, 'title' | 'kind'> & { readonly service?: string | undefined },
  open: readonly Incident[],
): readonly Incident[] {
  return open
    .filter(({ kind }) => kind === wish.kind)
    .map((incident) => ({ incident, score: score(wish, incident) }))
    .filter(({ score: found }) => found >= ENOUGH)
    .sort((a, b) => b.score - a.score)
    .map(({ incident }) => incident);
}

function score(
  wish: { readonly title: string; readonly service?: string | undefined },
  incident: Incident,
): number {
  if (wish.service !== undefined && wish.service === incident.service) return 1;
  return similarity(wish.title, incident.title);
}

/** From 0 to 1. Titles that share a single word count only when neither says more than that. */
export function similarity(one: string, other: string): number {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const shared = [...a].filter((word) => [...b].some((each) => isSameWord(word, each))).length;
  const [shorter, longer] = [Math.min(a.size, b.size), Math.max(a.size, b.size)];
  if (shared === 0 || (shared === 1 && longer > 2)) return 0;
  return shared / shorter;
}

/** What is left of a title; all its words when all of them are common. */
function wordsOf(title: string): ReadonlySet<string> {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1);
  const telling = words.filter((word) => !COMMON.has(word));
  return new Set(telling.length > 0 ? telling : words);
}

/** `order` and `orders`, `check` and `checkout` are near enough for a question. */
const isSameWord = (one: string, other: string): boolean =>
  one === other ||
  (Math.min(one.length, other.length) >= 4 && (one.startsWith(other) || other.startsWith(one)));
