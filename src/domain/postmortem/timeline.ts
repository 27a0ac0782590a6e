/** The timeline as a table, row by row: every row by the time it happened, none cut. */
import type { Row } from '../timeline.ts';
import { formatIn } from '../when.ts';
import { anchorOf } from './cite.ts';
import { inline, link, tableHead, tableRow } from './markdown.ts';
import type { Report } from './report.ts';
import { isoClock, plural, teamZone, who } from './words.ts';

/** The two lines that the rows follow. */
export function timelineHead(report: Report): string {
  const zone = teamZone(report);
  return tableHead([
    '#',
    'Time (UTC)',
    ...(zone === undefined ? [] : [`Time (${zone})`]),
    'Event',
    'Who',
    'Link',
  ]);
}

/** Why a row does not stand in the table; undefined when it does. */
export type Absence = 'struck' | 'left out' | 'export' | 'part';

/** An export says nothing of the incident, and would make each further one different; a part stands in its section. */
export function absence({ incident: { leftOut } }: Report, { seq, kind, struck }: Row): Absence | undefined {
  if (kind === 'export' || kind === 'part') return kind;
  if (struck) return 'struck';
  return leftOut.includes(seq) ? 'left out' : undefined;
}

export function timelineRow(report: Report, row: Row): string {
  const zone = teamZone(report);
  return tableRow([
    `${anchorOf(row.seq)}${row.seq}`,
    `${isoClock(row.at)}${late(row)}`,
    ...(zone === undefined ? [] : [formatIn(row.at, zone)]),
    event(report, row),
    who(report, row.actor),
    row.link === undefined ? '' : link('link', row.link),
  ]);
}

/** How many rows there are, and how many were passed over, by why. */
export interface Counts {
  readonly shown: number;
  readonly struck: number;
  readonly leftOut: number;
}

/** What follows the table. */
export function timelineEnd({ shown, struck, leftOut }: Counts): string {
  const absent = [
    ...(struck > 0 ? [`${struck} struck`] : []),
    ...(leftOut > 0 ? [`${leftOut} left out by the team`] : []),
  ];
  const besides = absent.length > 0 ? `; not shown: ${absent.join(', ')}` : '';
  return `${plural(shown, 'entry', 'entries')}${besides}. Exports of this report, and what was written into its parts, are not among them.`;
}

/** What it says now; what it said before, and that its message is gone from Slack, in brackets behind it. */
function event(report: Report, { text, said, earlier, deleted, erased }: Row): string {
  const words = (it: string | undefined): string => (it === undefined ? 'erased' : inline(it, report.people));
  const marks = [
    ...(erased ? [`erased by ${who(report, erased.by)}: ${inline(erased.reason, report.people)}`] : []),
    ...earlier.map((before) => `before: ${words(before.text)}`),
    ...(earlier.length > 0 ? [`corrected ${isoClock(said.at)} by ${who(report, said.by)}`] : []),
    ...(deleted ? [`deleted in Slack ${isoClock(deleted.at)}`] : []),
  ];
  return [words(text), ...marks.map((mark) => `(${mark})`)].join('<br>');
}

const MINUTE_MS = 60_000;

/** Marks what was written down a minute or more after it happened. */
function late({ at, recordedAt }: Row): string {
  if (recordedAt.getTime() - at.getTime() < MINUTE_MS) return '';
  const [day, minute] = [isoClock(recordedAt).slice(0, 10), isoClock(recordedAt).slice(11, 16)];
  return ` (recorded ${isoClock(at).startsWith(day) ? '' : `${day} `}${minute})`;
}
