/** What a step found, beyond its verdict: rows of a query, the beginning of an answer. Cut to what a phone shows. */
import type { SectionBlock } from '@slack/types';
import { foreign } from '../../domain/foreign.ts';
import { section } from './blocks.ts';

const ROWS = 15;
const CELL = 40;
const BLOCK = 2500;

interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Nothing for an output that has a view of its own, or none. */
export function outputBlocks(output: unknown): readonly SectionBlock[] {
  if (isRows(output)) return output.rows.length === 0 ? [] : [preformatted(tableOf(output))];
  const body = typeof output === 'object' && output !== null && 'body' in output ? output.body : undefined;
  return typeof body === 'string' && body !== '' ? [preformatted(body)] : [];
}

const isRows = (output: unknown): output is Rows =>
  typeof output === 'object' &&
  output !== null &&
  'columns' in output &&
  'rows' in output &&
  Array.isArray(output.columns) &&
  Array.isArray(output.rows);

/** Columns side by side, as psql shows them. */
function tableOf({ columns, rows }: Rows): string {
  const cells = [columns, ...rows.slice(0, ROWS)].map((row) => row.map(oneLine));
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  const lines = cells.map((row) =>
    row
      .map((each, at) => each.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more = rows.length > ROWS ? [`… ${rows.length - ROWS} more`] : [];
  return [
    lines[0] ?? '',
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...lines.slice(1),
    ...more,
  ].join('\n');
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ');
  return flat.length > CELL ? `${flat.slice(0, CELL - 1)}…` : flat;
}

/** Three backticks would end it. */
const preformatted = (text: string): SectionBlock =>
  section(`\`\`\`\n${foreign(text.slice(0, BLOCK).replaceAll('```', "'''"))}\n\`\`\``);
