/** A page as an event of PagerDuty (Events API v2): an alert for each escalation, whichever levels it reaches. */
import { z } from 'zod';
import type { OutgoingPage } from '../domain/outgoing-page.ts';
import { jsonIn } from './json.ts';
import type { PageRequest } from './post.ts';

/** The request that triggers, acknowledges or resolves the alert of the page's escalation. */
export const pagerDutyRequest = (page: OutgoingPage, routingKey: string, eventsUrl: string): PageRequest => ({
  receiver: 'PagerDuty',
  url: new URL('/v2/enqueue', eventsUrl).href,
  headers: {},
  body: JSON.stringify({
    routing_key: routingKey,
    event_action: page.action,
    // PagerDuty takes what comes a second time, or for another level, as the same alert.
    dedup_key: `firebreak-inc-${page.incident}-${page.escalation}`,
    ...(page.action === 'trigger' ? { client: 'Firebreak', payload: payloadOf(page) } : {}),
  }),
  reasonIn: (body) => refusalIn(body)?.replaceAll(routingKey, '[secret]'),
});

const payloadOf = (page: OutgoingPage): object => ({
  summary: clip(summaryOf(page)),
  source: `inc-${page.incident}`,
  severity: SEVERITIES.get(page.severity) ?? 'error',
  group: page.team,
  class: 'escalation',
  custom_details: {
    incident: page.incident,
    escalation: page.escalation,
    team: page.team,
    level: page.level,
    severity: page.severity,
    ...(page.reason === undefined ? {} : { reason: page.reason }),
    paged: page.people.join(', '),
    ...(page.drill ? { drill: true } : {}),
  },
});

const SEVERITIES: ReadonlyMap<string, string> = new Map([
  ['sev1', 'critical'],
  ['sev2', 'error'],
  ['sev3', 'warning'],
  ['sev4', 'info'],
  ['sev5', 'info'],
]);

function summaryOf({ drill, incident, severity, title, team, reason }: OutgoingPage): string {
  const text = `${severity} inc-${incident}: ${title} (${team} is paged${reason ? `: ${reason}` : ''})`;
  return drill ? `DRILL: ${text}` : text;
}

/** PagerDuty refuses a longer summary. */
const SUMMARY_LIMIT = 1024;

/** Never cut within a character. */
const clip = (text: string): string =>
  text.length <= SUMMARY_LIMIT
    ? text
    : `${text.slice(0, SUMMARY_LIMIT - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

const Refusal = z.object({ message: z.string(), errors: z.array(z.string()).default([]) });

function refusalIn(body: string): string | undefined {
  const found = Refusal.safeParse(jsonIn(body));
  return found.success ? [found.data.message, ...found.data.errors].join('; ').slice(0, 300) : undefined;
}
