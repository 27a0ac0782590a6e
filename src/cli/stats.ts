/** `firebreak stats`: how long incidents took, over many of them. */
import { Command, InvalidArgumentError } from 'commander';
import { DateTime } from 'luxon';
import type { Figures, Group, TimeFigure } from '../domain/figures.ts';
import { duration } from '../domain/metrics.ts';
import type { CaseFilter } from '../store/figures.ts';
import { printJson, type StoreOptions, withStore, wrongUsage } from './options.ts';
import { onTerminal } from './terminal.ts';

interface StatsOptions extends StoreOptions {
  readonly config: string;
  readonly since?: number;
  readonly from?: string;
  readonly to?: string;
  readonly severity?: string;
  readonly service?: string;
  readonly private?: boolean;
  readonly json?: true;
}

const DAYS = 90;

export const statsCommand = (): Command =>
  withStore(
    new Command('stats')
      .description('Median, p90 and count of the times that incidents took, by severity and by service')
      .option('--since <days>', `how far back, for example 30d or 12w (default: ${DAYS}d)`, daysIn)
      .option('--from <day>', 'from this day on, in the time zone of the configuration', dayIn)
      .option('--to <day>', 'up to and with this day', dayIn)
      .option('--severity <name>', 'only of this severity')
      .option('--service <name>', 'only of this service')
      .option('--private', 'private incidents too')
      .option('--config <file>', 'the configuration', 'firebreak.yml')
      .option('--json', 'print facts as JSON; times are in seconds'),
  ).action(stats);

async function stats(options: StatsOptions): Promise<void> {
  if (options.since !== undefined && (options.from ?? options.to) !== undefined)
    wrongUsage('--since and --from or --to exclude each other.');
  await onTerminal(options, async ({ app, actor }) => {
    const filter = filterOf(options, app.settings.timezone, app.now());
    const found = await app.figures(filter, actor);
    if (options.json) printJson(factsOf(found, filter, options));
    else process.stdout.write(textOf(found, filter, options));
  });
}

/** `--from` alone lasts until now, `--to` alone begins 90 days before its end. */
function filterOf(
  { since = DAYS, from, to, severity, service }: StatsOptions,
  timezone: string,
  now: Date,
): CaseFilter {
  const startOf = (day: string): DateTime => DateTime.fromISO(day, { zone: timezone }).startOf('day');
  const end = to === undefined ? DateTime.fromJSDate(now, { zone: timezone }) : startOf(to).plus({ days: 1 });
  const begin = from === undefined ? end.minus({ days: since }) : startOf(from);
  if (begin >= end) wrongUsage('--from has to be before --to.');
  return {
    from: begin.toJSDate(),
    to: end.toJSDate(),
    ...(severity === undefined ? {} : { severity }),
    ...(service === undefined ? {} : { service }),
  };
}

const factsOf = (
  found: Figures,
  { from, to }: CaseFilter,
  { severity, service, ...options }: StatsOptions,
) => ({
  from,
  to,
  severity: severity ?? null,
  service: service ?? null,
  private: options.private ?? false,
  percentiles: 'linear between the two nearest values, as percentile_cont of PostgreSQL',
  ...groupFacts(found),
  left_out: found.leftOut,
  by_severity: found.bySeverity.map((each) => ({ name: each.name ?? null, ...groupFacts(each) })),
  by_service: found.byService.map((each) => ({ name: each.name ?? null, ...groupFacts(each) })),
});

const groupFacts = ({ incidents, times }: Group) => ({
  incidents,
  times: times.map(({ name, formula, count, missing, reversed, median, p90 }) => ({
    name,
    formula,
    count,
    not_recorded: missing,
    wrong_order: reversed,
    median_s: median ?? null,
    p90_s: p90 ?? null,
  })),
});

function textOf(found: Figures, { from, to }: CaseFilter, options: StatsOptions): string {
  const { drills, duplicates, cancelled } = found.leftOut;
  const groups = [
    ...found.bySeverity.map((each) => [`Severity ${each.name ?? 'not recorded'}`, each] as const),
    ...found.byService.map((each) => [`Service ${each.name ?? 'not recorded'}`, each] as const),
  ];
  return `${[
    `${count(found.incidents, 'incident')} whose impact began from ${from.toISOString()} until before ${to.toISOString()}`,
    `Not counted: ${count(drills, 'drill')}, ${count(duplicates, 'duplicate')}, ${cancelled} cancelled${options.private ? '' : '; private ones only with --private'}.`,
    'Median and p90 lie between the two nearest values (as percentile_cont of PostgreSQL).',
    'A time is counted where both of its milestones are recorded.',
    '',
    ...table(found),
    ...groups.flatMap(([title, group]) => [
      '',
      `${title}: ${count(group.incidents, 'incident')}`,
      ...table(group),
    ]),
  ].join('\n')}\n`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

const HEAD = ['time', 'formula', 'median', 'p90', 'count', 'not recorded'];

function table({ times }: Group): readonly string[] {
  const rows = [HEAD, ...times.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const cells = ({
  name,
  formula,
  median,
  p90,
  count: measured,
  missing,
  reversed,
}: TimeFigure): readonly string[] => [
  name,
  formula,
  median === undefined ? 'not recorded' : duration(median),
  p90 === undefined ? 'not recorded' : duration(p90),
  String(measured),
  `${missing}${reversed > 0 ? ` (and ${reversed} in the wrong order)` : ''}`,
];

function daysIn(text: string): number {
  const [, count, unit] = /^(\d{1,4})([dw])$/i.exec(text) ?? [];
  const days = Number(count) * (unit?.toLowerCase() === 'w' ? 7 : 1);
  if (count === undefined || days === 0) throw new InvalidArgumentError(`${text} is not like 30d or 12w.`);
  return days;
}

function dayIn(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || !DateTime.fromISO(text).isValid)
    throw new InvalidArgumentError(`${text} is not a day like 2026-06-30.`);
  return text;
}
