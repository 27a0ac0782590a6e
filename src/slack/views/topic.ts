/** The topic of an incident's channel: what it is about, for whoever looks in. */
import type { Incident } from '../../domain/incident.ts';
import { COMMANDER } from '../../domain/policy.ts';
import { clip, mrkdwn } from './text.ts';
import { labels, severityName, who } from './words.ts';

const TOPIC = 250;

export function topicOf(incident: Incident): string {
  const commander = incident.roles[COMMANDER];
  const lead = commander === undefined ? 'no commander yet' : `commander ${who(commander)}`;
  const parts = [labels(incident), severityName(incident), incident.status, lead, mrkdwn(incident.title)];
  return clip(parts.filter((part) => part !== '').join(' | '), TOPIC);
}
