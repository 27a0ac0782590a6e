/** Datadog: a webhook whose payload is the template of docs/alerts.md. */
import { z } from 'zod';
import { labelsOf, times } from '../reading.ts';
import { defineAlertSource, type Told } from '../source.ts';

const text = z.string();

const Webhook = z.object({
  /** Of the event: each transition has its own. */
  id: text.min(1),
  /** Of the monitor. */
  alert_id: text.min(1),
  transition: text,
  title: text.min(1),
  text: text.default(''),
  priority: text.default(''),
  scope: text.default(''),
  tags: text.default(''),
  link: text.default(''),
  /** In milliseconds since 1970. */
  date: z.coerce.number().int().positive().max(8.64e15).optional(),
});

export default defineAlertSource({
  name: 'datadog',
  expects: 'Set the payload of the webhook to the template in docs/alerts.md; the variables are in it.',
  schema: Webhook,
  deliveryId: ({ id }) => id,
  alerts: (body) => [toldBy(body)],
});

function toldBy(given: z.infer<typeof Webhook>): Told {
  // All others, such as No Data and Renotify, say that it goes on.
  const state = given.transition === 'Recovered' ? 'resolved' : 'firing';
  const labels = tagsOf(`${given.tags},${given.scope}`);
  const { service } = labels;
  const at = given.date === undefined ? undefined : new Date(given.date);
  return {
    fingerprint: `${given.alert_id}:${given.scope}`,
    state,
    title: given.title,
    text: given.text,
    severity: given.priority,
    ...(service === undefined ? {} : { service }),
    labels: { ...labels, monitor: given.alert_id },
    group: given.alert_id,
    link: given.link,
    ...times(state, state === 'firing' ? at : undefined, at),
  };
}

/** Of `service:shop, role:db`; a tag without a value is left out. */
const tagsOf = (tags: string): Readonly<Record<string, string>> =>
  labelsOf(
    Object.fromEntries(
      tags.split(',').map((tag) => {
        const [key = '', ...value] = tag.trim().split(':');
        return [key, value.join(':')];
      }),
    ),
  );
