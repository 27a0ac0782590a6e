/** An incident in a few lines of text, for `status`, and in one, for `list`. */
import { person } from '../../domain/actor.ts';
import { ACCOUNTS, type Incident, isOpen, MILESTONES } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import { dueAt } from '../../domain/reminders.ts';
import { formatUtc } from '../../domain/when.ts';
import { labels } from './words.ts';

export function incidentSummary(incident: Incident, policy: Policy): string {
  const { roles, milestones, accounts, lastUpdate } = incident;
  const update = isOpen(incident) ? dueAt(incident, 'update-due', policy) : undefined;
  return [
    `${labelled(incident)}*inc-${incident.id}* ${incident.title}`,
    `Severity *${incident.severity}*, status *${incident.status}* since ${formatUtc(incident.statusSince)}`,
    ...policy.roles.flatMap(({ name, title }) => {
      const holder = roles[name];
      return holder === undefined ? [] : [`${title}: ${person(holder)}`];
    }),
    ...ACCOUNTS.flatMap((account) => {
      const text = accounts[account];
      return text === undefined ? [] : [`${account}: ${text}`];
    }),
    ...MILESTONES.flatMap((name) => (milestones[name] ? [`${name}: ${formatUtc(milestones[name].at)}`] : [])),
    ...(lastUpdate ? [`Last update ${formatUtc(lastUpdate.at)}: ${lastUpdate.text}`] : []),
    ...(update ? [`Next update by ${formatUtc(update)}`] : []),
  ].join('\n');
}

export function listLine(incident: Incident): string {
  const { id, severity, status, title, channelId } = incident;
  const where = channelId === undefined ? '' : ` <#${channelId}>`;
  return `${labelled(incident)}inc-${id} ${severity} *${status}* ${title}${where}`;
}

const labelled = (incident: Incident): string => {
  const label = labels(incident);
  return label === '' ? '' : `[${label}] `;
};
