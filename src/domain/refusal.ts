/** A refusal is a value: its code and what was found. errors.ts turns it into words with a fix. */

export interface Refusal {
  readonly ok: false;
  /** A code of the table in errors.ts. */
  readonly code: string;
  /** What was found, filled into the code's message and fix. */
  readonly values: Readonly<Record<string, string | number>>;
}

/** Refuses with a code and what was found. */
export const refuse = (code: string, values: Refusal['values'] = {}): Refusal => ({
  ok: false,
  code,
  values,
});
