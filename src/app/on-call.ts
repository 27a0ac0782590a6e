/** Who is on call, found out at the moment of the page: people, rotations, user groups, PagerDuty's schedules. */
import type { Roster } from '../domain/intents.ts';
import { nextShift, type Shift, shiftAt } from '../domain/rotation.ts';
import type { Level, OnCallSource, Team } from '../domain/team.ts';
import type { Directory } from './app.ts';

/** Who a schedule elsewhere has on call; throws when it cannot be read. */
export type Schedules = (
  schedule: string,
) => Promise<readonly { readonly name: string; readonly email: string }[]>;

export interface OnCallPorts {
  readonly directory: Pick<Directory, 'groupMembers' | 'userByEmail' | 'lately'>;
  /** Undefined: none is configured. */
  readonly schedules?: Schedules | undefined;
}

export interface FoundRoster extends Roster {
  /** A level was passed over, or is empty, since it could not be read who is in it. */
  readonly unread: boolean;
}

/** One level of a team as it stands now, for `oncall`. */
export interface OnCallLevel {
  readonly level: number;
  readonly waitSeconds: number;
  readonly users: readonly string[];
  readonly problems: readonly string[];
  /** The rotations in it, with who comes after. */
  readonly turns: readonly { readonly rotation: string; readonly now: Shift; readonly next: Shift }[];
}

/**
 * The first level from `level` on that has somebody to page, or that another way than Slack reaches; a level in which
 * nobody was found is passed over, and said to be. Undefined: the team has no such level.
 */
export async function rosterFrom(
  team: Team,
  level: number,
  at: Date,
  ports: OnCallPorts,
): Promise<FoundRoster | undefined> {
  const problems: string[] = [];
  let unread = false;
  for (const [index, { waitSeconds }] of team.levels.entries()) {
    if (index + 1 < level) continue;
    const found = await onCallAt(team, index, at, ports);
    problems.push(...found.problems);
    // Somebody of the level is known: the others must not keep them waiting.
    unread ||= found.unread && found.users.length === 0;
    const roster = {
      level: index + 1,
      levels: team.levels.length,
      waitSeconds,
      users: found.users,
      ways: team.ways,
      problems,
      unread,
    };
    const last = index + 1 === team.levels.length;
    if (found.users.length > 0 || team.ways.length > 0 || last) return roster;
    problems.push(`level ${index + 1}: nobody is on call`);
  }
  return undefined;
}

/** All levels of a team. */
export const onCallNow = (team: Team, at: Date, ports: OnCallPorts): Promise<readonly OnCallLevel[]> =>
  Promise.all(
    team.levels.map(async ({ waitSeconds, onCall }, index) => ({
      level: index + 1,
      waitSeconds,
      ...(await onCallAt(team, index, at, ports)),
      turns: turnsOf(team, onCall, at),
    })),
  );

async function onCallAt(
  team: Team,
  index: number,
  at: Date,
  ports: OnCallPorts,
): Promise<{
  readonly users: readonly string[];
  readonly problems: readonly string[];
  readonly unread: boolean;
}> {
  const { onCall } = team.levels[index] as Level;
  const found = await Promise.all(onCall.map((source) => peopleOf(team, source, at, ports)));
  return {
    users: [...new Set(found.flatMap(({ users }) => users))],
    problems: found.flatMap(({ problems }) => problems),
    unread: found.some(({ unread }) => unread === true),
  };
}

/** One source that cannot be read must not keep the people of the others from being paged. */
async function peopleOf(
  team: Team,
  source: OnCallSource,
  at: Date,
  ports: OnCallPorts,
): Promise<{ users: readonly string[]; problems: readonly string[]; unread?: true }> {
  try {
    return await read(team, source, at, ports);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // Within the minute it is good enough to wake somebody by.
    const lately = source.kind === 'group' ? ports.directory.lately?.groupMembers(source.id) : undefined;
    if (lately) return { users: lately, problems: [] };
    return { users: [], problems: [`${nameOf(source)}: ${why}`], unread: true };
  }
}

async function read(
  { rotations }: Team,
  source: OnCallSource,
  at: Date,
  { directory, schedules }: OnCallPorts,
): Promise<{ users: readonly string[]; problems: readonly string[] }> {
  switch (source.kind) {
    case 'user':
      return { users: [source.id], problems: [] };
    case 'group':
      return { users: await directory.groupMembers(source.id), problems: [] };
    case 'rotation': {
      const rotation = rotations[source.name];
      return { users: rotation ? [shiftAt(rotation, at).user] : [], problems: [] };
    }
    case 'pagerduty':
      return fromSchedule(source, directory, schedules);
  }
}

async function fromSchedule(
  source: Extract<OnCallSource, { kind: 'pagerduty' }>,
  directory: OnCallPorts['directory'],
  schedules: Schedules | undefined,
): Promise<{ users: readonly string[]; problems: readonly string[] }> {
  const people = (await schedules?.(source.schedule)) ?? [];
  const users: string[] = [];
  const problems: string[] = [];
  for (const { name, email } of people) {
    const user = await directory.userByEmail(email);
    if (user === undefined)
      problems.push(`${nameOf(source)}: ${name} (${email}) is not known to Slack; call them`);
    else users.push(user);
  }
  return { users, problems };
}

const nameOf = (source: OnCallSource): string => {
  switch (source.kind) {
    case 'user':
      return `<@${source.id}>`;
    case 'group':
      return `user group <!subteam^${source.id}>`;
    case 'rotation':
      return `rotation ${source.name}`;
    case 'pagerduty':
      return `PagerDuty schedule ${source.schedule}`;
  }
};

const turnsOf = ({ rotations }: Team, onCall: readonly OnCallSource[], at: Date): OnCallLevel['turns'] =>
  onCall.flatMap((source) => {
    const rotation = source.kind === 'rotation' ? rotations[source.name] : undefined;
    return rotation && source.kind === 'rotation'
      ? [{ rotation: source.name, now: shiftAt(rotation, at), next: nextShift(rotation, at) }]
      : [];
  });
