/** Section 7: action items with owner and deadline, and what the record suggests. */
import type { IncidentRecord } from '../record.ts';
import { undoneBy } from './cause.ts';
import { inline, list, table } from './markdown.ts';
import { notRecorded, who } from './words.ts';

/** Section 7. */
export const actionItems = (record: IncidentRecord): string =>
  [items(record), '### Recommendations', list(recommendations(record))].join('\n\n');

function items(record: IncidentRecord): string {
  const all = record.incident.actionItems.toSorted((a, b) => a.number - b.number);
  if (all.length === 0)
    return `Action items: ${notRecorded('add one with `action <text> @owner due <day>`')}`;
  return table(
    ['#', 'Action', 'Owner', 'Deadline', 'State'],
    all.map(({ number, text, owner, due, done }) => [
      `${number}`,
      inline(text, record.people),
      owner === undefined ? 'not recorded' : who(record, owner),
      due ?? 'not recorded',
      done ? 'done' : 'open',
    ]),
  );
}

const recommendations = (record: IncidentRecord): readonly string[] => [
  ...undoneBy(record).map((line) => `Decide what the way back should do. ${line}`),
  `Recommendations of the team: ${notRecorded('the team should fill this in')}`,
];
