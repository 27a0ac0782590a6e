/** How long to wait after something failed. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** When to try again after `attempts` that failed: 1 s, 2 s, 4 s, at most 30 s. */
export const retryAt = (now: Date, attempts: number): Date =>
  new Date(now.getTime() + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 10)));
