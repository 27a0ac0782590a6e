/** Section 7: action items with owner and deadline, and what the record suggests. */
import { undoneBy } from './cause.ts';
import { proposed } from './cite.ts';
import { type Item, inline, link, list, table } from './markdown.ts';
import type { Report } from './report.ts';
import { notRecorded, who, written } from './words.ts';

/** Section 7. */
export const actionItems = (record: Report): string =>
  [items(record), '### Recommendations', list(recommendations(record))].join('\n\n');

function items(record: Report): string {
  const all = record.incident.actionItems.toSorted((a, b) => a.number - b.number);
  if (all.length === 0)
    return `Action items: ${notRecorded('add one with `action <text> @owner due <day>`')}`;
  const tracked = all.some(({ issue }) => issue !== undefined);
  return table(
    ['#', 'Action', 'Owner', 'Deadline', 'State', ...(tracked ? ['Tracker'] : [])],
    all.map(({ number, text, owner, due, done, issue }) => [
      `${number}`,
      inline(text, record.people),
      owner === undefined ? 'not recorded' : who(record, owner),
      due ?? 'not recorded',
      done ? 'done' : 'open',
      ...(tracked ? [issue === undefined ? '' : link(`#${issue.number}`, issue.url)] : []),
    ]),
  );
}

const recommendations = (record: Report): readonly Item[] => [
  ...undoneBy(record).flatMap(({ line, rows }) =>
    proposed(`Decide what the way back should do. ${line}`, rows),
  ),
  ...written(record, 'recommendations'),
];
