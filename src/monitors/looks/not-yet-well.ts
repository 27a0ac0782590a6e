/** What keeps a red period from ending: only what was red in it. Other things may be a little unwell for ever. */
import { z } from 'zod';

/** Of a look's memory: the names of what was red and is not well since. */
export const WasRed = z.array(z.string()).default([]);

/** Uneasy by what was red and is still `unwell`; and what the next look has to know of that. */
export function notYetWell(
  before: readonly string[],
  red: readonly string[],
  unwell: readonly string[],
): { readonly uneasy: boolean; readonly wasRed: string[] } {
  const still = before.filter((name) => unwell.includes(name));
  return { uneasy: still.length > 0, wasRed: [...new Set([...red, ...still])] };
}
