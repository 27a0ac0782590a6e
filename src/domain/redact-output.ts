/** Takes what opens doors and names people out of what a step found, before it is kept. */

/** What stands in its place. */
const HIDDEN = '[hidden]';

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // The password of a connection string; without one the user is no secret.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/:@]*:[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [
    /\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key)(["']?\s*[=:]\s*)["']?[^\s"',;&}]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [/\b(bearer|basic)\s+[a-z0-9+/._~-]{8,}=*/gi, `$1 ${HIDDEN}`],
  // Slack, GitHub, GitLab, Stripe, AWS, Google, JSON Web Tokens.
  [
    /\b(?:xox[a-z]-|xapp-|gh[pousr]_|github_pat_|glpat-|sk_live_|rk_live_|AKIA|ASIA|AIza)[A-Za-z0-9_-]{8,}/g,
    HIDDEN,
  ],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, HIDDEN],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+\b/gi, HIDDEN],
];

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
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deep(each)]));
}
