/** What a channel may be called. */
import { SlackError } from '../refusal.ts';

const MAX_LENGTH = 80;

export function checkName(name: string): void {
  if (name === '') throw new SlackError('invalid_name_required');
  if (name.length > MAX_LENGTH) throw new SlackError('invalid_name_maxlength');
  if (/^[-_.\p{P}]+$/u.test(name)) throw new SlackError('invalid_name_punctuation');
  if (!/^[\p{Ll}\p{Lo}\p{M}\p{N}_-]+$/u.test(name)) throw new SlackError('invalid_name_specials');
}
