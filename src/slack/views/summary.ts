/** An incident in a few lines of text, for `status`. */
import { person } from '../../domain/actor.ts';
import { type Incident, MILESTONES, ROLE_TITLES, ROLES } from '../../domain/incident.ts';
import { formatUtc } from '../../domain/when.ts';

export function incidentSummary(incident: Incident): string {
  const { roles, milestones } = incident;
  return [
    `*inc-${incident.id}* ${incident.title}`,
    `Severity *${incident.severity}*, status *${incident.status}*`,
    ...ROLES.flatMap((role) => (roles[role] ? [`${ROLE_TITLES[role]}: ${person(roles[role])}`] : [])),
    ...MILESTONES.flatMap((name) => (milestones[name] ? [`${name}: ${formatUtc(milestones[name].at)}`] : [])),
  ].join('\n');
}
