/** The ways into the bot's HTTP that can have a secret of their own. */

/** One file each in `src/alerts/sources`. */
export const ALERT_SOURCES = [
  'alertmanager',
  'cloudwatch',
  'datadog',
  'generic',
  'grafana',
  'pagerduty',
  'sentry',
] as const;

/** The keys of `http.tokens`. */
export const ENTRANCES = [...ALERT_SOURCES, 'changes', 'errors', 'github'] as const;
