/** What support is told: what users can do, what is being done, and when the next word comes. */
import { type Moment, saidLate } from './decision.ts';
import type { Effect } from './effects.ts';
import type { Incident, Status } from './incident.ts';
import { isOpen } from './incident.ts';
import type { Policy } from './policy.ts';
import { dueAt } from './reminders.ts';
import { formatUtc } from './when.ts';

const IN_WORDS: Readonly<Record<Status, string>> = {
  investigating: 'We are looking into it.',
  identified: 'We know the cause and are working on it.',
  mitigated: 'Users should be fine again; we are watching.',
  resolved: 'It is over.',
  cancelled: 'It was a false alarm: nothing was wrong.',
};

/** What was said long before says so, and promises nothing that is over. Nothing for private and retrospective incidents, and where no channel is named for it. */
export function tellStakeholders(
  incident: Incident,
  text: string | undefined,
  policy: Policy,
  moment: Moment,
): readonly Effect[] {
  if (policy.stakeholderChannel === undefined || incident.private || incident.kind === 'retrospective')
    return [];
  const due = isOpen(incident) ? dueAt(incident, 'update-due', policy) : undefined;
  const { impact } = incident.accounts;
  const late = saidLate(moment);
  const lines = [
    `${incident.kind === 'drill' ? '*DRILL, nothing is wrong:* ' : ''}*${incident.title}*: ${inWords(incident)}${text === undefined ? late : ''}`,
    ...(impact === undefined || !isOpen(incident) ? [] : [`What users notice: ${impact}`]),
    ...(text === undefined ? [] : [text + late]),
    ...(due === undefined || due <= moment.now ? [] : [`Next update by ${formatUtc(due)}.`]),
  ];
  return [{ kind: 'say', to: { kind: 'stakeholders' }, text: lines.join('\n') }];
}

const inWords = ({ status, duplicateOf }: Incident): string =>
  duplicateOf === undefined
    ? IN_WORDS[status]
    : `It is the same as incident ${duplicateOf}; news comes there.`;
