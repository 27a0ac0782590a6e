/** Section 4: how it was detected, who worked on it, what was done, and the timeline. */
import type { Page } from '../incident.ts';
import { secondsBetween } from '../metrics.ts';
import { formatUtc } from '../when.ts';
import { proposalsInOrder, runsInOrder } from './facts.ts';
import { code, type Item, inline, list, table } from './markdown.ts';
import type { Report } from './report.ts';
import { runLines } from './runs.ts';
import { heldRoles, said } from './summary.ts';
import { byMilestone, notRecorded, seconds, when, who } from './words.ts';

/** Section 4 as far as its timeline, whose rows follow one by one. */
export const response = (report: Report): string =>
  [
    '### Detection',
    list(detection(report)),
    '### Who',
    list(people(report)),
    '### Escalation',
    escalation(report),
    '### Response actions',
    actions(report),
  ].join('\n\n');

function detection(record: Report): readonly string[] {
  const seen = proposalsInOrder(record).map(({ monitor, foreign, target, firstFailedAt, detectedAt }) => {
    const took = seconds(secondsBetween(firstFailedAt, detectedAt));
    if (foreign)
      return `Alert of ${code(monitor)}: fired ${formatUtc(firstFailedAt)}, received ${formatUtc(detectedAt)}, ${took} later`;
    return `Monitor ${code(monitor)} on ${code(target ?? 'no target')}: first failure ${formatUtc(firstFailedAt)}, detected ${formatUtc(detectedAt)}, ${took} later`;
  });
  const { detected } = record.incident.milestones;
  if (seen.length > 0) return seen;
  return [
    detected ? `At ${when(record, detected.at)} by ${who(record, detected.by)}` : byMilestone('detected'),
  ];
}

function people(report: Report): readonly Item[] {
  const held = heldRoles(report).map(({ title, user }) => `${inline(title)}: ${who(report, user)}`);
  const changes = report.landmarks
    .filter(({ kind, text }) => kind === 'role' && text !== undefined)
    .map(({ at, text }) => `${formatUtc(at)}: ${inline(text ?? '', report.people)}`);
  const nobody = [`Roles: ${notRecorded('take the lead with `lead`')}`];
  const history = changes.length > 1 ? ['Changes of roles:', changes] : [];
  return [...(held.length > 0 ? held : nobody), ...history];
}

function escalation(record: Report): string {
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

function answer(record: Report, page: Page): string {
  if (!page.answer) return page.unsent === undefined ? 'none' : `not sent: ${inline(page.unsent)}`;
  const { kind, by, at } = page.answer;
  const by_ = by === page.user ? '' : ` by ${who(record, by)}`;
  return `${kind}${by_} after ${seconds(secondsBetween(page.at, at))}`;
}

const actions = (record: Report): string => {
  const fix = said(record, 'fix');
  const fixed = fix === undefined ? [] : [`What fixed it: ${fix}`];
  const ran = runsInOrder(record).flatMap((run) => runLines(record, run));
  return ran.length === 0
    ? list([...fixed, 'No runbook was run: what was done by hand is in the timeline.'])
    : list([...fixed, ...ran]);
};
