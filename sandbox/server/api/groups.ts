/** User groups. */
import { z } from 'zod';
import { changeGroup, createGroup, setMembers, shownGroup } from '../acts/groups.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { UserGroup } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { defineMethod, flag, idList, visible, word } from './define.ts';

const read = { scopes: ['usergroups:read'], tier: 2 } as const;
const write = { scopes: ['usergroups:write'], tier: 2 } as const;
const about = {
  handle: word.optional(),
  description: word.optional(),
  channels: idList,
  include_count: flag,
};

const me = (slack: Slack) => slack.world.identity.botUser;

export const groupMethods = [
  defineMethod(
    'usergroups.list',
    read,
    z.object({ include_users: flag, include_count: flag, include_disabled: flag }),
    (slack, args) => ({
      usergroups: [...slack.world.groups.values()]
        .filter((group) => args.include_disabled || group.deleted === 0)
        .map((group) => shownGroup(slack, group, args.include_users ?? false, args.include_count)),
    }),
  ),
  defineMethod(
    'usergroups.users.list',
    read,
    z.object({ usergroup: word, include_disabled: flag }),
    (slack, args) => {
      const group = groupOf(slack, args.usergroup);
      if (group.deleted !== 0 && !args.include_disabled) throw new SlackError('no_such_subteam');
      return { users: group.users };
    },
  ),
  defineMethod('usergroups.create', write, z.object({ name: word, ...about }), (slack, args) => {
    const { include_count, ...given } = known(slack, args);
    return {
      usergroup: shownGroup(slack, createGroup(slack, me(slack), given), true, include_count),
    };
  }),
  defineMethod(
    'usergroups.update',
    write,
    z.object({ usergroup: word, name: word.optional(), ...about }),
    (slack, args) => {
      const { usergroup, include_count, ...change } = known(slack, args);
      const group = groupOf(slack, usergroup);
      changeGroup(slack, me(slack), group, change);
      return { usergroup: shownGroup(slack, group, true, include_count) };
    },
  ),
  defineMethod(
    'usergroups.users.update',
    write,
    z.object({ usergroup: word, users: idList, include_count: flag }),
    (slack, args) => {
      const group = groupOf(slack, args.usergroup);
      const users = args.users ?? [];
      if (users.length === 0) throw new SlackError('no_users_provided');
      if (users.some((id) => slack.world.users.get(id)?.deactivated !== false))
        throw new SlackError('invalid_users');
      setMembers(slack, me(slack), group, users);
      return { usergroup: shownGroup(slack, group, true, args.include_count) };
    },
  ),
  switchMethod('usergroups.disable', true),
  switchMethod('usergroups.enable', false),
];

function switchMethod(name: string, off: boolean) {
  return defineMethod(name, write, z.object({ usergroup: word, include_count: flag }), (slack, args) => {
    const group = groupOf(slack, args.usergroup);
    changeGroup(slack, me(slack), group, { deleted: off ? seconds(slack) : 0 });
    return { usergroup: shownGroup(slack, group, true, args.include_count) };
  });
}

function groupOf(slack: Slack, id: string): UserGroup {
  const group = slack.world.groups.get(id);
  if (!group) throw new SlackError('no_such_subteam');
  return group;
}

/** Only what was given, with channels that are there. */
function known<T extends { channels?: readonly string[] | undefined }>(slack: Slack, args: T) {
  for (const id of args.channels ?? []) visible(slack, id);
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
