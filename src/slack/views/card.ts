/** The pinned card of an incident's channel: what is wrong, who does what, since when, what is due and running. */
import { whatChanged, windowOf } from '../../domain/change.ts';
import { foreign } from '../../domain/foreign.ts';
import { type Incident, isOpen, MILESTONES } from '../../domain/incident.ts';
import { COMMANDER, type Policy, roleOf, severityOf } from '../../domain/policy.ts';
import type { Hold, IncidentRecord } from '../../domain/record.ts';
import { dueAt } from '../../domain/reminders.ts';
import type { Run } from '../../domain/run.ts';
import type { Settings } from '../../domain/settings.ts';
import { rowsOf, standing } from '../../domain/timeline.ts';
import { context, fields, header, lines, section, type View, view } from './blocks.ts';
import { offerButtons } from './offers.ts';
import { clip, code, mrkdwn } from './text.ts';
import { labels, mark, reached, severityName, when, who } from './words.ts';

const ACCOUNT = 500;
const CHANGES = 3;
const ALERTS = 3;

export function card(record: IncidentRecord, settings: Settings): View {
  const { incident, runs, holds, alerts } = record;
  const label = labels(incident);
  const head = `${label === '' ? '' : `${label}: `}Incident ${incident.id}: ${severityName(incident)}, ${incident.status}`;
  return view(`${head}: ${mrkdwn(incident.title)}`, [
    header(head),
    section(
      `${mark(incident, settings)} *${mrkdwn(incident.title)}*\n${mrkdwn(severityOf(settings, incident.severity).meaning)}`,
    ),
    fields(people(incident, settings)),
    ...listed('What we know', known(incident)),
    ...listed('Due next', due(incident, settings)),
    ...lines(['*Times*', ...times(incident)]),
    ...listed('Waiting for an answer', waiting(incident)),
    ...listed('What changed', changed(record)),
    ...listed('Alerts', alertsOf(alerts)),
    ...listed('Running', runs.filter(({ endedAt }) => endedAt === undefined).map(running)),
    ...listed('Rolled back: must not be deployed again', holds.map(held)),
    buttons(incident),
    context(hint(incident, settings.command)),
  ]);
}

function people(incident: Incident, policy: Policy): readonly (readonly [string, string])[] {
  const { roles, declaredBy, service } = incident;
  const held = policy.roles.flatMap(({ name, title }) => {
    const holder = roles[name];
    return holder === undefined ? [] : [[title, who(holder)] as const];
  });
  const lead =
    roles[COMMANDER] === undefined ? [[roleOf(policy, COMMANDER).title, 'nobody yet'] as const] : [];
  const affected = service === undefined ? [] : [['Service', code(service)] as const];
  return [...lead, ...held, ['Declared by', who(declaredBy)], ...affected];
}

function known({ accounts, lastUpdate }: Incident): readonly string[] {
  const said = (['impact', 'summary', 'cause', 'fix'] as const).flatMap((account) => {
    const text = accounts[account];
    return text === undefined ? [] : [`• ${account}: ${clip(mrkdwn(text), ACCOUNT)}`];
  });
  return lastUpdate === undefined
    ? said
    : [...said, `• update ${when(lastUpdate.at)}: ${clip(mrkdwn(lastUpdate.text), ACCOUNT)}`];
}

/** What somebody has to do by when; times, since a message grows old. */
function due(incident: Incident, policy: Policy): readonly string[] {
  const update = isOpen(incident) ? dueAt(incident, 'update-due', policy) : undefined;
  const postmortem = dueAt(incident, 'postmortem-missing', policy);
  const open = incident.actionItems.filter(({ done }) => !done);
  const first = open.flatMap(({ due: day }) => day ?? []).sort()[0];
  const nobody = incident.roles[COMMANDER] === undefined && isOpen(incident);
  return [
    ...(nobody ? ['• somebody to lead'] : []),
    ...(update ? [`• update by ${when(update)}`] : []),
    ...(postmortem ? [`• postmortem by ${when(postmortem)}`] : []),
    ...(open.length > 0
      ? [
          `• ${open.length} action item${open.length === 1 ? '' : 's'}${first ? `, the first by ${first}` : ''}`,
        ]
      : []),
  ];
}

const times = ({ milestones }: Incident): readonly string[] =>
  MILESTONES.flatMap((name) => {
    const milestone = milestones[name];
    return milestone === undefined ? [] : [`• ${name.replace('_', ' ')}: ${reached(milestone)}`];
  });

function waiting(incident: Incident): readonly string[] {
  if (!isOpen(incident)) return [];
  return incident.escalations
    .filter(({ state }) => state === 'paging')
    .map(({ number, team, level, levelAt }) => {
      const users = incident.pages
        .filter((page) => page.escalation === number && page.level === level && page.answer === undefined)
        .map(({ user }) => who(user));
      return `• ${mrkdwn(team)} level ${level}: ${users.join(', ') || 'by other ways than Slack'}, paged at ${when(levelAt)}`;
    });
}

/** What came when it began is worth a look now; what was done about it since is not. */
function changed(record: IncidentRecord): readonly string[] {
  const { until } = windowOf(record.incident);
  return whatChanged(record, standing(rowsOf(record.timeline)))
    .filter(({ at }) => at <= until)
    .slice(0, CHANGES)
    .map(({ at, text, when: since }) => `• ${when(at)}, ${since}: ${clip(mrkdwn(text), ACCOUNT)}`);
}

const running = ({ id, title, target, state }: Run): string =>
  `• run ${id}: ${mrkdwn(title)} on ${code(target)}, ${state.replace('_', ' ')}`;

const held = ({ migration, target, returnedAt }: Hold): string =>
  `• ${code(migration)} on ${code(target)}${returnedAt ? ` :rotating_light: *applied again*, seen at ${when(returnedAt)}` : ''}`;

/** Those that fire, the newest first, and how many were resolved; nothing is closed by that. */
function alertsOf(alerts: IncidentRecord['alerts']): readonly string[] {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const resolved = alerts.length - firing.length;
  const more = firing.length - ALERTS;
  return [
    ...firing
      .slice(-ALERTS)
      .toReversed()
      .map(({ title, source }) => `• :red_circle: ${clip(foreign(title), ACCOUNT)} (${code(source)})`),
    ...(more > 0 ? [`• ${more} more fire`] : []),
    ...(resolved > 0 ? [`• ${resolved} resolved`] : []),
  ];
}

const listed = (title: string, items: readonly string[]) =>
  items.length === 0 ? [] : lines([`*${title}*`, ...items]);

/** What people do most; each says a line, with the rights of who clicks. */
function buttons(incident: Incident) {
  const { id, roles, status } = incident;
  if (incident.archived) return undefined;
  if (!isOpen(incident))
    return offerButtons([
      { label: 'Export postmortem', line: `postmortem inc-${id}` },
      { label: 'Catch me up', line: `catchup inc-${id}` },
    ]);
  return offerButtons([
    ...(roles[COMMANDER] === undefined
      ? [{ label: 'I lead', line: `lead inc-${id}`, style: 'primary' as const }]
      : []),
    { label: 'Update', line: `update inc-${id}` },
    { label: 'Escalate', line: `escalate inc-${id}` },
    ...(status === 'mitigated' ? [] : [{ label: 'Mitigated', line: `status inc-${id} mitigated` }]),
    { label: 'Resolve', line: `resolve inc-${id}` },
    { label: 'Catch me up', line: `catchup inc-${id}` },
  ]);
}

function hint(incident: Incident, command: string): string {
  const verbs = isOpen(incident)
    ? ['status', 'note', 'escalate', 'db', 'rollback']
    : ['postmortem', 'reopen', 'archive'];
  return verbs.map((verb) => code(`${command} ${verb}`)).join(' ');
}
