/** What a rehearsal found, in plain words, among the lines of its plan. */
import type { Figures, Rehearsal } from './rehearsal.ts';

/** A failure goes before everything; the rest follows what is not undone. */
export function rehearsalLines(summary: readonly string[], rehearsal: Rehearsal): string[] {
  const first = summary.findIndex((line) => !line.startsWith('NOT undone:'));
  // Without a line of that kind the first one says that all is undone.
  const place = Math.max(first < 0 ? summary.length : first, 1);
  const failed =
    rehearsal.state === 'failed' ? [`REHEARSAL FAILED on ${rehearsal.target}: ${rehearsal.why}`] : [];
  return [...failed, ...summary.slice(0, place), ...foundLines(rehearsal), ...summary.slice(place)];
}

function foundLines(it: Rehearsal): string[] {
  switch (it.state) {
    case 'not done':
      return [`Not rehearsed on ${it.target}: ${it.why}`];
    case 'green':
      return [`Rehearsed on ${it.target}, and rolled back there: ${measuredText(it)}.`, ...moreLines(it)];
    case 'failed':
      return [`On ${it.target}, up to that: ${measuredText(it)}.`, ...moreLines(it)];
  }
}

const measuredText = ({ locked_ms, rows_copied }: Figures): string =>
  `locked for ${locked_ms.toLocaleString('en-US')} ms (the wait for the locks is in it), ${rowsText(rows_copied)} copied`;

function moreLines({ rows_changed, probes }: Figures): string[] {
  const counted = rows_changed.flatMap((rows, i) =>
    rows === null ? [] : [`${rows.toLocaleString('en-US')} by statement ${i + 1}`],
  );
  return [
    `Rows that its down changed there: ${counted.join(', ') || 'no statement counts any'}.`,
    probes.length === 0
      ? 'No probe was asked there.'
      : `Probes there: ${probes.map(({ name, ok, took_ms }) => `${name} ${ok ? 'green' : 'RED'} in ${took_ms} ms`).join(', ')}.`,
  ];
}

const rowsText = (rows: number): string => `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`;
