/** One incident as the incidents channel sees it, kept current. */
import type { Incident } from '../../domain/incident.ts';
import { context, section, type View, view } from './blocks.ts';
import { mrkdwn } from './text.ts';
import { mark, severityName, when, who } from './words.ts';

export function announcement(incident: Incident): View {
  const { id, title, status, channelId, declaredBy, declaredAt, roles } = incident;
  const head = `Incident ${id} (${severityName(incident)}, ${status})`;
  const where = channelId === undefined ? '' : ` in <#${channelId}>`;
  const lead = roles.commander === undefined ? 'no commander yet' : `commander ${who(roles.commander)}`;
  return view(`${head}: ${mrkdwn(title)}`, [
    section(`${mark(incident)} *${head}*${where}\n${mrkdwn(title)}`),
    context(`Declared by ${who(declaredBy)} at ${when(declaredAt)}, ${lead}`),
  ]);
}
