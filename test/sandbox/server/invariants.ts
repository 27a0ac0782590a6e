/** What is true of the local Slack's state whatever was done to it; each fault in words. */
interface Message {
  readonly ts: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly reactions?: readonly { readonly users: readonly string[]; readonly count: number }[];
}

interface Channel {
  readonly id: string;
  readonly name: string;
  readonly is_im: boolean;
  readonly members: readonly string[];
  readonly messages: readonly Message[];
  readonly ephemerals: readonly { readonly ts: string }[];
  readonly pins: readonly { readonly ts: string }[];
  readonly bookmarks: readonly { readonly id: string }[];
  readonly files: readonly { readonly id: string }[];
  readonly canvas: { readonly id: string } | null;
}

interface View {
  readonly id: string;
  readonly user: string;
  readonly type: string;
  readonly root_view_id: string;
  readonly previous_view_id: string | null;
  readonly external_id: string;
}

export interface Everything {
  readonly users: readonly { readonly id: string; readonly name: string }[];
  readonly usergroups: readonly {
    readonly id: string;
    readonly handle: string;
    readonly users: readonly string[];
  }[];
  readonly channels: readonly Channel[];
  readonly views: readonly View[];
  readonly homes: readonly View[];
}

const unique = (things: readonly string[]) => new Set(things).size === things.length;

export function broken({ users, usergroups, channels, views, homes }: Everything): string[] {
  const known = new Set(users.map(({ id }) => id));
  const rules: readonly (readonly [boolean, string])[] = [
    [unique(users.map(({ id }) => id)) && unique(users.map(({ name }) => name)), 'two users are one'],
    [unique(usergroups.map(({ handle }) => handle)), 'two groups have one handle'],
    [usergroups.every((group) => group.users.every((id) => known.has(id))), 'a group of strangers'],
    [
      unique(channels.map(({ id }) => id)) && unique(channels.map(({ name }) => name)),
      'two channels are one',
    ],
    [unique(homes.map(({ user }) => user)), 'two homes for one person'],
    [homes.every(({ type }) => type === 'home'), 'a home that is a modal'],
    [views.every(({ type }) => type === 'modal'), 'a modal that is a home'],
    [unique(views.map(({ id }) => id)), 'one view twice'],
  ];
  return [
    ...rules.filter(([holds]) => !holds).map(([, words]) => words),
    ...channels.flatMap((channel) =>
      brokenChannel(channel, known).map((words) => `${channel.name}: ${words}`),
    ),
    ...[...known].flatMap((user) => brokenStack(views.filter((view) => view.user === user))),
  ];
}

function brokenChannel(channel: Channel, users: ReadonlySet<string>): string[] {
  const { members, messages, pins, bookmarks, ephemerals } = channel;
  const stamps = messages.map(({ ts }) => ts);
  const present = new Set(stamps);
  const reactions = messages.flatMap((message) => message.reactions ?? []);
  const rules: readonly (readonly [boolean, string])[] = [
    [members.every((id) => users.has(id)) && unique(members), 'a member who is nobody'],
    [channel.is_im || /^[^A-Z\s.]{1,80}$/.test(channel.name), 'a name that Slack refuses'],
    [!channel.is_im || members.length === 2, 'a direct message of not two'],
    [stamps.every((ts, index) => index === 0 || ts > (stamps[index - 1] ?? '')), 'messages out of order'],
    [messages.every(({ text }) => typeof text === 'string' && text.length <= 40_000), 'a text that is none'],
    [messages.every(({ thread_ts }) => thread_ts === undefined || present.has(thread_ts)), 'a lost reply'],
    [
      reactions.every((one) => one.count > 0 && one.count === one.users.length && unique(one.users)),
      'a miscount',
    ],
    [pins.every(({ ts }) => present.has(ts)) && unique(pins.map(({ ts }) => ts)), 'a pin on nothing'],
    [pins.length <= 100 && bookmarks.length <= 100, 'more pins or bookmarks than Slack keeps'],
    [unique(bookmarks.map(({ id }) => id)), 'one bookmark twice'],
    [ephemerals.every(({ ts }) => !present.has(ts)), 'an ephemeral that all can see'],
  ];
  return rules.filter(([holds]) => !holds).map(([, words]) => words);
}

function brokenStack(stack: readonly View[]): string[] {
  const [root] = stack;
  const chained = stack.every(
    (view, index) =>
      view.root_view_id === root?.id && view.previous_view_id === (stack[index - 1]?.id ?? null),
  );
  return [
    ...(stack.length > 3 ? ['more than three modals'] : []),
    ...(chained ? [] : ['a stack out of order']),
  ];
}
