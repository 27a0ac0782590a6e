/** Everything the record holds as JSON, with times in ISO 8601 and people by name. */
import { ACCOUNTS, type Actor, type Incident, MILESTONES } from './incident.ts';
import { metrics } from './metrics.ts';
import { nameOf, type People, plainText } from './postmortem/markdown.ts';
import { byTime } from './postmortem/timeline.ts';
import type { IncidentRecord, Proposal } from './record.ts';
import type { Approval, Run, RunStep } from './run.ts';

/** One entry of the exported timeline; `erased` stands where its text was taken out. */
export interface ExportedEntry {
  readonly seq: number;
  readonly at: string;
  readonly recorded_at: string;
  readonly kind: string;
  readonly actor: string;
  readonly text: string;
  readonly erased?: true;
  readonly link?: string;
}

/** The record with its keys in a fixed order; the timeline by the time things happened. */
export const exportJson = (record: IncidentRecord): object => ({
  incident: incident(record),
  milestones: milestones(record),
  metrics: metrics(record.incident.milestones),
  proposals: record.proposals.map(proposal),
  timeline: exportTimeline(record),
  runs: record.runs.map((each) => run(each, record.people)),
  pages: record.incident.pages.map((page) => paged(page, record.people)),
  action_items: actionItems(record),
  head_hash: record.headHash,
});

/** The `timeline` array by itself. */
export const exportTimeline = ({ timeline, people }: IncidentRecord): readonly ExportedEntry[] =>
  byTime(timeline).map((entry) => ({
    seq: entry.seq,
    at: entry.at.toISOString(),
    recorded_at: entry.recordedAt.toISOString(),
    kind: entry.kind,
    actor: nameOf(entry.actor, people),
    ...(entry.text === undefined
      ? { text: 'erased', erased: true }
      : { text: plainText(entry.text, people) }),
    ...(entry.link === undefined ? {} : { link: entry.link }),
  }));

function incident({ incident: it, people }: IncidentRecord): object {
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
const milestones = ({ incident: it, people }: IncidentRecord): object =>
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
  target: it.target,
  service: it.service,
  sqlstate: it.sqlstate,
  error: it.error,
  relations: it.relations,
  migration: it.migration && { name: it.migration.name, applied_at: it.migration.appliedAt?.toISOString() },
  first_failed_at: it.firstFailedAt.toISOString(),
  detected_at: it.detectedAt.toISOString(),
});

const run = (it: Run, people: People): object => ({
  id: it.id,
  runbook: it.runbook,
  title: it.title,
  target: it.target,
  params: it.params,
  requested_by: nameOf(it.requestedBy, people),
  requested_at: it.requestedAt.toISOString(),
  state: it.state,
  ended_at: it.endedAt?.toISOString(),
  steps: it.steps.map((each) => step(each, people)),
});

/** Without what a step read, which may hold somebody's data, and without the SQL of its plan: its hash names it. */
const step = (it: RunStep, people: People): object => ({
  index: it.index,
  name: it.name,
  kind: it.kind,
  risk: it.risk,
  state: it.state,
  started_at: it.startedAt?.toISOString(),
  ended_at: it.endedAt?.toISOString(),
  verdict: it.verdict,
  plan: it.plan && { kind: it.plan.kind, hash: it.plan.hash, target: it.plan.target, title: it.plan.title },
  approval: it.approval && approval(it.approval, people),
  outcome: it.outcome,
});

const approval = (it: Approval, people: People): object => ({
  plan_hash: it.planHash,
  requested_by: nameOf(it.requestedBy, people),
  requested_at: it.requestedAt.toISOString(),
  decision: it.decision && {
    kind: it.decision.kind,
    by: nameOf(it.decision.by, people),
    at: it.decision.at.toISOString(),
  },
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

const actionItems = ({ incident: it, people }: IncidentRecord): readonly object[] =>
  it.actionItems.map((item) => ({
    number: item.number,
    text: plainText(item.text, people),
    owner: item.owner === undefined ? undefined : nameOf(item.owner, people),
    due: item.due,
    done: item.done,
    created_by: nameOf(item.createdBy, people),
  }));
