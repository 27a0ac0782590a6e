/** What a person reads of a refusal: what happened, what was found, what to do. */
import type { Refusal } from '../domain/refusal.ts';
import { explainRefusal } from '../errors.ts';
import type { Reply } from './command.ts';

export function refusalText(refusal: Refusal): string {
  const { message, fix } = explainRefusal(refusal);
  return `:no_entry: ${message}\n${fix}`;
}

/** The same, with what could be said instead. */
export const refusalReply = (refusal: Refusal): Reply => ({
  text: refusalText(refusal),
  refused: true,
  code: refusal.code,
  ...(refusal.offers ? { offers: refusal.offers } : {}),
});
