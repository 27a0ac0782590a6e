/** Who is on call for a team, level by level, now and next. */
import { formatUtc } from '../../domain/when.ts';
import { duration, mrkdwn } from './text.ts';

/** What is shown of a level; the app's own answer fits it. */
export interface ShownLevel {
  readonly level: number;
  readonly waitSeconds: number;
  readonly users: readonly string[];
  readonly problems: readonly string[];
  readonly turns: readonly {
    readonly rotation: string;
    readonly now: { readonly user: string; readonly until: Date; readonly override?: true };
    readonly next: { readonly user: string; readonly from: Date; readonly until: Date };
  }[];
}

/** A team as lines. */
export const onCallLines = (team: string, levels: readonly ShownLevel[]): readonly string[] => [
  `*${team}*`,
  ...levels.flatMap((level) => levelLines(level, levels.length)),
];

function levelLines(
  { level, waitSeconds, users, problems, turns }: ShownLevel,
  levels: number,
): readonly string[] {
  const place = levels > 1 ? `Level ${level}: ` : '';
  const wait = level < levels ? `, then level ${level + 1} after ${duration(waitSeconds * 1000)}` : '';
  return [
    `• ${place}${users.map((user) => `<@${user}>`).join(', ') || 'nobody'}${wait}`,
    ...turns.map(
      ({ rotation, now, next }) =>
        `   ◦ ${rotation}: <@${now.user}> until ${formatUtc(now.until)}${now.override ? ' (override)' : ''}, next <@${next.user}> until ${formatUtc(next.until)}`,
    ),
    ...problems.map((problem) => `   ◦ :warning: ${mrkdwn(problem)}`),
  ];
}
