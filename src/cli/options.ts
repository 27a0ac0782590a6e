/** Values of command-line options, checked. */
import { InvalidArgumentError } from 'commander';

/** `3`, `#3` or `inc-3`. */
export function incidentNumber(text: string): number {
  const found = /^(?:inc-|#)?(\d+)$/.exec(text)?.[1];
  if (found === undefined)
    throw new InvalidArgumentError(`${text} is not an incident's number, for example 3.`);
  return Number(found);
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${text} is not a whole number.`);
  return Number(text);
}
