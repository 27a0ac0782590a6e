/** What one look of a monitor finds, whatever it looks at: probes, checks, a rate, reported errors. */

/** One thing that is wrong. */
export interface Symptom {
  /** Names it from look to look: `probe:order-status`, `check:blocking`, `errors:42703`. */
  readonly key: string;
  /** One plain sentence: what was found. */
  readonly error: string;
  readonly sqlstate?: string;
  /** The tables that it is about, as far as it is known. */
  readonly relations: readonly string[];
  /** The line of /incident, or the command, that helps. */
  readonly next?: string;
}

export interface Looked {
  /** What is wrong enough to count as a red look, the most telling first; none is green. */
  readonly symptoms: readonly Symptom[];
  /** Too little to begin a red period, and of what was red too much to end one. */
  readonly uneasy?: boolean;
  /** What the next look needs of this one, in whichever instance it is: JSON. */
  readonly memory?: unknown;
}

/** One look. `memory` is what the look before left; a throw means that the target could not be asked. */
export type Look = (memory: unknown, signal?: AbortSignal) => Promise<Looked>;
