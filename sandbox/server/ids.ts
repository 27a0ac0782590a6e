/** Ids that look like Slack's: readable ones for what is there at the start, counted ones for the rest. */
import { randomBytes } from 'node:crypto';

const letters = (name: string) => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');

/** `oncall` becomes `U0000ONCALL`, `incidents` becomes `C000INCIDENTS`. */
export function readableId(prefix: string, name: string, width: number): string {
  return prefix + letters(name).slice(0, width).padStart(width, '0');
}

export interface Ids {
  next(prefix: string): string;
}

/** Counted from the second of the start on: an app that kept its store must never meet an id of another start. */
export function createIds(): Ids {
  let count = Math.floor(Date.now() / 1000) * 1000;
  return {
    next(prefix) {
      count += 1;
      return `${prefix}09${count.toString(36).toUpperCase().padStart(8, '0')}`;
    },
  };
}

/** What must not be guessed: tokens, tickets, response URLs. */
export const secret = (bytes = 16) => randomBytes(bytes).toString('hex');
