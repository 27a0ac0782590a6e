/** Sections 1 and 2: what happened, when, how long, and to whom. */
import { type Account, type Kind, MILESTONES, type MilestoneName } from '../incident.ts';
import { metrics, secondsBetween } from '../metrics.ts';
import { roleOf } from '../policy.ts';
import type { Proposal } from '../record.ts';
import { formatIn, formatUtc } from '../when.ts';
import { acts, newest, proposalsInOrder, total } from './facts.ts';
import { phases } from './figure.ts';
import { code, inline, list, table } from './markdown.ts';
import type { Known, Report } from './report.ts';
import { byMilestone, codes, notRecorded, plural, seconds, teamZone, when, who, written } from './words.ts';

/** Section 1. */
export const summary = (report: Report): string =>
  [
    list([
      `Date and time: ${start(report)} - ${end(report)}`,
      ...locally(report),
      `Duration: ${lasted(report)}`,
      `Incident: ${report.incident.id}, declared by ${who(report, report.incident.declaredBy)} at ${when(report, report.incident.declaredAt)}`,
      `Severity: ${report.incident.severity}`,
      `Status: ${statusOf(report)}`,
      ...kindLine(report),
      `Affected systems and services: ${affected(report)}`,
      `Roles: ${rolesOf(report)}`,
      `Description: ${said(report, 'summary') ?? inline(report.incident.title)}`,
      proposalsInOrder(report).map((proposal) => failure(proposal)),
    ]),
    '### Milestones',
    milestoneTable(report),
    '### Phases',
    phases(report.incident),
    '### Metrics',
    metricTable(report),
  ].join('\n\n');

/** Section 2. */
export const impact = (report: Report): string =>
  list([
    `User impact: ${said(report, 'impact') ?? notRecorded('say it with `impact <text>`')}`,
    `Duration of the impact: ${lasted(report)}`,
    ...written(report, 'business-impact'),
    ...written(report, 'scope'),
    'Seen by monitors:',
    seenByMonitors(report),
    'Data:',
    data(report),
  ]);

/** What people said of it in a line; undefined when nobody did. */
export function said({ incident, people }: Known, account: Account): string | undefined {
  const text = incident.accounts[account];
  return text === undefined ? undefined : inline(text, people);
}

function statusOf({ incident: { status, duplicateOf } }: Known): string {
  return duplicateOf === undefined ? status : `${status}, a duplicate of incident ${duplicateOf}`;
}

const KIND_LINES: Readonly<Record<Kind, readonly string[]>> = {
  incident: ['Kind: incident'],
  drill: ['Kind: drill; nothing was wrong, and no figure counts it'],
  retrospective: ['Kind: retrospective; it was written down after it was over'],
};

const kindLine = ({ incident }: Known): readonly string[] => [
  ...KIND_LINES[incident.kind],
  ...(incident.private ? ['Private: only members of its channel may see this'] : []),
];

/** How long it lasted, and between which milestones; the end of impact is often only known as "resolved". */
export function lasted({ incident: { milestones } }: Known): string {
  const last = milestones.impact_ended ? 'impact_ended' : 'resolved';
  const took = secondsBetween(milestones.impact_started?.at, milestones[last]?.at);
  if (took !== undefined) return `${seconds(took)} (${last} - impact_started)`;
  return byMilestone(milestones.impact_started ? 'impact_ended' : 'impact_started');
}

/** What a monitor saw fail, in one line. */
export function failure(proposal: Proposal): string {
  const { monitor, foreign, target, sqlstate, error, relations, firstFailedAt } = proposal;
  if (foreign) return `From ${formatUtc(firstFailedAt)} on, ${code(monitor)} told: ${inline(error)}`;
  const state = sqlstate === undefined ? '' : `, SQLSTATE ${code(sqlstate)}`;
  const named = relations.length === 0 ? '' : `; it reads ${codes(relations)}`;
  return `From ${formatUtc(firstFailedAt)} on, ${code(monitor)} failed on ${code(target ?? 'no target')}${state}: ${inline(error)}${named}`;
}

function start({ incident: { milestones } }: Known): string {
  const at = milestones.impact_started?.at;
  return at === undefined ? byMilestone('impact_started') : formatUtc(at);
}

function end({ incident: { milestones } }: Known): string {
  if (milestones.impact_ended) return formatUtc(milestones.impact_ended.at);
  const { resolved } = milestones;
  return resolved ? `${formatUtc(resolved.at)} (resolved)` : byMilestone('impact_ended');
}

/** The same in the team's zone, where that is another. */
function locally(report: Report): readonly string[] {
  const zone = teamZone(report);
  const { impact_started, impact_ended, resolved } = report.incident.milestones;
  const [from, to] = [impact_started?.at, (impact_ended ?? resolved)?.at];
  if (zone === undefined || !from || !to) return [];
  return [`In ${zone}: ${formatIn(from, zone)} - ${formatIn(to, zone)}`];
}

/** As configured; a role that is configured no more comes last. */
export const heldRoles = ({
  roles,
  incident,
}: Report): readonly { readonly title: string; readonly user: string }[] => {
  const place = (role: string): number =>
    roles.findIndex(({ name }) => name === role) + 1 || roles.length + 1;
  return Object.entries(incident.roles)
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .flatMap(([role, user]) => (user === undefined ? [] : [{ title: roleOf({ roles }, role).title, user }]));
};

function rolesOf(report: Report): string {
  const held = heldRoles(report).map(({ title, user }) => `${inline(title)} ${who(report, user)}`);
  return held.length > 0 ? held.join('; ') : notRecorded('take the lead with `lead`');
}

function affected(record: Known): string {
  const proposals = proposalsInOrder(record);
  const services = unique([record.incident, ...proposals].flatMap(({ service }) => service ?? []));
  const targets = unique([...proposals, ...record.runs].flatMap(({ target }) => target ?? []));
  const parts = [
    services.length > 0 ? codes(services) : '',
    targets.length > 0 ? `database ${codes(targets)}` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join('; ') : notRecorded('a service is named when an incident is declared');
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].sort();

function milestoneTable(report: Report): string {
  const zone = teamZone(report);
  return table(
    ['Milestone', 'Time', ...(zone === undefined ? [] : [`Time (${zone})`]), 'By', 'Corrected from'],
    MILESTONES.map((name) => milestoneRow(report, name, zone)),
  );
}

function milestoneRow(report: Report, name: MilestoneName, zone: string | undefined): readonly string[] {
  const milestone = report.incident.milestones[name];
  const local = (text: string): readonly string[] => (zone === undefined ? [] : [text]);
  if (!milestone) return [name, byMilestone(name), ...local(''), '', ''];
  const earlier = milestone.earlier.map(({ at, by }) => `${formatUtc(at)} by ${who(report, by)}`);
  return [
    name,
    formatUtc(milestone.at),
    ...local(zone === undefined ? '' : formatIn(milestone.at, zone)),
    who(report, milestone.by),
    earlier.join('; '),
  ];
}

const metricTable = ({ incident: { milestones } }: Known): string =>
  table(
    ['Metric', 'Value', 'Formula'],
    metrics(milestones).map((metric) => [metric.name, seconds(metric.seconds), metric.formula]),
  );

const seenByMonitors = (record: Known): readonly string[] =>
  record.proposals.length === 0
    ? ['not recorded: no monitor saw a failure']
    : proposalsInOrder(record).map(failure);

function data(record: Known): readonly string[] {
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
