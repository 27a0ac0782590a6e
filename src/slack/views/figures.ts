/** Figures over the last 90 days, for the App Home: each time with its formula, then by severity and by service. */
import type { KnownBlock } from '@slack/types';
import type { Figures, Group, LeftOut, NamedGroup, TimeFigure } from '../../domain/figures.ts';
import { duration } from '../../domain/metrics.ts';
import { context, header, lines } from './blocks.ts';
import { clip, count, mrkdwn } from './text.ts';

const GROUPS = 10;
const NAME = 60;

export function figureBlocks(figures: Figures): readonly KnownBlock[] {
  const { incidents, times, leftOut } = figures;
  return [
    header('Figures of the last 90 days'),
    ...lines([
      `*${count(incidents, 'incident')}*`,
      ...(incidents === 0 ? [] : times.map((time) => `• ${time.name} (${time.formula}): ${figure(time)}`)),
    ]),
    ...groups('By severity', figures.bySeverity, (name) => name.toUpperCase()),
    ...groups('By service', figures.byService, (name) => name),
    context(
      `p90 and median lie between the two nearest values. Not counted: ${left(leftOut)}; nor a time whose milestone is not recorded. \`firebreak stats\` has more.`,
    ),
  ];
}

/** A single one says nothing that the whole did not. */
function groups(
  title: string,
  all: readonly NamedGroup[],
  shown: (name: string) => string,
): readonly KnownBlock[] {
  if (all.length === 0) return [];
  const more = all.length - GROUPS;
  return lines([
    `*${title}*`,
    ...all.slice(0, GROUPS).map((each) => `• ${nameIn(each, shown)}: ${brief(each)}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ]);
}

const nameIn = ({ name }: NamedGroup, shown: (name: string) => string): string =>
  name === undefined ? 'not recorded' : clip(mrkdwn(shown(name)), NAME);

const brief = ({ incidents, times }: Group): string =>
  [
    count(incidents, 'incident'),
    ...times.flatMap(({ name, median, p90 }) =>
      median === undefined || p90 === undefined
        ? []
        : [`${name.replace('time to ', '')} ${duration(median)}, p90 ${duration(p90)}`],
    ),
  ].join('; ');

function figure({ count: measured, missing, reversed, median, p90 }: TimeFigure): string {
  const gaps = [
    ...(missing > 0 ? [`not recorded in ${missing}`] : []),
    ...(reversed > 0 ? [`recorded the wrong way round in ${reversed}`] : []),
  ];
  const known =
    median === undefined || p90 === undefined
      ? []
      : [`median *${duration(median)}*, p90 *${duration(p90)}*, of ${measured}`];
  return [...known, ...gaps].join('; ');
}

const left = ({ drills, duplicates, cancelled }: LeftOut): string =>
  `${count(drills, 'drill')}, ${count(duplicates, 'duplicate')}, ${cancelled} cancelled`;
