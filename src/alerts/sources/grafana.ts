/** Grafana's unified alerting: a contact point of the type webhook, with a bearer token or its HMAC. */
import { hmacSignature } from '../hmac.ts';
import { PrometheusWebhook, prometheusAlerts } from '../prometheus.ts';
import { defineAlertSource } from '../source.ts';

export default defineAlertSource({
  name: 'grafana',
  signature: hmacSignature({
    header: 'x-grafana-alerting-signature',
    time: { header: 'x-grafana-alerting-timestamp', separator: ':', presence: 'optional' },
  }),
  expects:
    'Send what a contact point of the type webhook sends: {groupKey, alerts: […]}, with no custom payload.',
  schema: PrometheusWebhook,
  alerts: prometheusAlerts,
});
