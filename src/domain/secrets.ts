/** Which parts of a text are secrets, rare enough to be looked for by themselves; and which words are of every day. */

/** What identifies nobody and opens nothing: a reason may share it with the words that are erased. */
const COMMON = new Set(
  `access account accident accidentally address affected already another because before between broken browser button
  cancel cancelled certificate change changed channel client column command config configuration connect connection
  contains corrected credential credentials customer customers database deploy deployed deployment details document
  during employee entered erased escalate everything example export failed failing financial handle health hidden
  impact incident internal invoice issued leaked localhost logged login mailed medical members mention mentioned message
  messages migration mistake monitor needed needless number numbers opened orders outage parameter passed passphrase
  password passwords pasted patient payment people person personal phone please posted postmortem private process
  production project published reason record redact redacted release removed replica report requested resolved restart
  revealed rolled rollback salary schema screenshot secret secrets select server service shared should showed slower
  somebody someone something staging status string system tables terminal thanks thread through tokens treatment typed
  update updated username version visible wanted where which window without wrongly yesterday`.split(/\s+/),
);

/** Slack's own marks of people, channels and links are no words. */
const withoutMarks = (text: string): string => text.replace(/<(?:[@#!][^<>\s]*|https?:\/\/[^<>\s]*)>/g, ' ');

/** More are no password, but a log; what is said of it whole is looked for all the same. */
const MOST = 200;

/** What stands after `password=`, `token:`, `Bearer`, and what looks as no word does. */
export function secretsIn(text: string): readonly string[] {
  const plain = withoutMarks(text);
  const named = [...plain.matchAll(NAMED)].map(([, value = '']) => trimmed(value)).filter(canOpen);
  const called = [...plain.matchAll(CALLED)].map(([, value = '']) => trimmed(value)).filter(isMixed);
  const inUrls = [...plain.matchAll(/:\/\/[^\s/:@]*:([^\s/@]+)@/g)].map(([, value = '']) => value);
  const tokens = plain.split(/\s+/).map(trimmed).filter(looksSecret);
  return [...new Set([...inUrls.filter(canOpen), ...named, ...called, ...tokens])].slice(0, MOST);
}

const NAMED =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|bearer)["'`*]?\s*[=:]\s*["'`*]?([^\s"'`*]{4,200})/gi;
const CALLED =
  /\b(?:pass(?:word|wd|phrase)|pwd|secret|token|key|bearer)\s+(?:is\s+|was\s+)?["'`*]?([^\s"'`*]{6,200})/gi;

const BEFORE = new Set('"\'`*_(<[{,;');
const AFTER = new Set('"\'`*_)>]},;:.!?');

/** Without the signs around it; no expression, which would try every run of them anew. */
function trimmed(token: string): string {
  let [from, to] = [0, token.length];
  while (from < to && BEFORE.has(token[from] ?? '')) from += 1;
  while (to > from && AFTER.has(token[to - 1] ?? '')) to -= 1;
  return token.slice(from, to);
}

const isMixed = (token: string): boolean =>
  token.length >= 4 && /\p{L}/u.test(token) && /\d/.test(token) && !isIdentifier(token) && !isTime(token);

/** What `password=` is said to be: unless it is a word of every day. */
const canOpen = (token: string): boolean =>
  token.length >= 4 &&
  (isMixed(token) || !/^[\p{L}_.-]*$/u.test(token) ? !isIdentifier(token) : isCased(token));

/** Upper case within a word. */
const isCased = (token: string): boolean => /\p{Ll}/u.test(token) && /.\p{Lu}/u.test(token);

const LONG = 12;

/** Letters with digits, and no name of a table, a host, an address or a time. */
const looksSecret = (token: string): boolean =>
  token.length >= LONG && isMixed(token) && !/:\/\//.test(token);

const isTime = (token: string): boolean => /^\d{4}-\d\d-\d\dT?[\d:.,+Z-]*$/.test(token);

/** `order_status`, `orders-db-01`, `shop.internal.example`, `public.orders(id)`, `/etc/app/v2`, `10s`. */
function isIdentifier(token: string): boolean {
  const parts = token.split(/[._\-/:()[\]{},=@]+/).filter((part) => part !== '');
  const oneCase = token === token.toLowerCase() || token === token.toUpperCase();
  return (
    oneCase && parts.every((part) => /^(?:\p{L}+\d{0,2}|\d{1,4}\p{L}{0,2})$/u.test(part)) && !isShort(parts)
  );
}

/** `hunter2` alone is a password as well as a name. */
const isShort = (parts: readonly string[]): boolean => parts.length === 1;

/** The words of a text that say more than everybody says: of six letters or more. */
export const tellingWords = (text: string): readonly string[] =>
  (withoutMarks(text).match(/[^\s"'`*,;:()<>]{6,}/gu) ?? [])
    .map((word) => trimmed(word).toLowerCase())
    .filter((word) => word.length >= 6 && !COMMON.has(word));
