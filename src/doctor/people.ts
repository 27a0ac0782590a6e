/** The people and user groups that firebreak.yml names: whether Slack has them, and whether they may do what they are named for. */
import type { Directory, Standing } from '../app/app.ts';
import { onCallNow, type Schedules } from '../app/on-call.ts';
import type { Settings } from '../domain/settings.ts';
import type { Team } from '../domain/team.ts';
import type { SlackClient } from '../slack/consultation.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { asking } from './slack-errors.ts';

export interface PeopleParts {
  readonly client: SlackClient;
  readonly directory: Directory;
  readonly schedules: Schedules;
  readonly settings: Settings;
  readonly now: () => Date;
}

export async function examinePeople(parts: PeopleParts): Promise<readonly Finding[]> {
  const { settings } = parts;
  const named = namedIn(settings);
  const ids = [...named.keys()];
  const people = ids.filter((id) => !isGroup(id));
  const groups = ids.filter(isGroup);
  return [
    ...(people.length > 0 ? await standings(parts.directory, people, named) : []),
    ...(groups.length > 0 ? await asking('user groups', () => groupsOf(parts.client, groups, named)) : []),
    ...(await onCall(parts)),
    ...(await asking('approvers', () => approvers(parts))),
  ];
}

const isGroup = (id: string): boolean => id.startsWith('S');

/** Where each id is named. */
function namedIn({ permissions, teams, phones }: Settings): ReadonlyMap<string, readonly string[]> {
  const places: readonly (readonly [string, readonly string[]])[] = [
    ...Object.entries(permissions).map(
      ([name, ids]: [string, readonly string[] | undefined]) =>
        [`permissions.${SPELLED[name] ?? name}`, ids ?? []] as const,
    ),
    ...Object.values(teams).map((team) => [`teams.${team.name}`, membersOf(team)] as const),
    ['phones', Object.keys(phones)],
  ];
  const found = new Map<string, string[]>();
  for (const [place, ids] of places)
    for (const id of new Set(ids)) found.set(id, [...(found.get(id) ?? []), place]);
  return found;
}

const SPELLED: Readonly<Record<string, string>> = { breakGlass: 'break_glass' };

const membersOf = ({ levels, rotations }: Team): readonly string[] => [
  ...levels.flatMap(({ onCall: sources }) => sources.flatMap((it) => ('id' in it ? [it.id] : []))),
  ...Object.values(rotations).flatMap(({ people, overrides }) => [
    ...people,
    ...overrides.map(({ user }) => user),
  ]),
];

/** Why somebody of that standing is no use where they are named; full members are. */
const WRONG: Readonly<Record<Exclude<Standing, 'member'>, string>> = {
  unknown: 'is nobody in this workspace',
  deactivated: 'is deactivated',
  bot: 'is a bot, which may do nothing here',
  guest: 'is a guest, who may only read',
  foreign: 'belongs to another workspace, and may only read',
};

/** Slack answers some hundred of these a minute. */
const AT_ONCE = 4;

async function standings(
  directory: Directory,
  people: readonly string[],
  named: ReadonlyMap<string, readonly string[]>,
): Promise<readonly Finding[]> {
  const name = 'people';
  const lines: Finding[] = [];
  const isTold = (line: Finding): boolean => lines.some(({ found }) => found === line.found);
  for (let from = 0; from < people.length; from += AT_ONCE) {
    const some = people.slice(from, from + AT_ONCE);
    const asked = some.map((id) => asking(name, () => standingOf(directory, id, named.get(id) ?? [])));
    // That Slack asks to wait is told once.
    for (const line of (await Promise.all(asked)).flat()) if (!isTold(line)) lines.push(line);
  }
  if (lines.length > 0) return lines;
  return [ok(name, `${count(people.length)} named, each a full member.`)];
}

const count = (people: number): string => (people === 1 ? '1 person is' : `${people} people are`);

async function standingOf(
  directory: Directory,
  id: string,
  places: readonly string[],
): Promise<readonly Finding[]> {
  const standing = await directory.standing(id);
  if (standing === 'member') return [];
  return [
    fail(
      'people',
      `${id} ${WRONG[standing]}; named in ${places.join(', ')}.`,
      'Name somebody else there in firebreak.yml, or have Slack make them a full member.',
    ),
  ];
}

async function groupsOf(
  client: SlackClient,
  ids: readonly string[],
  named: ReadonlyMap<string, readonly string[]>,
): Promise<readonly Finding[]> {
  const name = 'user groups';
  const { usergroups = [] } = await client.usergroups.list({ include_disabled: true, include_users: true });
  const wrong = ids.flatMap((id): readonly Finding[] => {
    const group = usergroups.find((each) => each.id === id);
    const where = `named in ${(named.get(id) ?? []).join(', ')}`;
    const mend = 'name another one in firebreak.yml';
    if (group === undefined)
      return [fail(name, `There is no user group ${id}; ${where}.`, `Make it in Slack, or ${mend}.`)];
    const called = `@${group.handle ?? id} (${id})`;
    if (group.date_delete) return [fail(name, `${called} is disabled; ${where}.`, `Enable it, or ${mend}.`)];
    if ((group.users ?? []).length > 0) return [];
    return [fail(name, `${called} has no members; ${where}.`, `Put people into it in Slack, or ${mend}.`)];
  });
  return wrong.length > 0
    ? wrong
    : [ok(name, `${ids.length === 1 ? '1 is' : `${ids.length} are`} named, all with members.`)];
}

/** As a page would find out now. */
async function onCall({ settings, directory, schedules, now }: PeopleParts): Promise<readonly Finding[]> {
  const name = 'on call';
  const teams = Object.values(settings.teams);
  const found = await Promise.all(
    teams.map((team) => asking(name, () => teamNow(team, now(), { directory, schedules }))),
  );
  const wrong = found.flat();
  if (teams.length === 0 || wrong.length > 0) return wrong;
  return [ok(name, `Every level of ${teams.map((team) => team.name).join(', ')} has somebody now.`)];
}

async function teamNow(
  team: Team,
  at: Date,
  ports: Parameters<typeof onCallNow>[2],
): Promise<readonly Finding[]> {
  const name = 'on call';
  const levels = await onCallNow(team, at, ports);
  const mend = `Mend \`teams.${team.name}\` in firebreak.yml, or what it names.`;
  return levels.flatMap(({ level, users, problems }) => [
    ...problems.map((problem) => fail(name, `${team.name}, level ${level}: ${problem}.`, mend)),
    // Another way than Slack may reach somebody.
    ...(users.length === 0 && problems.length === 0 && team.ways.length === 0
      ? [fail(name, `${team.name}, level ${level}: nobody is on call.`, mend)]
      : []),
  ]);
}

/** Nobody approves their own request. With fewer than two, something is never done, and that is noticed on the night. */
async function approvers({ settings, directory }: PeopleParts): Promise<Finding> {
  const name = 'approvers';
  const { approve = [] } = settings.permissions;
  const lists = await Promise.all(
    approve.map(async (id) => (isGroup(id) ? directory.groupMembers(id) : [id])),
  );
  const able: string[] = [];
  for (const id of new Set(lists.flat()))
    if (able.length < ENOUGH && (await directory.standing(id)) === 'member') able.push(id);
  if (able.length >= ENOUGH) return ok(name, 'At least two full members may approve.');
  const [only] = able;
  return warn(
    name,
    only === undefined
      ? 'Nobody may approve: no rollback, repair or ended session is ever done.'
      : `Only ${only} may approve: what they ask for themselves is never done.`,
    'Name people or a user group in permissions.approve of firebreak.yml, at least two: nobody approves their own request.',
  );
}

const ENOUGH = 2;
