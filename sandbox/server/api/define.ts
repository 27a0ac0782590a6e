/** How a Web API method is written: its scopes, its tier, its arguments, and what it does. */
import { z } from 'zod';
import { destination } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Channel, Json, Message, User } from '../model.ts';
import { SlackError } from '../refusal.ts';
import type { Tier } from '../rules/rates.ts';
import { directMessage, messageAt } from '../world.ts';

export interface Method {
  readonly name: string;
  /** One of these is enough; none means any token will do. */
  readonly scopes: readonly string[];
  readonly tier: Tier;
  readonly token: 'bot' | 'app' | 'config';
  /** Names of the arguments that have a meaning here. */
  readonly takes: readonly string[];
  readonly run: (slack: Slack, args: Json) => Json;
}

interface Rules {
  readonly scopes?: readonly string[];
  readonly tier: Tier;
  readonly token?: 'bot' | 'app' | 'config';
  /** Arguments that Slack takes and that change nothing here. */
  readonly ignored?: readonly string[];
}

/** Every method takes these. */
const EVERYWHERE = ['token', 'team_id'];

export function defineMethod<T extends z.ZodObject>(
  name: string,
  rules: Rules,
  shape: T,
  run: (slack: Slack, args: z.infer<T>) => Json,
): Method {
  const known = new Set([...Object.keys(shape.shape), ...(rules.ignored ?? []), ...EVERYWHERE]);
  return {
    name,
    scopes: rules.scopes ?? [],
    tier: rules.tier,
    token: rules.token ?? 'bot',
    takes: Object.keys(shape.shape),
    run: (slack, args) => {
      refuseUnknown(name, args, known);
      const parsed = shape.safeParse(args);
      if (parsed.success) return run(slack, parsed.data);
      const messages = parsed.error.issues.map(
        (issue) => `[ERROR] ${issue.message} [json-pointer:/${issue.path.join('/')}]`,
      );
      throw new SlackError('invalid_arguments', { response_metadata: { messages } });
    },
  };
}

/** Slack would pass over it in silence; here a typo must be found. */
function refuseUnknown(method: string, args: Json, known: ReadonlySet<string>): void {
  const unknown = Object.keys(args).filter((key) => !known.has(key));
  if (unknown.length === 0) return;
  process.stderr.write(`local Slack: the app called ${method} with unknown ${unknown.join(', ')}\n`);
  const messages = unknown.map((key) => `[ERROR] unknown argument: ${key} [json-pointer:/${key}]`);
  throw new SlackError('invalid_arguments', { response_metadata: { messages } });
}

/** Forms carry everything as text; JSON bodies carry the values themselves. */
export const flag = z.preprocess(
  (value) => (typeof value === 'string' ? value === 'true' || value === '1' : value),
  z.boolean().optional(),
);
export const count = z.coerce.number().int().positive().optional();
export const word = z.preprocess(
  (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
  z.string(),
);
/** Ids with commas between them. */
export const idList = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((id) => id.trim())
          .filter((id) => id !== '')
      : value,
  z.array(z.string()).optional(),
);

export function embedded<T extends z.ZodType>(shape: T) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, shape);
}

/** A channel the bot can see; private ones only from inside. */
export function visible(slack: Slack, id: string): Channel {
  const channel = slack.world.channels.get(id);
  if (!channel) throw new SlackError('channel_not_found');
  if (channel.kind !== 'public' && !isMember(slack, channel)) throw new SlackError('channel_not_found');
  return channel;
}

/** A channel the bot is in. */
export function joined(slack: Slack, id: string): Channel {
  const channel = visible(slack, id);
  if (!isMember(slack, channel)) throw new SlackError('not_in_channel');
  return channel;
}

export function open(slack: Slack, id: string): Channel {
  const channel = joined(slack, id);
  if (channel.archived) throw new SlackError('is_archived');
  return channel;
}

/** Where the bot wants to post: a channel, a name of one, or a person. */
export function postable(slack: Slack, nameOrId: string): Channel {
  if (nameOrId === slack.world.identity.botUser) throw new SlackError('cannot_dm_bot');
  const bare = nameOrId.replace(/^#/, '');
  const named = [...slack.world.channels.values()].find((one) => one.kind !== 'im' && one.name === bare);
  const channel = named ?? destination(slack, nameOrId);
  if (!channel) throw new SlackError('channel_not_found');
  const known = visible(slack, channel.id);
  if (known.archived) throw new SlackError('is_archived');
  if (!isMember(slack, known) && !slack.manifest.scopes.has('chat:write.public')) {
    throw new SlackError('not_in_channel');
  }
  if (slack.world.users.get(known.peer ?? '')?.deactivated) throw new SlackError('user_disabled');
  return known;
}

export const isMember = (slack: Slack, channel: Channel) => channel.members.has(slack.world.identity.botUser);

export function message(channel: Channel, ts: string): Message {
  const found = messageAt(channel, ts);
  if (!found) throw new SlackError('message_not_found');
  return found;
}

export function person(slack: Slack, id: string): User {
  const user = slack.world.users.get(id);
  if (!user) throw new SlackError('user_not_found');
  return user;
}

export function dmWith(slack: Slack, user: User): Channel {
  if (user.deactivated) throw new SlackError('user_disabled');
  if (user.kind === 'bot') throw new SlackError('cannot_dm_bot');
  return directMessage(slack.world, user, seconds(slack));
}

/** The scope a conversation method needs for this kind of channel. */
export function needScope(
  slack: Slack,
  channel: Channel,
  scopes: Partial<Record<Channel['kind'], string>>,
): void {
  const needed = scopes[channel.kind];
  if (needed === undefined) throw new SlackError('method_not_supported_for_channel_type');
  if (!slack.manifest.scopes.has(needed)) throw missingScope(slack, [needed]);
}

export function missingScope(slack: Slack, needed: readonly string[]): SlackError {
  return new SlackError('missing_scope', {
    needed: needed.join(','),
    provided: [...slack.manifest.scopes].join(','),
  });
}

/** One page of a list, with Slack's opaque cursor. */
export function page<T>(
  items: readonly T[],
  cursor: string | undefined,
  limit: number,
): { items: T[]; next: string } {
  const start = cursor === undefined || cursor === '' ? 0 : offsetOf(cursor);
  const end = start + limit;
  const next = end < items.length ? Buffer.from(`offset:${end}`).toString('base64') : '';
  return { items: items.slice(start, end), next };
}

function offsetOf(cursor: string): number {
  const found = /^offset:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  if (found === undefined) throw new SlackError('invalid_cursor');
  return Number(found);
}
