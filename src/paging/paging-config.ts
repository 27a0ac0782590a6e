/** What paging elsewhere than in Slack needs to know; it holds secrets, so it is not a part of the settings. */

export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}

export interface TeamPaging {
  /** The integration key of the PagerDuty service. */
  readonly routingKey?: string;
  readonly webhook?: WebhookTarget;
}

export interface PagingConfig {
  /** By name; teams that are paged in Slack only are not there. */
  readonly teams: Readonly<Record<string, TeamPaging>>;
  /** Reads schedules. */
  readonly pagerDutyToken?: string;
  /** Without a path; an account in the EU has its own. */
  readonly apiUrls: { readonly events: string; readonly rest: string };
}
