/** The pinned card of an incident's channel: what is wrong, who does what, since when, what is running. */
import {
  type Incident,
  isOpen,
  MILESTONES,
  ROLE_TITLES,
  ROLES,
  SEVERITY_MEANINGS,
} from '../../domain/incident.ts';
import type { Hold, IncidentRecord } from '../../domain/record.ts';
import type { Run } from '../../domain/run.ts';
import { context, fields, header, lines, section, type View, view } from './blocks.ts';
import { code, mrkdwn } from './text.ts';
import { mark, reached, severityName, when, who } from './words.ts';

export function card({ incident, runs, holds }: IncidentRecord, command: string): View {
  const head = `Incident ${incident.id}: ${severityName(incident)}, ${incident.status}`;
  return view(`${head}: ${mrkdwn(incident.title)}`, [
    header(head),
    section(`${mark(incident)} *${mrkdwn(incident.title)}*\n${SEVERITY_MEANINGS[incident.severity]}`),
    fields(people(incident)),
    ...lines(['*Times*', ...times(incident)]),
    ...listed('Waiting for an answer', waiting(incident)),
    ...listed('Running', runs.filter(({ endedAt }) => endedAt === undefined).map(running)),
    ...listed('Rolled back: must not be deployed again', holds.map(held)),
    context(hint(incident, command)),
  ]);
}

function people({ roles, declaredBy }: Incident): readonly (readonly [string, string])[] {
  const held = ROLES.flatMap((role) => {
    const holder = roles[role];
    return holder === undefined ? [] : [[ROLE_TITLES[role], who(holder)] as const];
  });
  const lead = roles.commander === undefined ? [[ROLE_TITLES.commander, 'nobody yet'] as const] : [];
  return [...lead, ...held, ['Declared by', who(declaredBy)]];
}

const times = ({ milestones }: Incident): readonly string[] =>
  MILESTONES.flatMap((name) => {
    const milestone = milestones[name];
    return milestone === undefined ? [] : [`• ${name.replace('_', ' ')}: ${reached(milestone)}`];
  });

const waiting = (incident: Incident): readonly string[] =>
  isOpen(incident)
    ? incident.pages
        .filter(({ answer }) => answer === undefined)
        .map(({ user, team, at }) => `• ${who(user)} (${mrkdwn(team)}), paged at ${when(at)}`)
    : [];

const running = ({ id, title, target, state }: Run): string =>
  `• run ${id}: ${mrkdwn(title)} on ${code(target)}, ${state.replace('_', ' ')}`;

const held = ({ migration, target }: Hold): string => `• ${code(migration)} on ${code(target)}`;

const listed = (title: string, items: readonly string[]) =>
  items.length === 0 ? [] : lines([`*${title}*`, ...items]);

function hint(incident: Incident, command: string): string {
  const verbs = isOpen(incident)
    ? ['status', 'note', 'escalate', 'db', 'rollback']
    : ['postmortem', 'reopen'];
  return verbs.map((verb) => code(`${command} ${verb}`)).join(' ');
}
