/** The timeline as text, a page at a time, newest page first. */
import { person } from '../../domain/actor.ts';
import type { TimelineEntry } from '../../domain/entry.ts';
import type { IncidentRecord } from '../../domain/record.ts';
import { formatUtc } from '../../domain/when.ts';
import { clip } from './text.ts';

const PAGE_SIZE = 20;
const TEXT = 300;

export function timelinePage({ timeline }: IncidentRecord, page: number): string {
  const sorted = [...timeline].sort((a, b) => a.at.getTime() - b.at.getTime() || a.seq - b.seq);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE_SIZE));
  const shown = Math.min(Math.max(1, Math.trunc(page)), pages);
  const end = sorted.length - (shown - 1) * PAGE_SIZE;
  const lines = sorted.slice(Math.max(0, end - PAGE_SIZE), end).map(line);
  return [...lines, `_Page ${shown} of ${pages}, ${sorted.length} entries; page 1 is the newest._`].join(
    '\n',
  );
}

/** A back-dated entry says when it was written down. */
function line({ seq, at, recordedAt, actor, text }: TimelineEntry): string {
  const late = recordedAt.getTime() - at.getTime() > 60_000 ? ` _(recorded ${formatUtc(recordedAt)})_` : '';
  return `\`${seq}\` ${formatUtc(at)} ${person(actor)}: ${clip(text ?? '_erased_', TEXT)}${late}`;
}
