/** Messages: said once, or kept current. One whose answer was lost is found by the effect id in its metadata. */
import { WebAPIPlatformError } from '@slack/web-api';
import { type Effect, type LiveSubject, slotOf } from '../../domain/effects.ts';
import { forgetPlace, placeOf, savePlace } from '../../store/live-messages.ts';
import type { View } from '../views/blocks.ts';
import { clip, mrkdwn } from '../views/text.ts';
import { type Attempt, conversationOf, type Performing, present, stillOurs } from './context.ts';
import { findMessage, messagesSince } from './find.ts';
import { effectIdIn, metadataOf } from './metadata.ts';
import { viewOf } from './render.ts';
import { expectTwin } from './twins.ts';
import { Refused } from './verdict.ts';

type Of<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

/** Slack cuts a text at 40,000 characters without a word. */
const TEXT_LIMIT = 39_000;
/** The message is gone or can be edited no longer: it is posted anew. */
const LOST = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'channel_not_found']);

export async function say({ to, text }: Of<'say'>, attempt: Attempt, on: Performing): Promise<void> {
  const channel = await conversationOf(to, on);
  await post(channel, { text: clip(mrkdwn(text), TEXT_LIMIT) }, attempt, on);
}

/** Changes what was said; the words that it held must not be left to be read. */
export async function amend(
  { to, said, since, text }: Of<'amend'>,
  attempt: Attempt,
  on: Performing,
): Promise<void> {
  const { client } = on;
  const channel = await conversationOf(to, on);
  const body = { text: clip(mrkdwn(text), TEXT_LIMIT), metadata: metadataOf(said) };
  let found = false;
  // All of them: it may be there twice.
  for await (const { ts, metadata } of messagesSince(client, channel, new Date(since))) {
    if (ts === undefined || effectIdIn(metadata) !== said) continue;
    stillOurs(attempt);
    await client.chat.update({ channel, ts, ...body });
    found = true;
  }
  if (!found)
    throw new Refused('a message of the bot with redacted words was not found; look for it, and delete it');
}

/** Rendered now, not when it was decided: the newest state wins however late this is. */
export async function live({ to, subject }: Of<'live'>, attempt: Attempt, on: Performing): Promise<void> {
  const slot = slotOf(subject);
  const view = present(await viewOf(subject, on), whatOf(subject));
  const place = await placeOf(on.store, slot);
  if (place && (await edited(place, view, attempt, on))) return;
  if (place) await forgetPlace(on.store, slot);
  const channel = await conversationOf(to, on);
  await savePlace(on.store, slot, { channel, ts: await post(channel, view, attempt, on) });
}

async function edited(
  { channel, ts }: { readonly channel: string; readonly ts: string },
  view: View,
  attempt: Attempt,
  on: Performing,
): Promise<boolean> {
  const { row, doubt } = attempt;
  // It would bring back what was to be read then.
  if (doubt) await expectTwin(attempt, channel, on);
  try {
    await on.client.chat.update({ channel, ts, ...bodyOf(view), metadata: metadataOf(row.effectId) });
    return true;
  } catch (error) {
    if (error instanceof WebAPIPlatformError && LOST.has(error.data.error)) return false;
    throw error;
  }
}

async function post(channel: string, view: View, attempt: Attempt, on: Performing): Promise<string> {
  const { client } = on;
  const { row, doubt } = attempt;
  const earlier = doubt
    ? await findMessage(
        client,
        channel,
        row.createdAt,
        ({ metadata }) => effectIdIn(metadata) === row.effectId,
      )
    : undefined;
  if (earlier !== undefined) return earlier;
  if (doubt) await expectTwin(attempt, channel, on);
  stillOurs(attempt);
  const { ts } = await client.chat.postMessage({
    channel,
    ...bodyOf(view),
    metadata: metadataOf(row.effectId),
    unfurl_links: false,
    unfurl_media: false,
  });
  return present(ts, 'the posted message');
}

const bodyOf = ({ text, blocks }: View) => ({ text, ...(blocks ? { blocks: [...blocks] } : {}) });

const whatOf = (subject: LiveSubject): string => `what the message ${slotOf(subject)} shows`;
