/** Sends a page by the way it names: the one entrance for whoever delivers pages. */
import type { OutgoingPage } from '../domain/outgoing-page.ts';
import { pagerDutyRequest } from './pagerduty-events.ts';
import type { PagingConfig } from './paging-config.ts';
import { type Outcome, type PageRequest, post } from './post.ts';
import { webhookRequest } from './webhook.ts';

/** One attempt. Never throws. */
export type Pager = (page: OutgoingPage, effectId: string, signal: AbortSignal) => Promise<Outcome>;

const TIMEOUT_MS = 5000;

export const createPager =
  (config: PagingConfig, now: () => Date, timeoutMs = TIMEOUT_MS): Pager =>
  async (page, effectId, signal) => {
    const request = requestFor(page, effectId, config, now());
    if (request) return post(request, { now, timeoutMs, signal });
    return { kind: 'refused', reason: `${page.team} has no ${page.via} in firebreak.yml any more` };
  };

/** Undefined: the team is not paged that way. */
function requestFor(
  page: OutgoingPage,
  effectId: string,
  { teams, apiUrls }: PagingConfig,
  now: Date,
): PageRequest | undefined {
  const { routingKey, webhook } = teams[page.team] ?? {};
  switch (page.via) {
    case 'pagerduty':
      return routingKey === undefined ? undefined : pagerDutyRequest(page, routingKey, apiUrls.events);
    case 'webhook':
      return webhook && webhookRequest(page, webhook, effectId, now);
  }
}
