/** What a tracker has to be able to do, so that action items can be kept there; GitHub is one that does. */

/** What came of one attempt that did not succeed: as for all that the outbox delivers. */
export type Failure =
  | { readonly kind: 'wait'; readonly seconds: number }
  /** No later attempt can succeed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** `fix`: what a person has to do before it can succeed. */
  | { readonly kind: 'retry'; readonly error: string; readonly fix?: string };

/** `unsure`: it may have been done, though no answer says so. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure; readonly unsure: boolean };

export interface Issue {
  readonly number: number;
  /** Where a person looks at it. */
  readonly url: string;
}

export interface Draft {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  /** Stands in the issue, unseen: by it the issue is found when the answer to making it was lost. */
  readonly marker: string;
}

/** Nothing in it throws. */
export interface Tracker {
  create(draft: Draft, signal: AbortSignal): Promise<Asked<Issue>>;
  /** The issue with the marker, if there is one that was made since then. */
  find(marker: string, since: Date, signal: AbortSignal): Promise<Asked<Issue | undefined>>;
  /** That it is so already is success. */
  setState(issue: Issue, state: 'open' | 'closed', signal: AbortSignal): Promise<Asked<undefined>>;
  /** After so long a request whose answer never came is over, there too. */
  readonly deadlineMs: number;
}
