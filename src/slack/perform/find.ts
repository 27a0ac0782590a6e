/** Looks in a conversation for something of ours, when the answer to sending it was lost. */
import type { ConversationsHistoryResponse, WebClient } from '@slack/web-api';

export type Message = NonNullable<ConversationsHistoryResponse['messages']>[number];

/** Slack's clock and ours need not agree. */
export const SKEW_MS = 10 * 60 * 1000;
const PAGE = 200;
const PAGES = 10;

/** The timestamp of the newest message since `since` that matches. */
export async function findMessage(
  client: WebClient,
  channel: string,
  since: Date,
  matches: (message: Message) => boolean,
): Promise<string | undefined> {
  for await (const message of messagesSince(client, channel, since)) if (matches(message)) return message.ts;
  return undefined;
}

/** What stands in a channel since then, newest first; 2,000 messages at most. */
export async function* messagesSince(
  client: WebClient,
  channel: string,
  since: Date,
): AsyncGenerator<Message, void> {
  const oldest = String((since.getTime() - SKEW_MS) / 1000);
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await client.conversations.history({
      channel,
      oldest,
      limit: PAGE,
      include_all_metadata: true,
      ...(cursor ? { cursor } : {}),
    });
    yield* answer.messages ?? [];
    cursor = answer.response_metadata?.next_cursor;
    if (!cursor) return;
  }
}
