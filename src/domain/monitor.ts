/** A monitor's memory. */

/** What is remembered from one look to the next, in the store. */
export interface MonitorState {
  readonly name: string;
  readonly target: string;
  /** Counts what was written. */
  readonly revision: number;
  readonly checkedAt: Date;
  /** When the first probe of this red period failed. */
  readonly redSince?: Date | undefined;
  readonly failures: number;
  /** The last proposal. */
  readonly proposal?: number;
  /** When it went green after that proposal; undefined while the proposal's red period lasts. */
  readonly greenAt?: Date | undefined;
}
