/** Section 4: how it was detected, who worked on it, what was done, and the timeline. */
import type { Page } from '../incident.ts';
import { secondsBetween } from '../metrics.ts';
import { type RoleSpec, roleOf } from '../policy.ts';
import type { IncidentRecord } from '../record.ts';
import { formatUtc } from '../when.ts';
import { proposalsInOrder, runsInOrder } from './facts.ts';
import { code, type Item, inline, list, table } from './markdown.ts';
import { runLines } from './runs.ts';
import { said } from './summary.ts';
import { timelineTable } from './timeline.ts';
import { byMilestone, notRecorded, seconds, who } from './words.ts';

/** Section 4. */
export const response = (record: IncidentRecord, roles: readonly RoleSpec[]): string =>
  [
    '### Detection',
    list(detection(record)),
    '### Who',
    list(people(record, roles)),
    '### Escalation',
    escalation(record),
    '### Response actions',
    actions(record),
    '### Timeline (UTC)',
    timelineTable(record),
  ].join('\n\n');

function detection(record: IncidentRecord): readonly string[] {
  const seen = proposalsInOrder(record).map(({ monitor, target, firstFailedAt, detectedAt }) => {
    const took = seconds(secondsBetween(firstFailedAt, detectedAt));
    return `Monitor ${code(monitor)} on ${code(target)}: first failure ${formatUtc(firstFailedAt)}, detected ${formatUtc(detectedAt)}, ${took} later`;
  });
  const { detected } = record.incident.milestones;
  if (seen.length > 0) return seen;
  return [detected ? `At ${formatUtc(detected.at)} by ${who(record, detected.by)}` : byMilestone('detected')];
}

function people(record: IncidentRecord, roles: readonly RoleSpec[]): readonly Item[] {
  const held = Object.entries(record.incident.roles)
    .sort(([a], [b]) => place(roles, a) - place(roles, b))
    .flatMap(([role, user]) =>
      user === undefined ? [] : [`${inline(roleOf({ roles }, role).title)}: ${who(record, user)}`],
    );
  const changes = record.timeline
    .filter(({ kind, text }) => kind === 'role' && text !== undefined)
    .map(({ at, text }) => `${formatUtc(at)}: ${inline(text ?? '', record.people)}`);
  const nobody = [`Roles: ${notRecorded('take the lead with `lead`')}`];
  const history = changes.length > 1 ? ['Changes of roles:', changes] : [];
  return [...(held.length > 0 ? held : nobody), ...history];
}

/** As configured; a role that is configured no more comes last. */
const place = (roles: readonly RoleSpec[], role: string): number =>
  roles.findIndex(({ name }) => name === role) + 1 || roles.length + 1;

function escalation(record: IncidentRecord): string {
  const { pages } = record.incident;
  if (pages.length === 0) return 'Nobody was paged through the incident.';
  return table(
    ['#', 'Time (UTC)', 'Team', 'Level', 'Person', 'Asked by', 'Reason', 'Answer'],
    pages.map((page) => [
      `${page.number}`,
      formatUtc(page.at).slice(0, 19),
      inline(page.team),
      `${page.level}`,
      who(record, page.user),
      who(record, page.requestedBy),
      page.reason === undefined ? 'not recorded' : inline(page.reason, record.people),
      answer(record, page),
    ]),
  );
}

function answer(record: IncidentRecord, page: Page): string {
  if (!page.answer) return page.unsent === undefined ? 'none' : `not sent: ${inline(page.unsent)}`;
  const { kind, by, at } = page.answer;
  const by_ = by === page.user ? '' : ` by ${who(record, by)}`;
  return `${kind}${by_} after ${seconds(secondsBetween(page.at, at))}`;
}

const actions = (record: IncidentRecord): string => {
  const fix = said(record, 'fix');
  const fixed = fix === undefined ? [] : [`What fixed it: ${fix}`];
  const ran = runsInOrder(record).flatMap((run) => runLines(record, run));
  return ran.length === 0
    ? list([...fixed, 'No runbook was run: what was done by hand is in the timeline.'])
    : list([...fixed, ...ran]);
};
