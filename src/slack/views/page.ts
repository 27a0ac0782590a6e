/** A page, in the direct message of whom it calls: buttons until it is answered. */
import type { Incident, Page } from '../../domain/incident.ts';
import { actions, button, context, section, type View, view } from './blocks.ts';
import { mrkdwn } from './text.ts';
import { mark, severityName, when, who } from './words.ts';

/** Undefined when the incident has no page of that number. */
export function page(incident: Incident, number: number): View | undefined {
  const found = incident.pages.find((each) => each.number === number);
  if (found === undefined) return undefined;
  const head = `You are paged for incident ${incident.id} (${severityName(incident)})`;
  const where = incident.channelId === undefined ? '' : `\nJoin <#${incident.channelId}>`;
  const reason = found.reason === undefined ? '' : `\nReason: ${mrkdwn(found.reason)}`;
  return view(`:pager: ${head}: ${mrkdwn(incident.title)}`, [
    section(`:pager: *${head}*\n${mark(incident)} ${mrkdwn(incident.title)}${reason}${where}`),
    context(`For ${mrkdwn(found.team)}, asked for by ${who(found.requestedBy)} at ${when(found.at)}`),
    found.answer === undefined ? buttons(incident, found) : context(answered(found.answer)),
  ]);
}

function buttons({ id: incident }: Incident, { number }: Page) {
  const value = { incident, page: number };
  return actions([
    button({ text: 'Acknowledge', actionId: 'page-answer:acknowledged', value, style: 'primary' }),
    button({ text: 'Decline', actionId: 'page-answer:declined', value }),
  ]);
}

const answered = ({ kind, by, at }: NonNullable<Page['answer']>): string =>
  `${kind === 'acknowledged' ? ':white_check_mark: Acknowledged' : ':x: Declined'} by ${who(by)} at ${when(at)}`;
