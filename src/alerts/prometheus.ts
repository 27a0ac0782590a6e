/** The webhook of Alertmanager, which Grafana's own alerting sends too. */
import { z } from 'zod';
import { instant, times } from './reading.ts';
import type { Told } from './source.ts';

const texts = z.record(z.string(), z.string());

const alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: texts,
  annotations: texts.default({}),
  startsAt: z.string().optional(),
  endsAt: z.string().optional(),
  generatorURL: z.string().optional(),
  fingerprint: z.string().min(1),
});

export const PrometheusWebhook = z.object({ groupKey: z.string().optional(), alerts: z.array(alert) });
export type PrometheusWebhook = z.infer<typeof PrometheusWebhook>;

/** What both tell; `link` and all else come from the alert itself. */
export const prometheusAlerts = ({ groupKey, alerts }: PrometheusWebhook): readonly Told[] =>
  alerts.map((given) => toldBy(given, groupKey));

function toldBy(given: z.infer<typeof alert>, group: string | undefined): Told {
  const { status, labels, annotations, fingerprint, generatorURL } = given;
  const { service, severity } = labels;
  const { description } = annotations;
  return {
    fingerprint,
    state: status,
    title: titleOf(labels['alertname'], annotations['summary']),
    labels,
    ...(description === undefined ? {} : { text: description }),
    ...(severity === undefined ? {} : { severity }),
    ...(service === undefined ? {} : { service }),
    ...(group === undefined ? {} : { group }),
    ...(generatorURL ? { link: generatorURL } : {}),
    ...times(status, instant(given.startsAt), instant(given.endsAt)),
  };
}

const titleOf = (name: string | undefined, summary: string | undefined): string =>
  [name, summary].filter(Boolean).join(': ');
