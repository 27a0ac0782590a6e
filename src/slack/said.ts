/** Slack's messages, by event, from history or with a shortcut, as Firebreak keeps them. */
import { z } from 'zod';
import type { HeardMessage, HeardVersion } from '../app/capture.ts';
import type { FileFacts } from '../domain/capture.ts';
import type { Identity } from './client.ts';

const SlackFile = z.object({
  id: z.string(),
  name: z.string().nullish(),
  mimetype: z.string().nullish(),
  size: z.number().nullish(),
});

/** What bots say is often in their attachments or blocks only. */
const wordy = z.object({
  fallback: z.string().optional(),
  title: z.string().optional(),
  text: z.union([z.string(), z.object({ text: z.string() })]).optional(),
});

export const SlackMessage = z.object({
  ts: z.string(),
  subtype: z.string().optional(),
  user: z.string().nullish(),
  bot_id: z.string().nullish(),
  username: z.string().nullish(),
  bot_profile: z.object({ name: z.string().nullish() }).nullish(),
  text: z.string().nullish(),
  thread_ts: z.string().nullish(),
  latest_reply: z.string().nullish(),
  files: z.array(SlackFile).nullish().catch(undefined),
  attachments: z.array(wordy).nullish().catch(undefined),
  blocks: z.array(wordy).nullish().catch(undefined),
  edited: z.object({ user: z.string().optional(), ts: z.string() }).nullish(),
  reactions: z
    .array(z.object({ name: z.string(), users: z.array(z.string()), count: z.number() }))
    .nullish()
    .catch(undefined),
});
export type SlackMessage = z.infer<typeof SlackMessage>;

/** What people and bots say; the rest is Slack's own, such as who joined. */
const SPOKEN = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message', 'bot_message']);

export const isSpoken = ({ subtype }: SlackMessage): boolean => SPOKEN.has(subtype);

/** What is left of a deleted message that has replies. */
export const isTombstone = ({ subtype }: SlackMessage): boolean => subtype === 'tombstone';

/** What Firebreak says is on the timeline by itself. */
export const isOwn = ({ user, bot_id }: SlackMessage, { botId, botUserId }: Identity): boolean =>
  user === botUserId || bot_id === botId;

/** Where it was said. */
export interface Place {
  readonly incident: number;
  readonly channel: string;
}

/** The message as it stands, with `heardTs` of what told it. */
export function heardOf(
  message: SlackMessage,
  { incident, channel }: Place,
  identity: Identity,
  heardTs = '',
): HeardMessage {
  const { ts, thread_ts } = message;
  const thread = thread_ts && thread_ts !== ts ? thread_ts : undefined;
  const { user, name } = authorOf(message);
  return {
    incident,
    channel,
    ts,
    thread,
    author: user,
    authorName: name,
    link: permalinkOf(identity, channel, ts, thread),
    versions: [versionOf(message, heardTs)],
  };
}

/** A version of it; of a tombstone and of what is not there, none. */
export function versionOf(message: SlackMessage, heardTs: string): HeardVersion {
  const { edited } = message;
  const by = edited?.user ?? authorOf(message).user;
  return { edited: edited?.ts ?? '', by, text: wordsOf(message), files: filesOf(message), heardTs };
}

/** Old integrations have no user: they go by the name that they give themselves, which is never that of a person. */
function authorOf({ user, username, bot_profile, bot_id }: SlackMessage): {
  user: string;
  name?: string | undefined;
} {
  const given = username ?? bot_profile?.name ?? undefined;
  const name = given
    ?.replace(/[<>&\s]+/g, ' ')
    .trim()
    .slice(0, 80);
  return user ? { user, ...(bot_id ? { name } : {}) } : { user: `app:${name ?? bot_id ?? 'unknown'}`, name };
}

function wordsOf({ text, attachments, blocks }: SlackMessage): string {
  if (text) return text;
  const parts = [...(blocks ?? []), ...(attachments ?? [])].flatMap(({ title, text: said, fallback }) => {
    const words = typeof said === 'string' ? said : said?.text;
    return [title, words ?? fallback].filter((part) => part !== undefined && part !== '');
  });
  return parts.join('\n');
}

const filesOf = ({ files }: SlackMessage): readonly FileFacts[] =>
  (files ?? []).map(({ id, name, mimetype, size }) => ({
    id,
    name: name ?? id,
    type: mimetype ?? 'unknown',
    size: size ?? 0,
  }));

/** As Slack makes them; asking for each would cost a call that can fail. */
function permalinkOf({ url }: Identity, channel: string, ts: string, thread?: string): string | undefined {
  if (url === undefined) return undefined;
  const link = `${url}archives/${channel}/p${ts.replace('.', '')}`;
  return thread === undefined ? link : `${link}?thread_ts=${thread}&cid=${channel}`;
}
