/** An alert that another system sends: what its source told, in our words. */

export interface Alert {
  /** The file's name in `src/alerts/sources`, for example `alertmanager`. */
  readonly source: string;
  /** The same trouble has the same one within its source, firing or resolved. */
  readonly fingerprint: string;
  readonly state: 'firing' | 'resolved';
  readonly title: string;
  readonly text?: string;
  /** What the source calls its severity or priority, in lower case. */
  readonly severity?: string;
  /** As the source names it; rules may give another. */
  readonly service?: string;
  /** What rules match and groups are made by. */
  readonly labels: Readonly<Record<string, string>>;
  /** What its source groups it by; alerts of one service are one group in any case. */
  readonly group?: string;
  readonly startsAt?: Date;
  readonly endsAt?: Date;
  /** Where a person reads more. */
  readonly link?: string;
}

/** One request of a source, authenticated and read. */
export interface AlertDelivery {
  readonly source: string;
  /** Names the delivery: the same one counts once. The source's own id of it, else the SHA-256 of the body. */
  readonly key: string;
  readonly alerts: readonly Alert[];
}
