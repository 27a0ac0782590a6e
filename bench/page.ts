/** docs/performance.md, written from the results: never by hand. */
import { amount, type Bench, type Figure, type Goal, goalText, isMet, ratioOf } from './figure.ts';
import { machineText } from './machine.ts';
import type { Measured, Results } from './results.ts';

const INTRO = `# Performance

Written by \`npm run bench\` from \`bench/results.json\`: change the measurements, not this page.

Each figure stands beside what it is compared to, measured in the same run on the same machine. \`npm run bench\`
measures all but what takes long; \`npm run bench -- --only NAME\` replaces one section. Everything runs on one machine:
the bot, its PostgreSQL, and the local Slack share its cores. Measure on one that does nothing else.
`;

/** The whole page: the goals of all benches, then each bench in its order. */
export function pageOf(
  benches: readonly Pick<Bench, 'name' | 'title' | 'about'>[],
  results: Results,
): string {
  const known = benches.flatMap((bench) => {
    const measured = results[bench.name];
    return measured ? [{ ...bench, measured }] : [];
  });
  const goals = known.flatMap(({ measured }) => goalRows(measured.figures));
  return [
    INTRO,
    ...(goals.length > 0 ? ['## Goals\n', table(['figure', 'goal', 'measured', 'met'], goals)] : []),
    ...known.map(section),
  ].join('\n');
}

const section = ({
  name,
  title,
  about,
  measured,
}: Pick<Bench, 'name' | 'title' | 'about'> & { readonly measured: Measured }): string =>
  [
    `## ${title}\n`,
    `${about}\n`,
    table(['figure', 'value', 'compared to', 'ratio', 'goal'], measured.figures.map(row)),
    `\`--only ${name}\`, ${measured.on}: ${machineText(measured.machine)}.\n`,
  ].join('\n');

const goalRows = (figures: readonly Figure[]): readonly (readonly string[])[] =>
  figures.flatMap((figure) =>
    (figure.goals ?? []).map((goal) => [
      figure.name,
      goalText(goal, figure.unit),
      goal.of === 'ratio' ? ratioCell(figure) : valueCell(figure),
      metCell(figure, goal),
    ]),
  );

function row(figure: Figure): readonly string[] {
  const { name, against, unit, note, goals = [] } = figure;
  return [
    note === undefined ? name : `${name} (${note})`,
    valueCell(figure),
    against === undefined ? '' : `${amount(against.value)} ${unit} ${against.what}`,
    ratioCell(figure),
    goals.map((goal) => `${goalText(goal, unit)}: ${metCell(figure, goal)}`).join('; '),
  ];
}

const valueCell = ({ value, unit }: Figure): string =>
  value === undefined ? 'not reached' : `${amount(value)} ${unit}`;

function ratioCell(figure: Figure): string {
  const ratio = ratioOf(figure);
  return ratio === undefined ? '' : amount(ratio);
}

const metCell = (figure: Figure, goal: Goal): string => (isMet(figure, goal) ? 'met' : '**missed**');

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line), ''].join('\n');
}

/** A bar or a line's end in a cell would end it. */
const escaped = (cell: string): string => cell.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
