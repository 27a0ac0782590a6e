/** Sections 1 and 2: what happened, when, how long, and to whom. */
import { type Account, type Kind, MILESTONES, type Milestone, type MilestoneName } from '../incident.ts';
import { metrics, secondsBetween } from '../metrics.ts';
import type { IncidentRecord, Proposal } from '../record.ts';
import { formatUtc } from '../when.ts';
import { acts, newest, proposalsInOrder, total } from './facts.ts';
import { code, inline, list, table } from './markdown.ts';
import { byAPerson, byMilestone, codes, notRecorded, plural, seconds, who } from './words.ts';

/** Section 1. */
export const summary = (record: IncidentRecord): string =>
  [
    list([
      `Date and time: ${start(record)} - ${end(record)}`,
      `Duration: ${lasted(record)}`,
      `Incident: ${record.incident.id}, declared by ${who(record, record.incident.declaredBy)}`,
      `Severity: ${record.incident.severity}`,
      `Status: ${statusOf(record)}`,
      ...kindLine(record),
      `Affected systems and services: ${affected(record)}`,
      `Description: ${said(record, 'summary') ?? inline(record.incident.title)}`,
      proposalsInOrder(record).map((proposal) => failure(proposal)),
    ]),
    '### Milestones',
    milestoneTable(record),
    '### Metrics',
    metricTable(record),
  ].join('\n\n');

/** Section 2. */
export const impact = (record: IncidentRecord): string =>
  list([
    `User impact: ${said(record, 'impact') ?? notRecorded('say it with `impact <text>`')}`,
    `Business impact: ${byAPerson}`,
    `Scope: ${byAPerson}`,
    'Seen by monitors:',
    seenByMonitors(record),
    'Data:',
    data(record),
  ]);

/** What people said of it in a line; undefined when nobody did. */
export function said({ incident, people }: IncidentRecord, account: Account): string | undefined {
  const text = incident.accounts[account];
  return text === undefined ? undefined : inline(text, people);
}

function statusOf({ incident: { status, duplicateOf } }: IncidentRecord): string {
  return duplicateOf === undefined ? status : `${status}, a duplicate of incident ${duplicateOf}`;
}

const KIND_LINES: Readonly<Record<Kind, readonly string[]>> = {
  incident: [],
  drill: ['Kind: drill; nothing was wrong, and no figure counts it'],
  retrospective: ['Kind: retrospective; it was written down after it was over'],
};

const kindLine = ({ incident }: IncidentRecord): readonly string[] => [
  ...KIND_LINES[incident.kind],
  ...(incident.private ? ['Private: only members of its channel may see this'] : []),
];

/** How long it lasted, and between which milestones; the end of impact is often only known as "resolved". */
export function lasted({ incident: { milestones } }: IncidentRecord): string {
  const last = milestones.impact_ended ? 'impact_ended' : 'resolved';
  const took = secondsBetween(milestones.impact_started?.at, milestones[last]?.at);
  if (took !== undefined) return `${seconds(took)} (${last} - impact_started)`;
  return byMilestone(milestones.impact_started ? 'impact_ended' : 'impact_started');
}

/** What a monitor saw fail, in one line. */
export function failure(proposal: Proposal): string {
  const { monitor, target, sqlstate, error, relations, firstFailedAt } = proposal;
  const state = sqlstate === undefined ? '' : `, SQLSTATE ${code(sqlstate)}`;
  const named = relations.length === 0 ? '' : `; it reads ${codes(relations)}`;
  return `From ${formatUtc(firstFailedAt)} on, ${code(monitor)} failed on ${code(target)}${state}: ${inline(error)}${named}`;
}

function start({ incident: { milestones } }: IncidentRecord): string {
  const at = milestones.impact_started?.at;
  return at === undefined ? byMilestone('impact_started') : formatUtc(at);
}

function end({ incident: { milestones } }: IncidentRecord): string {
  if (milestones.impact_ended) return formatUtc(milestones.impact_ended.at);
  const { resolved } = milestones;
  return resolved ? `${formatUtc(resolved.at)} (resolved)` : byMilestone('impact_ended');
}

function affected(record: IncidentRecord): string {
  const proposals = proposalsInOrder(record);
  const services = unique([record.incident, ...proposals].flatMap(({ service }) => service ?? []));
  const targets = unique([...proposals, ...record.runs].map(({ target }) => target));
  const parts = [
    services.length > 0 ? codes(services) : '',
    targets.length > 0 ? `database ${codes(targets)}` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join('; ') : byAPerson;
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

const milestoneTable = (record: IncidentRecord): string =>
  table(
    ['Milestone', 'Time', 'By', 'Corrected from'],
    MILESTONES.map((name) => milestoneRow(record, name, record.incident.milestones[name])),
  );

function milestoneRow(
  record: IncidentRecord,
  name: MilestoneName,
  milestone: Milestone | undefined,
): string[] {
  if (!milestone) return [name, byMilestone(name), '', ''];
  const earlier = milestone.earlier.map(({ at, by }) => `${formatUtc(at)} by ${who(record, by)}`);
  return [name, formatUtc(milestone.at), who(record, milestone.by), earlier.join('; ')];
}

const metricTable = ({ incident: { milestones } }: IncidentRecord): string =>
  table(
    ['Metric', 'Value', 'Formula'],
    metrics(milestones).map((metric) => [metric.name, seconds(metric.seconds), metric.formula]),
  );

const seenByMonitors = (record: IncidentRecord): readonly string[] =>
  record.proposals.length === 0
    ? ['not recorded: no monitor saw a failure']
    : proposalsInOrder(record).map(failure);

function data(record: IncidentRecord): readonly string[] {
  const rollbacks = acts(record, 'migration-rollback');
  const repairs = acts(record, 'table-repair');
  const figures = [
    ['Rows still damaged after the rollback', newest(rollbacks, 'data_suspect')],
    ['Rows put back by repair', total(repairs, 'restored')],
    ['Rows that are right after it', newest(repairs, 'already_right')],
    [
      'Conflicts: rows that still differ, written since or held by others, not overwritten',
      newest(repairs, 'conflicts'),
    ],
  ] as const;
  return figures.map(
    ([what, figure]) => `${what}: ${figure === undefined ? 'not recorded' : plural(figure, 'row')}`,
  );
}
