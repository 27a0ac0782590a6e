/**
 * What was sent twice: a lost request may be carried out after we have looked for it and sent it again. It is looked for
 * a few times more, and the later one of two is deleted.
 */
import { WebAPIRateLimitedError } from '@slack/web-api';
import { type Effect, slotOf } from '../../domain/effects.ts';
import { placeOf } from '../../store/live-messages.ts';
import { enqueue } from '../../store/outbox.ts';
import { delayLooks, dueRepeats, noteLook, noteRepeat, type Repeat } from '../../store/repeats.ts';
import type { Attempt, Performing } from './context.ts';
import { type Message, messagesSince } from './find.ts';
import { effectIdIn } from './metadata.ts';
import { deliveryOf, slackError } from './verdict.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** After it was sent again, when the deadline of the lost request was over already. */
const LOOKS_MS = [10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE];
/** After a look that failed. */
const DELAY_S = 30;
/** They hold no words, and show what is so when they are drawn. */
const DRAWN = new Set<Effect['kind']>(['live', 'topic', 'bookmarks']);

/** To be called before something is sent again: what is lost with us is looked for by the next process. */
export async function expectTwin(
  { row }: Attempt,
  channel: string,
  { store, now }: Performing,
  files: readonly string[] = [],
): Promise<void> {
  const { effect, effectId, createdAt: since } = row;
  const repeatedAt = now();
  const drawn = DRAWN.has(effect.kind) ? { effect } : {};
  const lookAt = new Date(repeatedAt.getTime() + (LOOKS_MS[0] ?? 0));
  await noteRepeat(store, { effectId, channel, files, since, repeatedAt, ...drawn }, lookAt);
}

/** Looks through a channel for what is due there, as often as it is called. Never throws what Slack answers. */
export function createTwinSweep(on: Performing): (channel: string, signal: AbortSignal) => Promise<void> {
  return async (channel, signal) => {
    const { store, log, now } = on;
    const due = await dueRepeats(store, channel, now());
    try {
      for (const ts of await twinsIn(channel, due, on)) {
        if (signal.aborted) return;
        await remove(channel, ts, on);
      }
      if (due.some(({ effect }) => effect?.kind === 'bookmarks')) await removeBookmarks(channel, on);
    } catch (error) {
      // What no look can see is given up look by look.
      if (deliveryOf(error).kind !== 'refused') {
        const seconds = error instanceof WebAPIRateLimitedError ? error.retryAfter : DELAY_S;
        await delayLooks(store, due, new Date(now().getTime() + seconds * SECOND));
        return;
      }
      log.warn({ err: error, channel }, 'a channel could not be searched for what was sent twice');
    }
    await looked(due, on);
  };
}

/** A late request may also have brought back an older state: what shows one is drawn again. */
async function looked(due: readonly Repeat[], { store, now }: Performing): Promise<void> {
  const drawn = due.flatMap(({ effect }) => (effect && effect.kind !== 'bookmarks' ? [effect] : []));
  await store.transaction(async (tx) => {
    for (const repeat of due) await noteLook(tx, repeat, nextLook(repeat));
    await enqueue(tx, drawn, now());
  });
}

function nextLook({ looks, repeatedAt }: Repeat): Date | undefined {
  const after = LOOKS_MS[looks + 1];
  return after === undefined ? undefined : new Date(repeatedAt.getTime() + after);
}

/** The timestamps of all that is there once too often. */
async function twinsIn(channel: string, due: readonly Repeat[], on: Performing): Promise<readonly string[]> {
  const sought = due.filter(({ effect }) => effect === undefined || effect.kind === 'live');
  const [oldest] = sought;
  if (!oldest) return [];
  const messages: Message[] = [];
  for await (const message of messagesSince(on.client, channel, oldest.since)) messages.push(message);
  const twins: string[] = [];
  for (const repeat of sought) {
    const copies = messages.filter((message) => isOf(repeat, message)).flatMap(({ ts }) => ts ?? []);
    if (copies.length > 0) twins.push(...(await toDelete(repeat, copies, on)));
  }
  return twins;
}

const isOf = ({ effectId, files }: Repeat, message: Message): boolean =>
  effectIdIn(message.metadata) === effectId ||
  (message.files ?? []).some(({ id }) => id !== undefined && files.includes(id));

/** The one that we edit, pin and link to stays; what was said once stays where it was said first. */
async function toDelete(
  { channel, effect }: Repeat,
  copies: readonly string[],
  { store }: Performing,
): Promise<readonly string[]> {
  const place = effect?.kind === 'live' ? await placeOf(store, slotOf(effect.subject)) : undefined;
  if (place?.channel === channel) return copies.filter((ts) => ts !== place.ts);
  return copies.toSorted().slice(1);
}

/** Gone already, or somebody's own message, in which they have shared a file of ours. */
const NOT_OURS_TO_DELETE = new Set(['message_not_found', 'cant_delete_message']);

async function remove(channel: string, ts: string, { client, log }: Performing): Promise<void> {
  try {
    await client.chat.delete({ channel, ts });
    log.info({ channel, ts }, 'a message that was there twice is deleted');
  } catch (error) {
    if (!NOT_OURS_TO_DELETE.has(slackError(error) ?? '')) throw error;
  }
}

/** Of bookmarks with the same title and link the first stays; one that somebody calls otherwise is theirs, as is a folder. */
async function removeBookmarks(channel: string, { client, log }: Performing): Promise<void> {
  const { bookmarks = [] } = await client.bookmarks.list({ channel_id: channel });
  const known = new Set<string>();
  for (const { id, title, link } of bookmarks) {
    if (!id || !link) continue;
    const shown = JSON.stringify([title, link]);
    if (known.has(shown)) {
      await client.bookmarks.remove({ channel_id: channel, bookmark_id: id });
      log.info({ channel, bookmark: id }, 'a bookmark that was there twice is deleted');
    }
    known.add(shown);
  }
}
