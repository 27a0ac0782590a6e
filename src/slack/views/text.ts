/** Text for Slack: escaped, so that a database's words can call nobody, and cut to Slack's limits. */
import { foreign } from '../../domain/foreign.ts';

/** What our own texts may hold: people, groups, channels, dates and plain links; entities are left as they are. */
const OURS =
  /<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^[^<>]+|https?:\/\/[^<>|\s]+)(?:\|[^<>]*)?>|&(?:amp|lt|gt);/g;

/** Escapes what Slack would take for markup. A link loses its label, which could name another place. */
export function mrkdwn(text: string): string {
  let from = 0;
  let escaped = '';
  for (const found of text.matchAll(OURS)) {
    escaped += foreign(text.slice(from, found.index)) + withoutLabel(found[0]);
    from = found.index + found[0].length;
  }
  return escaped + foreign(text.slice(from));
}

/** Code on one line; backticks would end it. */
export const code = (text: string): string =>
  `\`${
    foreign(
      text
        .replace(/[`\s]+/g, ' ')
        .trim()
        .slice(0, 500),
    ) || ' '
  }\``;

/** At most `limit` characters, with the cut shown. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // A half of a pair of surrogates, of an entity or of a mention must not be left at the end.
  const cut = text
    .slice(0, limit - 1)
    .replace(/[\uD800-\uDBFF]$|&[a-z]{0,4}$|<(?:[@#!][^<>]*|h[^<>\s]*)?$/, '');
  return `${cut}…`;
}

/** `1 row`, `2 rows`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const withoutLabel = (token: string): string =>
  /^<https?:/.test(token) ? token.replace(/\|[^<>]*>$/, '>') : token;
