/** Takes what opens doors and names people out of what a step found, before it is kept. */

/** What stands in its place. */
const HIDDEN = '[hidden]';

const NAME = String.raw`[\w-]{0,40}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)[\w-]{0,20}`;
const VALUE = String.raw`"[^"\n]{0,500}"|'[^'\n]{0,500}'|[^\s"',;&}]{1,500}`;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // The password of a connection string, which may hold what it should not; without one the user is no secret.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/:@]{0,200}:[^\s]{1,500}@/gi, `$1${HIDDEN}@`],
  [/\b(authorization["']?\s{0,3}[:=]\s{0,3}["']?)(?:[a-z]{1,20}\s{1,3})?[^\s"',;]{4,500}/gi, `$1${HIDDEN}`],
  [new RegExp(`(${NAME}["']?\\s{0,3}[=:]\\s{0,3})(?:${VALUE})`, 'gi'), `$1${HIDDEN}`],
  [/\b(bearer|basic)\s{1,3}[a-z0-9+/._~=-]{8,500}/gi, `$1 ${HIDDEN}`],
  // Slack, GitHub, GitLab, Stripe, AWS, Google, JSON Web Tokens.
  [
    /\b(?:xox[a-z]-|xapp-|gh[pousr]_|github_pat_|glpat-|sk_live_|rk_live_|AKIA|ASIA|AIza)[A-Za-z0-9_-]{8,300}/g,
    HIDDEN,
  ],
  [/\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{0,2000}/g, HIDDEN],
  [
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,10000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g,
    HIDDEN,
  ],
  [/\b[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}\b/gi, HIDDEN],
];

/** Keys of objects whose value is a secret, whatever it looks like. */
const SECRET_KEY = new RegExp(`^${NAME}$`, 'i');

/** A text without connection strings' passwords, tokens, keys and e-mail addresses. */
export const redactedText = (text: string): string =>
  PATTERNS.reduce((rest, [pattern, put]) => rest.replace(pattern, put), text);

/** A value with every text in it redacted; dates and numbers stay as they are. */
export function redacted<Value>(value: Value): Value {
  return deep(value) as Value;
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return redactedText(value);
  if (Array.isArray(value)) return value.map(deep);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      typeof each === 'string' && SECRET_KEY.test(key) ? HIDDEN : deep(each),
    ]),
  );
}
