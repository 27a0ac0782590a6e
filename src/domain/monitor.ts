/** A monitor's memory. */

/** What is remembered from one look to the next, in the store. */
export interface MonitorState {
  readonly name: string;
  readonly target: string;
  /** Counts what was written. */
  readonly revision: number;
  readonly checkedAt: Date;
  /** The first red look of this red period. */
  readonly redSince?: Date | undefined;
  /** Red looks of this red period. */
  readonly failures: number;
  /** Green looks in a row, while a red period that was confirmed is not over yet; and the first of them. */
  readonly greens: number;
  readonly greenSince?: Date | undefined;
  /** The last proposal. */
  readonly proposal?: number;
  /** How telling a symptom that proposal, or its last revision, was about. */
  readonly told?: number;
  /** When it went green after that proposal; undefined while the proposal's red period lasts. */
  readonly greenAt?: Date | undefined;
  /** What the next look needs of the last one: JSON. */
  readonly memory?: unknown;
}
