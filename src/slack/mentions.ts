/** A mention is a typed line: slash commands do not work in threads. The answer is for who wrote it, in the thread. */
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App, DeclareWish } from '../app/app.ts';
import type { Reply } from '../app/command.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { DANGEROUS_MS } from '../app/said-at.ts';
import { timeOf } from '../domain/slack-ts.ts';
import type { Logger } from '../log.ts';
import { addParent } from './capture.ts';
import type { WhoAmI } from './client.ts';
import { mentionedLine } from './inbound.ts';
import { sourceOf } from './modals.ts';
import { withOffers } from './views/offers.ts';
import { clip, mrkdwn } from './views/text.ts';

const Mention = z.object({
  user: z.string(),
  text: z.string(),
  ts: z.string(),
  channel: z.string(),
  thread_ts: z.string().optional(),
  bot_id: z.string().optional(),
});

export interface MentionParts {
  readonly client: WebClient;
  readonly identity: WhoAmI;
  readonly app: App;
  readonly dispatch: Dispatch;
  readonly log: Logger;
  readonly now: () => Date;
}

const LONGEST = 3900;

/**
 * Says the line that follows the mention, as of when it was written: Slack sends it again for minutes until it is taken,
 * and what is dangerous is not done that late. In a thread, a declaration begins with the message above it, and a bare
 * `note` means that message.
 */
export async function onMention(
  event: unknown,
  from: { readonly inboxKey: string | undefined; readonly receivedAt: Date },
  parts: MentionParts,
): Promise<void> {
  const parsed = Mention.safeParse(event);
  // Bots may not act; a mention that names nobody is none.
  if (!parsed.success || parsed.data.bot_id !== undefined) return;
  const { user, channel, text, thread_ts: thread } = parsed.data;
  const line = mentionedLine(text);
  const saidAt = timeOf(parsed.data.ts);
  if (isTooLate(line, saidAt, parts)) return expire(line, saidAt, { user, inboxKey: from.inboxKey }, parts);
  if (thread !== undefined && /^note\s*$/i.test(line)) {
    const added = await addParent({ ...parsed.data, thread }, from, parts);
    return answer({ text: added }, parsed.data, parts);
  }
  const source = thread === undefined ? undefined : await parentOf(channel, thread, parts);
  const reply = await parts.dispatch({
    text: line,
    actor: user,
    channelId: channel,
    receivedAt: saidAt < from.receivedAt ? saidAt : from.receivedAt,
    ...(from.inboxKey ? { inboxKey: from.inboxKey } : {}),
    ...(source ? { source } : {}),
  });
  await answer(reply, parsed.data, parts);
}

const isTooLate = (line: string, saidAt: Date, { dispatch, now }: MentionParts): boolean =>
  now().getTime() - saidAt.getTime() > DANGEROUS_MS && dispatch.isDangerous(line);

async function expire(
  line: string,
  saidAt: Date,
  { user, inboxKey }: { readonly user: string; readonly inboxKey: string | undefined },
  { app }: MentionParts,
): Promise<void> {
  if (inboxKey === undefined) return;
  const said = saidAt.toISOString().slice(11, 16);
  const text = `:no_entry: \`${line}\` was said ${said} UTC and was *not* run: it reached Firebreak too late. Say it again.`;
  await app.endUndone({ inboxKey, ending: 'expired', user, text });
}

/** The message that the thread hangs on; without it the declaration begins as any other. */
async function parentOf(
  channel: string,
  thread: string,
  { client, log }: MentionParts,
): Promise<DeclareWish['source']> {
  try {
    const { messages } = await client.conversations.replies({ channel, ts: thread, limit: 1 });
    const parent = messages?.[0];
    if (parent?.ts !== thread) return undefined;
    const { user, text = '' } = parent;
    return await sourceOf({ channel, ts: thread, text, ...(user ? { user } : {}) }, client);
  } catch (error) {
    log.warn({ err: error }, 'the message above a mention could not be read');
    return undefined;
  }
}

/** Once at most, as all that one person alone sees; what was done shows in the incident. */
async function answer(
  { text, offers = [] }: Reply,
  { user, channel, thread_ts: thread }: z.infer<typeof Mention>,
  { client, log }: MentionParts,
): Promise<void> {
  const view = withOffers(clip(mrkdwn(text), LONGEST), offers);
  try {
    await client.chat.postEphemeral({
      channel,
      user,
      text: view.text,
      ...(offers.length > 0 && view.blocks ? { blocks: [...view.blocks] } : {}),
      ...(thread === undefined ? {} : { thread_ts: thread }),
    });
  } catch (error) {
    log.warn({ err: error }, 'a mention could not be answered');
  }
}
