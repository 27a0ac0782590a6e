/** What is needed to keep action items in a tracker; it holds a secret, so it is not a part of the settings. */

export interface TrackerConfig {
  readonly kind: 'github';
  /** `owner/name` */
  readonly repo: string;
  readonly token: string;
  readonly labels: readonly string[];
  /** GitHub's own unless told: `https://api.github.com`. */
  readonly apiUrl: string;
}
