/** An incident's title: one line, of a length that fits a heading, a topic and a table. */
import { type Refusal, refuse } from './refusal.ts';

const LONGEST = 200;

/** The title on one line, or why it is none. */
export function titleOf(text: string): string | Refusal {
  const title = oneLine(text);
  if (title === '') return refuse('TITLE_MISSING');
  return title.length > LONGEST ? refuse('TITLE_TOO_LONG', { found: title.length }) : title;
}

/** No line breaks, and no character that turns a line around. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
