/** What a statement rests on: the rows of the timeline, by number, each a link to its row. */
import type { Row } from '../timeline.ts';
import type { Report } from './report.ts';

/** The row's place in the document; numbers are its own, so that it can hold nothing else. */
export const anchorOf = (seq: number): string => `<a id="e${seq}"></a>`;

/** The numbers of the rows that match, in their order. */
export const rowsWhere = ({ landmarks }: Report, matches: (row: Row) => boolean): readonly number[] =>
  landmarks
    .filter(matches)
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);

/** Entries about a step of a run. */
export const ofStep =
  (run: number, step: number, kinds?: readonly Row['kind'][]) =>
  ({ kind, details }: Row): boolean =>
    details?.['run'] === run && details['step'] === step && (kinds === undefined || kinds.includes(kind));

/** `\[[#12](#e12), [#15](#e15)\]` */
export const citation = (rows: readonly number[]): string =>
  `\\[${rows.map((seq) => `[#${seq}](#e${seq})`).join(', ')}\\]`;

/** A statement that the bot proposes; none when nothing in the timeline supports it. */
export function proposed(text: string, rows: readonly number[]): readonly string[] {
  const all = [...new Set(rows)].sort((a, b) => a - b);
  return all.length === 0 ? [] : [`Proposed: ${text} ${citation(all)}`];
}
