/** The timeline as a table: every entry, by the time it happened. */
import type { TimelineEntry } from '../entry.ts';
import type { IncidentRecord } from '../record.ts';
import { formatUtc } from '../when.ts';
import { inline, link, table } from './markdown.ts';
import { who } from './words.ts';

/** Entries in the order they happened; those of one instant in the order they were written down. */
export const byTime = (timeline: readonly TimelineEntry[]): readonly TimelineEntry[] =>
  timeline.toSorted((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);

/** `| Time (UTC) | Event | Who | Link |`, nothing left out. */
export const timelineTable = (record: IncidentRecord): string =>
  table(
    ['Time (UTC)', 'Event', 'Who', 'Link'],
    byTime(record.timeline).map((entry) => [
      `${formatUtc(entry.at).slice(0, 19)}${late(entry)}`,
      entry.text === undefined ? 'erased' : inline(entry.text, record.people),
      who(record, entry.actor),
      entry.link === undefined ? '' : link('link', entry.link),
    ]),
  );

const MINUTE_MS = 60_000;

/** Marks what was written down a minute or more after it happened. */
function late({ at, recordedAt }: TimelineEntry): string {
  if (recordedAt.getTime() - at.getTime() < MINUTE_MS) return '';
  const [day, minute] = [formatUtc(recordedAt).slice(0, 10), formatUtc(recordedAt).slice(11, 16)];
  return ` (recorded ${formatUtc(at).startsWith(day) ? '' : `${day} `}${minute})`;
}
