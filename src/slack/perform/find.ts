/** Looks in a conversation for something of ours, when the answer to sending it was lost. */
import type { ConversationsHistoryResponse, WebClient } from '@slack/web-api';

type Message = NonNullable<ConversationsHistoryResponse['messages']>[number];

/** Slack's clock and ours need not agree. */
export const SKEW_MS = 10 * 60 * 1000;
const PAGE = 200;
const PAGES = 10;

/** The timestamp of the first message since `since` that matches. */
export async function findMessage(
  client: WebClient,
  channel: string,
  since: Date,
  matches: (message: Message) => boolean,
): Promise<string | undefined> {
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
    const found = answer.messages?.find(matches)?.ts;
    cursor = answer.response_metadata?.next_cursor;
    if (found !== undefined || !cursor) return found;
  }
  return undefined;
}
