/** Reads what follows `db`: a check or the whole sweep, a target, and whether to go on looking. */
import { type Offer, type Refusal, refuse } from '../domain/refusal.ts';
import { nearest } from '../near.ts';

export interface DbWish {
  /** Undefined: the whole sweep. */
  readonly check?: string;
  /** Undefined: the only one there is. */
  readonly target?: string;
  /** Looks again and again, and tells what changes. */
  readonly watch: boolean;
}

export interface Known {
  readonly checks: readonly string[];
  readonly targets: readonly string[];
}

/** Phones turn two hyphens into a dash. */
const WATCH: ReadonlySet<string> = new Set(['--watch', '—watch', '–watch', 'watch']);
/** Says nothing by itself: without a check it is the sweep. */
const FILLERS: ReadonlySet<string> = new Set(['sweep', 'check']);

/** In any order: at most one check, at most one target. What is neither is refused with what is near. */
export function readDbWords(words: string, known: Known): DbWish | Refusal {
  let check: string | undefined;
  let target: string | undefined;
  let watch = false;
  for (const word of words.split(/\s+/).filter((each) => each !== '')) {
    const name = word.toLowerCase();
    if (WATCH.has(name)) watch = true;
    else if (check === undefined && known.checks.includes(name)) check = name;
    else if (target === undefined && known.targets.includes(word)) target = word;
    else if (!FILLERS.has(name)) return notUnderstood(words, word, known);
  }
  return { ...(check === undefined ? {} : { check }), ...(target === undefined ? {} : { target }), watch };
}

function notUnderstood(words: string, found: string, { checks, targets }: Known): Refusal {
  const near = nearest(found.toLowerCase(), ['sweep', ...checks, ...targets]).filter(
    (each) => each !== found,
  );
  const offers = near
    .map((each) => `db ${words.replace(found, () => each)}`)
    .map((line): Offer => ({ label: line, line }));
  const meant = near.length === 0 ? '' : `Did you mean ${near.map(code).join(' or ')}? `;
  return refuse(
    'DB_WORD_UNKNOWN',
    { found, meant, checks: checks.join(', ') || 'none', targets: targets.join(', ') || 'none yet' },
    offers,
  );
}

const code = (word: string): string => `\`${word}\``;
