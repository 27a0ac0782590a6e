/** The workspace in memory: users, channels, files and views, and the look-ups everything else uses. */
import type { Clock } from './clock.ts';
import { createIds, type Ids, readableId } from './ids.ts';
import type { Manifest } from './manifest.ts';
import type {
  Canvas,
  Channel,
  Message,
  Scheduled,
  StateValues,
  StoredFile,
  User,
  UserGroup,
  View,
} from './model.ts';

const START_CHANNELS = ['general', 'incidents', 'start-here'] as const;
const START_USERS = ['oncall', 'commander', 'dba', 'support', 'viewer'] as const;
const START_GROUP = { name: 'DBA team', handle: 'dba-team', member: 'dba' } as const;
export const SLACKBOT = 'USLACKBOT';

/** Who the app is in this workspace. */
export interface Identity {
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly appId: string;
  readonly botId: string;
  readonly botUser: string;
}

export interface World {
  readonly identity: Identity;
  readonly ids: Ids;
  readonly users: Map<string, User>;
  readonly channels: Map<string, Channel>;
  readonly groups: Map<string, UserGroup>;
  readonly files: Map<string, StoredFile>;
  readonly canvases: Map<string, Canvas>;
  readonly scheduled: Map<string, Scheduled>;
  /** What a person has chosen in the menus of a message, by channel, message and user. */
  readonly chosen: Map<string, StateValues>;
  readonly views: Map<string, View>;
  /** Open modals by user, the topmost last. */
  readonly stacks: Map<string, View[]>;
  readonly homes: Map<string, View>;
  /** A message timestamp that no other message has. */
  readonly ts: () => string;
}

export function identityOf(manifest: Manifest): Identity {
  return {
    team: { id: 'T000SANDBOX', name: 'Sandbox', domain: 'sandbox' },
    appId: readableId('A', manifest.appName, 10),
    botId: readableId('B', manifest.botName, 10),
    botUser: readableId('U', manifest.botName, 10),
  };
}

/** A fresh workspace; after a reset ids and timestamps go on from those of the world before. */
export function createWorld(manifest: Manifest, clock: Clock, before?: World): World {
  const world: World = {
    identity: identityOf(manifest),
    ids: before?.ids ?? createIds(),
    users: new Map(),
    channels: new Map(),
    groups: new Map(),
    files: new Map(),
    canvases: new Map(),
    scheduled: new Map(),
    chosen: new Map(),
    views: new Map(),
    stacks: new Map(),
    homes: new Map(),
    ts: before?.ts ?? timestamps(clock),
  };
  seed(world, manifest, clock);
  return world;
}

function timestamps(clock: Clock): () => string {
  let last = 0;
  return () => {
    last = Math.max(last + 1, clock.now() * 1000);
    return `${Math.floor(last / 1e6)}.${String(last % 1e6).padStart(6, '0')}`;
  };
}

function seed(world: World, manifest: Manifest, clock: Clock): void {
  const { botUser } = world.identity;
  const now = Math.floor(clock.now() / 1000);
  for (const name of START_USERS) addUser(world, name, 'member', now);
  world.users.set(botUser, {
    id: botUser,
    name: manifest.botName,
    realName: manifest.appName,
    kind: 'bot',
    deactivated: false,
    updated: now,
  });
  const creator = readableId('U', START_USERS[0], 10);
  for (const name of START_CHANNELS) {
    const channel = newChannel(readableId('C', name, 12), 'public', name, creator, now);
    for (const user of world.users.keys()) channel.members.add(user);
    world.channels.set(channel.id, channel);
  }
  seedGroup(world, creator, now);
}

function seedGroup(world: World, by: string, now: number): void {
  const { name, handle, member } = START_GROUP;
  const id = readableId('S', handle, 10);
  const users = [readableId('U', member, 10)];
  const since = { created: now, createdBy: by, updated: now, updatedBy: by, deleted: 0 };
  world.groups.set(id, { id, name, handle, description: '', users, channels: [], ...since });
}

export function addUser(world: World, name: string, kind: User['kind'], now: number): User {
  const id = readableId('U', name, 10);
  const user: User = {
    id: world.users.has(id) ? world.ids.next('U') : id,
    name,
    realName: name.charAt(0).toUpperCase() + name.slice(1),
    kind,
    deactivated: false,
    updated: now,
  };
  world.users.set(user.id, user);
  return user;
}

export function newChannel(
  id: string,
  kind: Channel['kind'],
  name: string,
  creator: string,
  now: number,
  peer?: string,
): Channel {
  return {
    id,
    kind,
    name,
    created: now,
    creator,
    ...(peer === undefined ? {} : { peer }),
    archived: false,
    updated: now * 1000,
    topic: { value: '', creator: '', last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
    previousNames: [],
    members: new Set(),
    messages: [],
    ephemerals: [],
    pins: [],
    bookmarks: [],
  };
}

export function userNamed(world: World, nameOrId: string): User | undefined {
  const bare = nameOrId.replace(/^@/, '');
  return world.users.get(bare) ?? [...world.users.values()].find((user) => user.name === bare);
}

export function channelNamed(world: World, nameOrId: string): Channel | undefined {
  const bare = nameOrId.replace(/^#/, '');
  return world.channels.get(bare) ?? [...world.channels.values()].find((channel) => channel.name === bare);
}

export function messageAt(channel: Channel, ts: string): Message | undefined {
  return channel.messages.find((message) => message.ts === ts);
}

export const FOREIGN_TEAM = 'T000FOREIGN';

/** Of the workspace, or of the other one that takes part through Slack Connect. */
export function teamOf(world: World, user: string): string {
  return world.users.get(user)?.kind === 'foreign' ? FOREIGN_TEAM : world.identity.team.id;
}

/** A channel with somebody of another workspace in it is shared with that workspace. */
export function isExternal(world: World, channel: Channel): boolean {
  return [...channel.members].some((id) => world.users.get(id)?.kind === 'foreign');
}

/** The direct message between the app and a user, made when it is first needed. */
export function directMessage(world: World, user: User, now: number): Channel {
  const found = [...world.channels.values()].find((channel) => channel.peer === user.id);
  if (found) return found;
  const { botUser } = world.identity;
  const channel = newChannel(readableId('D', user.name, 10), 'im', `dm-${user.name}`, botUser, now, user.id);
  channel.members.add(botUser).add(user.id);
  world.channels.set(channel.id, channel);
  return channel;
}
