/** The timeline as text: a page at a time, newest page first; and one entry with all that it said before. */
import { person } from '../../domain/actor.ts';
import type { Offer } from '../../domain/refusal.ts';
import type { Row } from '../../domain/timeline.ts';
import { formatUtc } from '../../domain/when.ts';
import { clip } from './text.ts';

const PAGE_SIZE = 20;
/** A page with its buttons has to fit one section of Slack. */
const PAGE_LENGTH = 2700;
const SHOWN_WHOLE = 20_000;

export interface TimelinePage {
  readonly text: string;
  readonly offers: readonly Offer[];
}

/** Page 1 is the newest; within a page the oldest comes first. */
export function timelinePage(incident: number, rows: readonly Row[], page: number): TimelinePage {
  const pages = Math.max(1, Math.ceil(rows.length / PAGE_SIZE));
  const shown = Math.min(Math.max(1, page), pages);
  const end = rows.length - (shown - 1) * PAGE_SIZE;
  const some = rows.slice(Math.max(0, end - PAGE_SIZE), end);
  const longest = Math.floor(PAGE_LENGTH / Math.max(1, some.length));
  const count = `_Page ${shown} of ${pages}, ${rows.length} entries; page 1 is the newest._`;
  return {
    text: [...some.map((row) => line(row, longest)), count].join('\n'),
    offers: [
      ...(shown < pages ? [turn(incident, 'Older', shown + 1)] : []),
      ...(shown > 1 ? [turn(incident, 'Newer', shown - 1)] : []),
    ],
  };
}

const turn = (incident: number, label: string, page: number): Offer => ({
  label: `${label} (page ${page})`,
  line: `timeline inc-${incident} ${page}`,
});

/** One entry: what it says, whose words these are, and what it said before. */
export function timelineEntry(row: Row): string {
  const { seq, at, recordedAt, kind, actor, link, earlier, said, struck, deleted } = row;
  return [
    `\`${seq}\` ${formatUtc(at)}, ${kind} of ${person(actor)}`,
    ...(isLate(row) ? [`Written down ${formatUtc(recordedAt)}.`] : []),
    ...(link === undefined ? [] : [link]),
    clip(withStrike(row, wordsOf(row)), SHOWN_WHOLE),
    ...(earlier.length > 0 ? [`_Corrected ${formatUtc(said.at)} by ${person(said.by)}; before:_`] : []),
    ...earlier.map(
      (each) => `• ${formatUtc(each.at)} ${person(each.by)}: ${clip(each.text ?? '_erased_', SHOWN_WHOLE)}`,
    ),
    ...(struck ? [`_Struck ${formatUtc(struck.at)} by ${person(struck.by)}${why(struck.text)}._`] : []),
    ...(deleted ? [`_Its message was deleted in Slack ${formatUtc(deleted.at)}._`] : []),
  ].join('\n');
}

const why = (text: string | undefined): string => (text === undefined ? '' : `: ${text}`);

/** A back-dated entry says when it was written down. */
function line(row: Row, longest: number): string {
  const { seq, at, recordedAt, actor, earlier, struck, deleted } = row;
  const marks = [
    ...(isLate(row) ? [`recorded ${formatUtc(recordedAt)}`] : []),
    ...(earlier.length > 0 ? ['corrected'] : []),
    ...(struck ? ['struck'] : []),
    ...(deleted ? ['deleted in Slack'] : []),
  ];
  const mark = marks.length > 0 ? ` _(${marks.join('; ')})_` : '';
  const head = `\`${seq}\` ${formatUtc(at)} ${person(actor)}: `;
  const room = Math.max(30, longest - head.length - mark.length - 2);
  return head + withStrike(row, clip(wordsOf(row), room)) + mark;
}

const isLate = ({ at, recordedAt }: Row): boolean => recordedAt.getTime() - at.getTime() > 60_000;

function wordsOf({ text, erased }: Row): string {
  if (text !== undefined) return text;
  return erased ? `_erased by ${person(erased.by)}: ${erased.reason}_` : '_erased_';
}

/** Slack strikes out a line at a time. */
const withStrike = ({ struck }: Row, text: string): string =>
  struck
    ? text
        .split('\n')
        .map((each) => (each.trim() === '' ? each : `~${each.trim()}~`))
        .join('\n')
    : text;
