/** The topic of an incident's channel: what it is about, for whoever looks in. */
import type { Incident } from '../../domain/incident.ts';
import { clip, mrkdwn } from './text.ts';
import { severityName, who } from './words.ts';

const TOPIC = 250;

export function topicOf(incident: Incident): string {
  const { commander } = incident.roles;
  const lead = commander === undefined ? 'no commander yet' : `commander ${who(commander)}`;
  return clip(`${severityName(incident)} | ${incident.status} | ${lead} | ${mrkdwn(incident.title)}`, TOPIC);
}
