/** Everything the record holds as JSON, with times in ISO 8601 and people by name. */

import type { KnownAlert } from './alert.ts';
import type { Change } from './change.ts';
import { ACCOUNTS, type Actor, type Incident, MILESTONES } from './incident.ts';
import { metrics } from './metrics.ts';
import { nameOf, type People, plainText } from './postmortem/markdown.ts';
import { type Report, type ReportContext, reportOf } from './postmortem/report.ts';
import type { IncidentRecord, Proposal } from './record.ts';
import type { Approval, Run, RunStep } from './run.ts';
import { type Row, rowsOf } from './timeline.ts';

/** One row of the exported timeline; `erased` stands where its text was taken out. */
export interface ExportedEntry {
  readonly seq: number;
  readonly at: string;
  readonly recorded_at: string;
  readonly kind: string;
  readonly actor: string;
  readonly text: string;
  readonly erased?: true;
  readonly link?: string;
  /** What it said before it was corrected, oldest first. */
  readonly earlier?: readonly ExportedWords[];
  readonly struck?: ExportedWords;
  readonly deleted?: ExportedWords;
  /** Kept out of the postmortem by the team. */
  readonly left_out?: true;
}

interface ExportedWords {
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

/** The record with its keys in a fixed order; the timeline by the time things happened, with what was taken back. */
export const exportJson = (record: IncidentRecord, context: ReportContext = NO_CONTEXT) => {
  const report = reportOf(record, context);
  return {
    ...before(report),
    timeline: rowsOf(record.timeline).map((row) => exportedRow(report, row)),
    ...after(report),
  };
};

/** The same as text, piece by piece, however long the timeline is. */
export async function* jsonChunks(report: Report, rows: AsyncIterable<Row>): AsyncGenerator<string> {
  yield `{\n${members(before(report))},\n  "timeline": [`;
  let between = '';
  for await (const row of rows) {
    yield `${between}\n    ${inside(exportedRow(report, row), '    ')}`;
    between = ',';
  }
  yield `${between === '' ? '' : '\n  '}],\n${members(after(report))}\n}\n`;
}

const NO_CONTEXT: ReportContext = { generatedBy: '' };

const before = (report: Report) => ({
  incident: incident(report),
  milestones: milestones(report),
  // A metric that is not known is null: a reader that adds up must not take its absence for nothing.
  metrics: metrics(report.incident.milestones).map((each) => ({ ...each, seconds: each.seconds ?? null })),
  proposals: report.proposals.map(proposal),
  changes: report.changes.map(changed),
  alerts: report.alerts.map(alert),
});

const after = (report: Report) => ({
  runs: report.runs.map((each) => run(each, report)),
  pages: report.incident.pages.map((page) => paged(page, report.people)),
  action_items: actionItems(report),
  parts: report.parts.map(({ part, text, by, at }) => ({
    part,
    text,
    by: nameOf(by, report.people),
    at: at.toISOString(),
  })),
  head_hash: report.headHash,
});

/** As `JSON.stringify` writes the members of an object, two blanks deep. */
const members = (value: object): string =>
  Object.entries(value)
    .map(([key, member]) => `  ${JSON.stringify(key)}: ${inside(member, '  ')}`)
    .join(',\n');

const inside = (value: unknown, indent: string): string =>
  JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${indent}`);

function exportedRow({ people, incident: { leftOut } }: Report, row: Row): ExportedEntry {
  const words = (it: { at: Date; by: Actor; text?: string }): ExportedWords => ({
    at: it.at.toISOString(),
    by: nameOf(it.by, people),
    text: it.text === undefined ? 'erased' : plainText(it.text, people),
  });
  return {
    seq: row.seq,
    at: row.at.toISOString(),
    recorded_at: row.recordedAt.toISOString(),
    kind: row.kind,
    actor: nameOf(row.actor, people),
    ...(row.text === undefined ? { text: 'erased', erased: true } : { text: plainText(row.text, people) }),
    ...(row.link === undefined ? {} : { link: row.link }),
    ...(row.earlier.length === 0 ? {} : { earlier: row.earlier.map(words) }),
    ...(row.struck === undefined ? {} : { struck: words(row.struck) }),
    ...(row.deleted === undefined ? {} : { deleted: words(row.deleted) }),
    ...(leftOut.includes(row.seq) ? { left_out: true } : {}),
  };
}

function incident({ incident: it, people }: Report): object {
  const roles = Object.entries(it.roles).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    number: it.id,
    title: it.title,
    kind: it.kind,
    private: it.private,
    severity: it.severity,
    status: it.status,
    service: it.service,
    duplicate_of: it.duplicateOf,
    declared_by: nameOf(it.declaredBy, people),
    declared_at: it.declaredAt.toISOString(),
    channel_id: it.channelId,
    roles: Object.fromEntries(roles.map(([role, user = '']) => [role, nameOf(user, people)])),
    ...Object.fromEntries(
      ACCOUNTS.map((account) => {
        const text = it.accounts[account];
        return [account, text === undefined ? null : plainText(text, people)];
      }),
    ),
  };
}

/** A milestone that is not recorded is null, so that nobody takes its absence for a format of another version. */
const milestones = ({ incident: it, people }: Report): object =>
  Object.fromEntries(
    MILESTONES.map((name) => {
      const milestone = it.milestones[name];
      if (!milestone) return [name, null];
      return [
        name,
        { ...reached(milestone, people), earlier: milestone.earlier.map((e) => reached(e, people)) },
      ];
    }),
  );

const reached = (value: { at: Date; by: Actor; recordedAt: Date }, people: People): object => ({
  at: value.at.toISOString(),
  by: nameOf(value.by, people),
  recorded_at: value.recordedAt.toISOString(),
});

const proposal = (it: Proposal): object => ({
  monitor: it.monitor,
  ...(it.foreign ? { foreign: true } : {}),
  target: it.target,
  service: it.service,
  sqlstate: it.sqlstate,
  error: it.error,
  relations: it.relations,
  migration: it.migration && { name: it.migration.name, applied_at: it.migration.appliedAt?.toISOString() },
  first_failed_at: it.firstFailedAt.toISOString(),
  detected_at: it.detectedAt.toISOString(),
});

const alert = (it: KnownAlert): object => ({
  source: it.source,
  title: it.title,
  severity: it.severity,
  service: it.service,
  state: it.state,
  started_at: it.startedAt.toISOString(),
  resolved_at: it.resolvedAt?.toISOString(),
  told: it.told,
  outcome: it.outcome,
  reason: it.reason,
  link: it.link,
});

const run = (it: Run, { people, sql }: Report): object => ({
  id: it.id,
  runbook: it.runbook,
  title: it.title,
  target: it.target,
  params: it.params,
  requested_by: nameOf(it.requestedBy, people),
  requested_at: it.requestedAt.toISOString(),
  state: it.state,
  ended_at: it.endedAt?.toISOString(),
  steps: it.steps.map((each) => step(each, people, sql)),
});

/** Without what a step read, which may hold somebody's data; the SQL of its plan as far as it may be shown. */
const step = (it: RunStep, people: People, sql: Report['sql']): object => ({
  index: it.index,
  name: it.name,
  kind: it.kind,
  risk: it.risk,
  state: it.state,
  started_at: it.startedAt?.toISOString(),
  ended_at: it.endedAt?.toISOString(),
  verdict: it.verdict,
  plan: it.plan && {
    kind: it.plan.kind,
    hash: it.plan.hash,
    target: it.plan.target,
    title: it.plan.title,
    sql: sql.get(it.plan.hash),
  },
  approval: it.approval && approval(it.approval, people),
  outcome: it.outcome && { ...it.outcome, facts: withoutOutput(it.outcome.facts) },
});

/** What a program printed, or a service answered, may hold somebody's data, too. */
const withoutOutput = ({ output: _, body: __, ...facts }: Readonly<Record<string, unknown>>): object => facts;

const approval = (it: Approval, people: People): object => ({
  plan_hash: it.planHash,
  requested_by: nameOf(it.requestedBy, people),
  requested_at: it.requestedAt.toISOString(),
  decision: it.decision && {
    kind: it.decision.kind,
    by: nameOf(it.decision.by, people),
    at: it.decision.at.toISOString(),
    ...(it.decision.brokenFor === undefined ? {} : { without_a_second_person: it.decision.brokenFor }),
  },
});

/** What was reported to have changed around the beginning; `timeline` tells those that were known by then. */
const changed = (it: Change): object => ({
  at: it.at.toISOString(),
  kind: it.kind,
  title: it.title,
  service: it.service,
  target: it.target,
  author: it.author,
  outcome: it.outcome,
  link: it.link,
  source: it.source,
  received_at: it.receivedAt.toISOString(),
});

const paged = (it: Incident['pages'][number], people: People): object => ({
  number: it.number,
  escalation: it.escalation,
  level: it.level,
  team: it.team,
  user: nameOf(it.user, people),
  reason: it.reason === undefined ? undefined : plainText(it.reason, people),
  requested_by: nameOf(it.requestedBy, people),
  at: it.at.toISOString(),
  unsent: it.unsent,
  answer: it.answer && {
    kind: it.answer.kind,
    by: nameOf(it.answer.by, people),
    at: it.answer.at.toISOString(),
  },
});

const actionItems = ({ incident: it, people }: Report): readonly object[] =>
  it.actionItems.map((item) => ({
    number: item.number,
    text: plainText(item.text, people),
    owner: item.owner === undefined ? undefined : nameOf(item.owner, people),
    due: item.due,
    done: item.done,
    issue: item.issue?.url,
    created_by: nameOf(item.createdBy, people),
  }));
