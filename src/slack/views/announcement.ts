/** One incident as the incidents channel sees it, kept current. */
import type { Incident } from '../../domain/incident.ts';
import { COMMANDER, type Policy } from '../../domain/policy.ts';
import { context, section, type View, view } from './blocks.ts';
import { clip, mrkdwn } from './text.ts';
import { headOf, mark, when, who } from './words.ts';

const UPDATE = 600;

export function announcement(incident: Incident, policy: Policy): View {
  const { title, channelId, declaredBy, declaredAt, roles, lastUpdate, accounts } = incident;
  const head = headOf(incident);
  const where = channelId === undefined ? '' : ` in <#${channelId}>`;
  const commander = roles[COMMANDER];
  const lead = commander === undefined ? 'no commander yet' : `commander ${who(commander)}`;
  return view(`${head}: ${mrkdwn(title)}`, [
    section(`${mark(incident, policy)} *${head}*${where}\n${mrkdwn(title)}`),
    ...(accounts.impact === undefined ? [] : [section(`*Impact* ${clip(mrkdwn(accounts.impact), UPDATE)}`)]),
    ...(lastUpdate === undefined
      ? []
      : [section(`*Update* ${when(lastUpdate.at)}: ${clip(mrkdwn(lastUpdate.text), UPDATE)}`)]),
    context(`Declared by ${who(declaredBy)} at ${when(declaredAt)}, ${lead}`),
  ]);
}
