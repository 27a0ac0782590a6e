/** The phases of an incident as a Mermaid gantt chart: which time passed between what. */
import type { Incident, MilestoneName } from '../incident.ts';
import { isoClock } from './words.ts';

const SHOWN: readonly MilestoneName[] = [
  'impact_started',
  'detected',
  'acknowledged',
  'mitigated',
  'resolved',
  'impact_ended',
];

interface Point {
  readonly at: Date;
  readonly names: readonly string[];
}

/** A fenced block; a sentence when fewer than two times are known. */
export function phases({ id, title, milestones }: Incident): string {
  const points = pointsOf(milestones);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first === last)
    return 'No figure of the phases: fewer than two different times of milestones are recorded.';
  const days = last.at.getTime() - first.at.getTime() >= DAY_MS;
  return [
    '```mermaid',
    'gantt',
    `    title ${mermaidText(`Incident ${id}, ${title} (times in UTC)`)}`,
    '    dateFormat YYYY-MM-DD HH:mm:ss',
    `    axisFormat ${days ? '%m-%d %H:%M' : '%H:%M'}`,
    '    section Reached',
    ...points.map(({ at, names }) => `    ${names.join(' and ')} :milestone, ${isoClock(at)}, 0s`),
    '    section Phases',
    ...points.slice(1).map((point, index) => phase(points[index] as Point, point)),
    '```',
  ].join('\n');
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The times that are known, in their order; what happened in one second is one point. */
function pointsOf(milestones: Incident['milestones']): readonly Point[] {
  const points: Point[] = [];
  const known = SHOWN.flatMap((name) => {
    const at = milestones[name]?.at;
    return at === undefined ? [] : [{ at, name: name.replace('_', ' ') }];
  });
  for (const { at, name } of known.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
    const last = points.at(-1);
    if (last && isoClock(last.at) === isoClock(at))
      points.splice(-1, 1, { ...last, names: [...last.names, name] });
    else points.push({ at, names: [name] });
  }
  return points;
}

const phase = (from: Point, to: Point): string =>
  `    ${from.names.join(' and ')} to ${to.names.join(' and ')} :${isoClock(from.at)}, ${isoClock(to.at)}`;

/** Mermaid's own escape for every character that could be syntax of it, or of the fence around it. */
const mermaidText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[^\p{L}\p{M}\p{N} ,.()_-]/gu, (character) => `#${character.codePointAt(0) ?? 0xfffd};`)
    .trim();
