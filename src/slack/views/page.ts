/** A page, in the direct message of whom it calls: buttons until it is answered, or not needed any more. */
import type { Escalation, Incident, Page } from '../../domain/incident.ts';
import type { Policy } from '../../domain/policy.ts';
import { actions, button, context, section, type View, view } from './blocks.ts';
import { mrkdwn } from './text.ts';
import { labels, mark, severityName, when, who } from './words.ts';

/** Undefined when the incident has no page of that number. */
export function page(incident: Incident, number: number, policy: Policy): View | undefined {
  const found = incident.pages.find((each) => each.number === number);
  if (found === undefined) return undefined;
  const label = labels(incident);
  const head = `${label === '' ? '' : `${label}: `}You are paged for incident ${incident.id} (${severityName(incident)})`;
  const where = incident.channelId === undefined ? '' : `\nJoin <#${incident.channelId}>`;
  const reason = found.reason === undefined ? '' : `\nReason: ${mrkdwn(found.reason)}`;
  return view(`:pager: ${head}: ${mrkdwn(incident.title)}`, [
    section(`:pager: *${head}*\n${mark(incident, policy)} ${mrkdwn(incident.title)}${reason}${where}`),
    context(`For ${mrkdwn(found.team)}, asked for by ${who(found.requestedBy)} at ${when(found.at)}`),
    ...ending(incident, found),
  ]);
}

function ending(incident: Incident, found: Page) {
  const { answer } = found;
  const escalation = incident.escalations.find(({ number }) => number === found.escalation);
  if (answer?.kind === 'declined')
    return [context(answered(answer)), comeAfterAll(incident, found, escalation)];
  if (answer) return [context(answered(answer))];
  const over = escalation && nobodyNeeded(incident, escalation);
  return [over === undefined ? buttons(incident, found) : context(over)];
}

/** Why no answer is needed any more; a page that nobody answered can still be. */
function nobodyNeeded({ pages }: Incident, { state, number }: Escalation): string | undefined {
  if (state === 'stopped') return 'The incident has ended; no answer is needed.';
  if (state !== 'acknowledged') return undefined;
  const came = pages.find((each) => each.escalation === number && each.answer?.kind === 'acknowledged');
  return `:white_check_mark: ${came ? who(came.user) : 'Somebody'} has acknowledged; no answer is needed.`;
}

function buttons({ id: incident }: Incident, { number }: Page) {
  const value = { incident, page: number };
  return actions([
    button({ text: 'Acknowledge', actionId: 'page-answer:acknowledged', value, style: 'primary' }),
    button({ text: 'Decline', actionId: 'page-answer:declined', value }),
  ]);
}

const comeAfterAll = ({ id: incident }: Incident, { number }: Page, escalation: Escalation | undefined) =>
  escalation?.state === 'paging' || escalation?.state === 'exhausted'
    ? actions([
        button({
          text: 'Acknowledge after all',
          actionId: 'page-answer:acknowledged',
          value: { incident, page: number },
        }),
      ])
    : undefined;

const answered = ({ kind, by, at }: NonNullable<Page['answer']>): string =>
  `${kind === 'acknowledged' ? ':white_check_mark: Acknowledged' : ':x: Declined'} by ${who(by)} at ${when(at)}`;
