/** Sentry: an internal integration that is told of issues, and that alert rules notify. */
import { z } from 'zod';
import { hmacSignature } from '../hmac.ts';
import { instant, labelsOf, times } from '../reading.ts';
import { defineAlertSource, type Told } from '../source.ts';

const text = z.string().nullish();
const id = z.union([z.string().min(1), z.number()]).transform(String);

/** Resource `issue`. */
const Issue = z.object({
  id,
  shortId: text,
  title: text,
  culprit: text,
  level: text,
  priority: text,
  web_url: text,
  firstSeen: text,
  project: z.object({ slug: text }).nullish(),
});

/** Resource `event_alert`: an alert rule for issues. */
const Event = z.object({
  issue_id: id,
  title: text,
  culprit: text,
  level: text,
  datetime: text,
  environment: text,
  url: text,
  web_url: text,
});

/** Resource `metric_alert`: a threshold. */
const Metric = z.object({
  date_started: text,
  date_closed: text,
  projects: z.array(z.string()).nullish(),
  alert_rule: z.object({ id, name: text }),
});

/** Other resources have other data, and tell no alert. */
const Webhook = z.object({
  action: z.string(),
  data: z.object({
    issue: Issue.optional(),
    event: Event.optional(),
    metric_alert: Metric.optional(),
    triggered_rule: text,
    description_title: text,
    description_text: text,
    web_url: text,
  }),
});
type Webhook = z.infer<typeof Webhook>;

export default defineAlertSource({
  name: 'sentry',
  signature: hmacSignature({ header: 'sentry-hook-signature' }),
  expects: 'Send what an internal integration of Sentry sends: {action, data}, of issues and of alert rules.',
  schema: Webhook,
  alerts({ action, data }) {
    const { issue, event, metric_alert: metric } = data;
    if (metric) return [toldByMetric(metric, action, data)];
    if (event) return [toldByEvent(event, data.triggered_rule)];
    return issue ? toldByIssue(issue, action) : [];
  },
});

/** What else can happen to an issue, such as being assigned, changes nothing. */
const STATES = new Map<string, Told['state']>([
  ['created', 'firing'],
  ['unresolved', 'firing'],
  ['resolved', 'resolved'],
  ['archived', 'resolved'],
  ['ignored', 'resolved'],
]);

function toldByIssue(issue: z.infer<typeof Issue>, action: string): readonly Told[] {
  const state = STATES.get(action);
  if (state === undefined) return [];
  const project = issue.project?.slug ?? '';
  return [
    {
      fingerprint: `issue-${issue.id}`,
      state,
      title: issue.title ?? '',
      text: issue.culprit ?? '',
      severity: issue.priority ?? issue.level ?? '',
      service: project,
      labels: labelsOf({ resource: 'issue', project, level: issue.level, issue: issue.shortId }),
      link: issue.web_url ?? '',
      // One that is back was first seen long ago.
      ...times(state, action === 'created' ? instant(issue.firstSeen) : undefined, undefined),
    },
  ];
}

function toldByEvent(event: z.infer<typeof Event>, rule: string | null | undefined): Told {
  const { level, environment, culprit } = event;
  const project = projectOf(event.url ?? '');
  return {
    // As of the issue, so that its end is the end of this.
    fingerprint: `issue-${event.issue_id}`,
    state: 'firing',
    title: event.title ?? '',
    text: culprit ?? '',
    severity: level ?? '',
    service: project,
    labels: labelsOf({ resource: 'event_alert', project, level, environment, rule }),
    link: event.web_url ?? '',
    ...times('firing', instant(event.datetime), undefined),
  };
}

function toldByMetric(metric: z.infer<typeof Metric>, action: string, data: Webhook['data']): Told {
  const state = action === 'resolved' ? 'resolved' : 'firing';
  const project = metric.projects?.join(', ') ?? '';
  const rule = metric.alert_rule.name;
  return {
    // Of the rule: each time that it triggers has an id of its own.
    fingerprint: `rule-${metric.alert_rule.id}`,
    state,
    title: data.description_title ?? rule ?? '',
    text: data.description_text ?? '',
    severity: state === 'firing' ? action : '',
    service: metric.projects?.length === 1 ? project : '',
    labels: labelsOf({ resource: 'metric_alert', project, rule }),
    link: data.web_url ?? '',
    ...times(state, instant(metric.date_started), instant(metric.date_closed)),
  };
}

/** An event names its project only in its address: `/api/0/projects/<organization>/<project>/events/…`. */
const projectOf = (url: string): string =>
  URL.canParse(url) ? (new URL(url).pathname.split('/projects/')[1]?.split('/')[1] ?? '') : '';
