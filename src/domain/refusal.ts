/** A refusal is a value: its code and what was found. errors.ts turns it into words with a fix. */

export interface Refusal {
  readonly ok: false;
  /** A code of the table in errors.ts. */
  readonly code: string;
  /** What was found, filled into the code's message and fix. */
  readonly values: Readonly<Record<string, string | number>>;
  /** Lines that would mend it, for a button each. */
  readonly offers?: readonly Offer[];
}

/** A line that somebody may want to say next. */
export interface Offer {
  readonly label: string;
  /** What follows the slash command's name. */
  readonly line: string;
}

/** Refuses with a code and what was found. */
export const refuse = (
  code: string,
  values: Refusal['values'] = {},
  offers: readonly Offer[] = [],
): Refusal => ({
  ok: false,
  code,
  values,
  ...(offers.length > 0 ? { offers } : {}),
});
