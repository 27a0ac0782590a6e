/** Prometheus Alertmanager: `webhook_configs`, version 4 of its payload. */
import { PrometheusWebhook, prometheusAlerts } from '../prometheus.ts';
import { defineAlertSource } from '../source.ts';

export default defineAlertSource({
  name: 'alertmanager',
  expects: 'Send what `webhook_configs` of Alertmanager sends: {version: "4", groupKey, alerts: […]}.',
  schema: PrometheusWebhook,
  alerts: prometheusAlerts,
});
