/** User groups like `@dba-team`: made, changed, given members, with their events. */
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Json, UserGroup } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { emit } from '../wire/events.ts';

type GroupChange = Partial<Pick<UserGroup, 'name' | 'handle' | 'description' | 'channels' | 'deleted'>>;

export function createGroup(slack: Slack, by: string, given: GroupChange & { name: string }): UserGroup {
  const { world } = slack;
  requireFree(slack, given);
  const now = seconds(slack);
  const group: UserGroup = {
    id: world.ids.next('S'),
    handle: given.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    description: '',
    users: [],
    channels: [],
    created: now,
    createdBy: by,
    updated: now,
    updatedBy: by,
    deleted: 0,
    ...given,
  };
  world.groups.set(group.id, group);
  emit(slack, undefined, { type: 'subteam_created', subteam: shownGroup(slack, group, true) });
  return group;
}

export function changeGroup(slack: Slack, by: string, group: UserGroup, change: GroupChange): void {
  requireFree(slack, change, group);
  Object.assign(group, change, { updated: seconds(slack), updatedBy: by });
  emit(slack, undefined, { type: 'subteam_updated', subteam: shownGroup(slack, group, true) });
}

export function setMembers(slack: Slack, by: string, group: UserGroup, users: readonly string[]): void {
  const added = users.filter((user) => !group.users.includes(user));
  const removed = group.users.filter((user) => !users.includes(user));
  const before = group.updated;
  group.users = [...new Set(users)];
  changeGroup(slack, by, group, {});
  emit(slack, undefined, {
    type: 'subteam_members_changed',
    subteam_id: group.id,
    team_id: slack.world.identity.team.id,
    date_previous_update: before,
    date_update: group.updated,
    added_users: added,
    added_users_count: added.length,
    removed_users: removed,
    removed_users_count: removed.length,
  });
}

/** Handles are shared with people. */
function requireFree(slack: Slack, { name, handle }: GroupChange, self?: UserGroup): void {
  const { groups, users } = slack.world;
  const others = [...groups.values()].filter((group) => group !== self);
  if (others.some((group) => group.name === name)) throw new SlackError('name_already_exists');
  const taken = [...others.map((group) => group.handle), ...[...users.values()].map((user) => user.name)];
  if (handle !== undefined && taken.includes(handle)) throw new SlackError('handle_already_exists');
}

export function shownGroup(slack: Slack, group: UserGroup, withUsers: boolean, withCount = true): Json {
  return {
    id: group.id,
    team_id: slack.world.identity.team.id,
    is_usergroup: true,
    is_subteam: true,
    name: group.name,
    description: group.description,
    handle: group.handle,
    is_external: false,
    date_create: group.created,
    date_update: group.updated,
    date_delete: group.deleted,
    auto_provision: false,
    enterprise_subteam_id: '',
    created_by: group.createdBy,
    updated_by: group.updatedBy,
    prefs: { channels: group.channels, groups: [] },
    channel_count: group.channels.length,
    ...(withUsers ? { users: group.users } : {}),
    ...(withCount ? { user_count: group.users.length } : {}),
  };
}
