/** A page as a signed POST to a team's own URL; docs/paging.md tells the receiver how to verify it. */
import { createHmac } from 'node:crypto';
import type { OutgoingPage } from '../domain/outgoing-page.ts';
import type { WebhookTarget } from './paging-config.ts';
import type { PageRequest } from './post.ts';

/** The request; `delivery` is the same for each attempt, so that the receiver can drop a repeat. */
export function webhookRequest(
  page: OutgoingPage,
  { url, secret }: WebhookTarget,
  delivery: string,
  now: Date,
): PageRequest {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const body = bodyOf(page, delivery);
  return {
    receiver: 'the webhook',
    url,
    headers: {
      'x-firebreak-timestamp': timestamp,
      'x-firebreak-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
      'x-firebreak-delivery': delivery,
    },
    body,
  };
}

/** The delivery is in the body too: there it is signed. */
const bodyOf = (page: OutgoingPage, delivery: string): string =>
  JSON.stringify({
    delivery,
    action: page.action,
    team: page.team,
    incident: page.incident,
    escalation: page.escalation,
    level: page.level,
    title: page.title,
    severity: page.severity,
    reason: page.reason ?? null,
    people: page.people,
    drill: page.drill ?? false,
  });
