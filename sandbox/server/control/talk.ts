/** People talking: messages, reactions, pins. */
import { z } from 'zod';
import { completeFile, fileInMessage, fillFile, newFile, tellShared } from '../acts/files.ts';
import { pin, react, unpin, unreact } from '../acts/marks.ts';
import { richText, withMentions } from '../acts/mentions.ts';
import { edit, post, remove, userMessage } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import type { Channel, Message, StoredFile, User } from '../model.ts';
import { ControlError, SlackError } from '../refusal.ts';
import { actor, messageIn, name, route, stage } from './input.ts';

const file = z.object({ name, title: z.string().optional(), content: z.string() });

export const messageRoute = route(
  z.object({
    user: name,
    channel: name,
    text: z.string(),
    thread_ts: name.optional(),
    files: z.array(file).optional(),
  }),
  (slack, input) => {
    const user = actor(slack, input.user);
    const channel = stage(slack, user, input.channel);
    if (input.thread_ts !== undefined) messageIn(channel, input.thread_ts);
    if (input.text === '' && !input.files?.length)
      throw new ControlError(400, 'no_text', 'text or files are needed');
    const files = input.files?.map((one) => store(slack, user, one));
    const shownFiles = () => files?.map((one) => fileInMessage(slack, one));
    const text = withMentions(slack, input.text);
    const message = userMessage(slack, user, { text, thread_ts: input.thread_ts, files: shownFiles() });
    for (const one of files ?? []) one.shares.push({ channel: channel.id, ts: message.ts });
    if (files) message.files = shownFiles();
    post(slack, channel, message);
    for (const one of files ?? []) tellShared(slack, channel, one);
    return { ts: message.ts };
  },
);

function store(slack: Slack, user: User, given: z.infer<typeof file>): StoredFile {
  const bytes = Buffer.from(given.content, 'utf8');
  const made = newFile(slack, user.id, given.name, bytes.length);
  fillFile(made, bytes);
  return completeFile(made, given.title);
}

/** The message that the path names, when it is this person's own. */
function own(slack: Slack, user: User, path: readonly string[]): { channel: Channel; message: Message } {
  const [channelName = '', ts = ''] = path;
  const channel = stage(slack, user, channelName);
  const message = messageIn(channel, ts);
  if (message.user !== user.id) throw new ControlError(403, 'not_yours', `the message is not ${user.name}'s`);
  return { channel, message };
}

export const editRoute = route(z.object({ user: name, text: z.string().min(1) }), (slack, input, path) => {
  const user = actor(slack, input.user);
  const { channel, message } = own(slack, user, path);
  const text = withMentions(slack, input.text);
  edit(slack, channel, message, user.id, { text, blocks: richText(slack, text) });
  return { ts: message.ts };
});

export const deleteRoute = route(z.object({ user: name }), (slack, input, path) => {
  const { channel, message } = own(slack, actor(slack, input.user), path);
  remove(slack, channel, message);
  return { ts: message.ts };
});

const onMessage = z.object({ user: name, channel: name, ts: name });
const reaction = onMessage.extend({ name });

function marked<T extends z.infer<typeof onMessage>>(
  mark: (slack: Slack, channel: Channel, message: Message, by: string, input: T) => void,
) {
  return (slack: Slack, input: T) => {
    const user = actor(slack, input.user);
    const channel = stage(slack, user, input.channel);
    try {
      mark(slack, channel, messageIn(channel, input.ts), user.id, input);
    } catch (error) {
      if (error instanceof SlackError) throw new ControlError(409, error.code, `Slack says ${error.code}`);
      throw error;
    }
    return {};
  };
}

export const addReactionRoute = route(
  reaction,
  marked<z.infer<typeof reaction>>((slack, channel, message, by, input) =>
    react(slack, channel, message, by, emoji(input.name)),
  ),
);
export const removeReactionRoute = route(
  reaction,
  marked<z.infer<typeof reaction>>((slack, channel, message, by, input) =>
    unreact(slack, channel, message, by, emoji(input.name)),
  ),
);
export const addPinRoute = route(onMessage, marked(pin));
export const removePinRoute = route(onMessage, marked(unpin));

const emoji = (given: string) => given.replaceAll(':', '');
