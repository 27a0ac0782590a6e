/** What a latecomer has to know, from recorded facts alone. */
import { person } from './actor.ts';
import { whatChanged } from './change.ts';
import type { EntryKind } from './entry.ts';
import { foreign } from './foreign.ts';
import { type Incident, isOpen } from './incident.ts';
import { duration } from './metrics.ts';
import { COMMANDER, type Policy, roleOf } from './policy.ts';
import type { IncidentRecord } from './record.ts';
import { dueAt } from './reminders.ts';
import { type Row, rowsOf, standing } from './timeline.ts';
import { formatUtc } from './when.ts';

/** What somebody decided, as against what was seen or said. */
const DECISIONS: readonly EntryKind[] = [
  'status',
  'severity',
  'role',
  'page',
  'approval',
  'run',
  'title',
  'duplicate',
];
const SHOWN = 5;

/** As lines of Slack mrkdwn: what, since when, who, the last decisions, what is running, what is due. */
export function catchup(record: IncidentRecord, policy: Policy, now: Date): readonly string[] {
  const { incident } = record;
  return [
    ...what(incident, now),
    ...who(incident, policy),
    ...section('Last decisions', decisions(record)),
    ...section('What changed', changes(record)),
    ...section('Alerts that fire', firing(record)),
    ...section('Running', running(record)),
    ...section('Due', due(record, policy, now)),
  ];
}

function what(incident: Incident, now: Date): readonly string[] {
  const { id, title, severity, status, statusSince, milestones, accounts, lastUpdate, kind, duplicateOf } =
    incident;
  const began = milestones.impact_started?.at ?? milestones.detected?.at ?? incident.declaredAt;
  const since = `for ${ago(statusSince, now)}`;
  return [
    `*${kind === 'drill' ? 'DRILL ' : ''}inc-${id}* ${title}`,
    `*${severity}*, *${status}* ${since}; it began ${ago(began, now)} ago (${formatUtc(began)}${milestones.impact_started ? '' : ', the start of the impact is not recorded'})`,
    ...(duplicateOf === undefined ? [] : [`It is the same as inc-${duplicateOf}: work goes on there.`]),
    ...(accounts.summary === undefined ? [] : [`Summary: ${accounts.summary}`]),
    `Impact: ${accounts.impact ?? 'not recorded'}`,
    ...(accounts.cause === undefined ? [] : [`Cause: ${accounts.cause}`]),
    ...(lastUpdate
      ? [`Last update ${ago(lastUpdate.at, now)} ago by ${person(lastUpdate.by)}: ${lastUpdate.text}`]
      : []),
  ];
}

function who({ roles }: Incident, policy: Policy): readonly string[] {
  const held = policy.roles.flatMap(({ name, title }) => {
    const holder = roles[name];
    return holder === undefined ? [] : [`${title}: ${person(holder)}`];
  });
  const nobody = roles[COMMANDER] === undefined ? [`${roleOf(policy, COMMANDER).title}: nobody`] : [];
  return ['*Who*', ...[...nobody, ...held].map(bullet)];
}

/** In the order they were made. */
const decisions = ({ timeline }: IncidentRecord): readonly string[] =>
  standing(rowsOf(timeline))
    .filter(({ kind, text }) => DECISIONS.includes(kind) && text !== undefined)
    .slice(-SHOWN)
    .map(line);

/** The newest, in the order they were made. */
const changes = (record: IncidentRecord): readonly string[] =>
  whatChanged(record, standing(rowsOf(record.timeline)))
    .slice(0, SHOWN)
    .map(({ at, text, when }) => `${formatUtc(at).slice(11)}, ${when}: ${text}`)
    .reverse();

const firing = ({ alerts }: IncidentRecord): readonly string[] => {
  const all = alerts.filter(({ state }) => state === 'firing');
  const more = all.length - SHOWN;
  return [
    ...all
      .slice(-SHOWN)
      .map(
        ({ title, source, startedAt }) =>
          `${foreign(title)} (${source}), since ${formatUtc(startedAt).slice(11)}`,
      ),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
};

const line = ({ at, actor, text = 'erased' }: Row): string =>
  `${formatUtc(at).slice(11)} ${person(actor)}: ${text}`;

function running({ incident, runs }: IncidentRecord): readonly string[] {
  const escalations = isOpen(incident) ? incident.escalations : [];
  return [
    ...runs
      .filter(({ endedAt }) => endedAt === undefined)
      .map(({ id, title, state }) => `run ${id}: ${foreign(title)}, ${state.replaceAll('_', ' ')}`),
    ...escalations.flatMap(({ team, level, state }) => {
      if (state === 'paging') return [`paging ${team}, level ${level}`];
      return state === 'exhausted' ? [`${team} was paged up to level ${level}, nobody has answered`] : [];
    }),
  ];
}

function due({ incident }: IncidentRecord, policy: Policy, now: Date): readonly string[] {
  const update = isOpen(incident) ? dueAt(incident, 'update-due', policy) : undefined;
  const postmortem = dueAt(incident, 'postmortem-missing', policy);
  const open = incident.actionItems.filter(({ done }) => !done);
  return [
    ...(update ? [`update ${by(update, now)}`] : []),
    ...(postmortem ? [`postmortem ${by(postmortem, now)}`] : []),
    ...open.map(
      ({ number, text, owner, due: day }) =>
        `action item ${number}: ${text} (${owner ? person(owner) : 'no owner'}, ${day ? `due ${day}` : 'no deadline'})`,
    ),
  ];
}

/** `by 10:30`, and that it is late. */
const by = (at: Date, now: Date): string => `by ${formatUtc(at)}${at < now ? ', overdue' : ''}`;

/** What is empty is said to be: a latecomer must not wonder whether it was left out. */
const section = (title: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [`*${title}*: nothing`] : [`*${title}*`, ...items.map(bullet)];

const bullet = (text: string): string => `• ${text}`;

const ago = (at: Date, now: Date): string =>
  duration(Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000)));
