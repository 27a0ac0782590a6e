/** Whether two titles tell of the same trouble: shown before a second channel is made, never decided upon. */
import type { Incident } from './incident.ts';

/** Words that say nothing. */
const GRAMMAR = wordSet(
  'a an and any are at be been being by can cannot cant do does everything for from has have in into is isnt it its no not of on or our some since that the there this to very with all again',
);
/** Words that say how it is broken, not what; with another word they are not told apart. */
const SYMPTOMS = wordSet(
  'broken bug customer customers delay delayed down degraded error errors fail failed failing fails failure failures incident issue issues late missing outage page pages problem problems site slow stuck timeout timeouts unavailable unreachable up user users website',
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
function similarity(one: string, other: string): number {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const shared = [...a].filter((word) => [...b].some((each) => isSameWord(word, each))).length;
  const [shorter, longer] = [Math.min(a.size, b.size), Math.max(a.size, b.size)];
  if (shared === 0 || (shared === 1 && longer > 2)) return 0;
  return shared / shorter;
}

/** What is broken; how, when a title says no more. */
function wordsOf(title: string): ReadonlySet<string> {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1 && !GRAMMAR.has(word));
  const telling = words.filter((word) => !SYMPTOMS.has(word));
  return new Set(telling.length > 0 ? telling : words);
}

/** `order` and `orders`, `site` and `website` are near enough for a question. */
const isSameWord = (one: string, other: string): boolean =>
  one === other || (Math.min(one.length, other.length) >= 4 && (isEndOf(one, other) || isEndOf(other, one)));

const isEndOf = (short: string, long: string): boolean => long.startsWith(short) || long.endsWith(short);

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
