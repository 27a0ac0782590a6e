/** PagerDuty: webhook subscriptions (V3), which sign the body and number their events. */
import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import { hmacSignature } from '../hmac.ts';
import { instant, labelsOf, times } from '../reading.ts';
import { defineAlertSource, type Told } from '../source.ts';

/** Events of other types, such as a note or a ping, tell no alert. */
const STATES = new Map<string, Alert['state']>([
  ['incident.triggered', 'firing'],
  ['incident.acknowledged', 'firing'],
  ['incident.unacknowledged', 'firing'],
  ['incident.reopened', 'firing'],
  ['incident.priority_updated', 'firing'],
  ['incident.resolved', 'resolved'],
]);

const text = z.string().nullish();
const reference = z.object({ summary: text }).nullish();

/** An incident; what other events are about has some of this, or nothing. */
const Data = z.object({
  id: text,
  title: text,
  status: text,
  incident_key: text,
  html_url: text,
  created_at: text,
  urgency: text,
  service: reference,
  priority: reference,
});

const Webhook = z.object({
  event: z
    .object({ id: z.string().min(1), event_type: z.string(), occurred_at: z.string().optional(), data: Data })
    .refine(({ event_type, data }) => !STATES.has(event_type) || data.id, {
      path: ['data', 'id'],
      message: 'must be the id of the incident',
    }),
});

export default defineAlertSource({
  name: 'pagerduty',
  signature: hmacSignature({ header: 'x-pagerduty-signature', prefix: 'v1=' }),
  expects: 'Send what a webhook subscription (V3) of PagerDuty sends: {event: {id, event_type, data}}.',
  schema: Webhook,
  deliveryId: ({ event }) => event.id,
  alerts({ event: { event_type, occurred_at, data } }) {
    const state = STATES.get(event_type);
    if (state === undefined || isOurs(data)) return [];
    // Its priority can be changed after it was resolved, and an event can come late.
    return [toldBy(data, data.status === 'resolved' ? 'resolved' : state, occurred_at)];
  },
});

/** Firebreak's own pages come back too: they are no news. */
const isOurs = ({ incident_key }: z.infer<typeof Data>): boolean =>
  incident_key?.startsWith('firebreak-inc-') ?? false;

function toldBy(data: z.infer<typeof Data>, state: Alert['state'], occurredAt: string | undefined): Told {
  const { status, urgency } = data;
  const [service, priority] = [data.service?.summary, data.priority?.summary];
  return {
    fingerprint: data.id ?? '',
    state,
    title: data.title ?? '',
    severity: priority ?? urgency ?? '',
    service: service ?? '',
    text: status ? `In PagerDuty it is ${status}.` : '',
    labels: labelsOf({ urgency, priority, service, incident_key: data.incident_key }),
    link: data.html_url ?? '',
    ...times(state, instant(data.created_at), instant(occurredAt)),
  };
}
