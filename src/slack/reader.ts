/** Reads Slack afterwards: what was said while nobody listened, and the files of captured messages. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebAPIRateLimitedError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import { type Page, type Place, type Reader, type SeenMessage, Unreadable } from '../app/reader.ts';
import type { FileFacts } from '../domain/capture.ts';
import { outbound } from '../outbound.ts';
import type { ReadFile } from '../store/files.ts';
import { emojiOf } from './capture.ts';
import type { Identity, WhoAmI } from './client.ts';
import { slackError } from './perform/verdict.ts';
import { heardOf, isOwn, isSpoken, isTombstone, SlackMessage } from './said.ts';

const PAGE = 200;
/** What Slack asks to wait longer than this is tried another time. */
const LONGEST_WAIT_S = 90;
const GONE = new Set(['thread_not_found', 'message_not_found']);
/** For now: the bot may be let in again. */
const CLOSED = new Set(['channel_not_found', 'not_in_channel']);

export function createReader(client: WebClient, identity: WhoAmI): Reader {
  const seen = async (messages: unknown, place: Place, asked: boolean): Promise<readonly SeenMessage[]> => {
    const us = await identity.get();
    return z
      .array(SlackMessage)
      .parse(messages ?? [])
      .map((each) => seenOf(each, place, us, asked));
  };
  return {
    message: async (place, ts, signal) => {
      const { channel } = place;
      const exact = { channel, oldest: ts, latest: ts, inclusive: true, limit: 1 };
      for (const look of [
        () => client.conversations.history(exact),
        // A reply is in no history.
        () => client.conversations.replies({ ...exact, ts }),
      ]) {
        const { messages } = await orNothing(() => opened(() => patient(look, signal)));
        const found = (await seen(messages, place, true)).find((each) => each.ts === ts);
        if (found) return found;
      }
      return undefined;
    },
    history: (place, oldest, cursor, signal) =>
      page(
        () => client.conversations.history({ channel: place.channel, oldest, limit: PAGE, ...at(cursor) }),
        (messages) => seen(messages, place, false),
        signal,
      ),
    replies: (place, thread, cursor, signal) =>
      page(
        // Of a thread that was deleted as a whole nothing is left to list.
        () =>
          orNothing(() =>
            client.conversations.replies({ channel: place.channel, ts: thread, limit: PAGE, ...at(cursor) }),
          ),
        (messages) => seen(messages, place, false),
        signal,
      ),
    async pins(place, signal) {
      const { items } = await opened(() =>
        patient(() => client.pins.list({ channel: place.channel }), signal),
      );
      const pins = Pins.parse(items ?? []).flatMap(({ created_by: by, message }) =>
        by !== undefined && message ? [{ by, message }] : [],
      );
      const us = await identity.get();
      return pins
        .filter(({ by }) => by !== us.botUserId)
        .map(({ by, message: { reactions: _, ...message } }) => {
          const { reactions: __, ...rest } = seenOf(message, place, us, true);
          return { by, message: rest };
        });
    },
    file: (file, maxImageBytes, signal) => readFile(client, file, maxImageBytes, signal),
    async name(user) {
      const answer = await orNothing(() => client.users.info({ user }));
      return answer.user?.name;
    },
  };
}

const Pins = z.array(z.object({ created_by: z.string().optional(), message: SlackMessage.optional() }));

const at = (cursor: string | undefined): { cursor?: string } => (cursor === undefined ? {} : { cursor });

/** `asked`: somebody marked it, so that also Slack's own lines are kept. */
function seenOf(message: SlackMessage, place: Place, us: Identity, asked: boolean): SeenMessage {
  const { ts, latest_reply, reactions } = message;
  const deleted = isTombstone(message);
  const kept = !deleted && !isOwn(message, us) && (asked || isSpoken(message));
  return {
    ts,
    deleted,
    ...(kept ? { heard: heardOf(message, place, us) } : {}),
    ...(latest_reply ? { latestReply: latest_reply } : {}),
    reactions: (reactions ?? []).map(({ name, users, count }) => ({
      name: emojiOf(name),
      users,
      all: users.length >= count,
    })),
  };
}

interface Listing {
  readonly messages?: unknown;
  readonly response_metadata?: { readonly next_cursor?: string | undefined } | undefined;
}

async function page(
  look: () => Promise<Listing>,
  seen: (messages: unknown) => Promise<readonly SeenMessage[]>,
  signal: AbortSignal,
): Promise<Page> {
  const { messages, response_metadata } = await opened(() => patient(look, signal));
  const next = response_metadata?.next_cursor;
  return { messages: await seen(messages), ...(next ? { next } : {}) };
}

/** Nobody waits for it: what Slack asks to wait is waited. */
async function patient<T>(look: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof WebAPIRateLimitedError) || error.retryAfter > LONGEST_WAIT_S) throw error;
      await sleep(error.retryAfter * 1000, undefined, { signal });
    }
  }
}

async function opened<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const reason = slackError(error);
    throw reason !== undefined && CLOSED.has(reason) ? new Unreadable(reason, { cause: error }) : error;
  }
}

/** What is not there is an answer. */
async function orNothing<T>(look: () => Promise<T>): Promise<Partial<T>> {
  try {
    return await look();
  } catch (error) {
    const reason = slackError(error) ?? '';
    if (GONE.has(reason) || /^user_not_(found|visible)$/.test(reason)) return {};
    throw error;
  }
}

const MAX_HASHED = 100 * 1024 * 1024;
const FILE_GONE = new Set(['file_not_found', 'file_deleted', 'not_visible']);
const FileInfo = z.object({
  size: z.number().nullish(),
  mimetype: z.string().nullish(),
  url_private_download: z.string().nullish(),
});

async function readFile(
  client: WebClient,
  { id }: FileFacts,
  maxImageBytes: number,
  signal: AbortSignal,
): Promise<ReadFile> {
  const info = await client.files.info({ file: id }).catch((error: unknown) => {
    if (FILE_GONE.has(slackError(error) ?? '')) return undefined;
    throw error;
  });
  if (!info) return { problem: 'not hashed: it was deleted before it could be read' };
  const { size, mimetype, url_private_download: url } = FileInfo.parse(info.file);
  if (!url || !isSlacks(url, client)) return { problem: 'not hashed: it lies elsewhere than in Slack' };
  if ((size ?? 0) > MAX_HASHED) return { problem: 'not hashed: too large' };
  const keepBytes = (mimetype ?? '').startsWith('image/') ? maxImageBytes : 0;
  return download(url, client.token ?? '', { size, keepBytes, signal });
}

/** The token goes to Slack and nowhere else. */
function isSlacks(address: string, { slackApiUrl }: WebClient): boolean {
  const [url, api] = [new URL(address), new URL(slackApiUrl)];
  return url.protocol === api.protocol && (url.host === api.host || url.host.endsWith(`.${api.host}`));
}

const DOWNLOAD_MS = 120_000;

async function download(
  url: string,
  token: string,
  want: { size: number | null | undefined; keepBytes: number; signal: AbortSignal },
): Promise<ReadFile> {
  const answer = await outbound(url, {
    // Another host gets no token: `fetch` takes it off.
    redirect: 'follow',
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.any([want.signal, AbortSignal.timeout(DOWNLOAD_MS)]),
  });
  if (!answer.ok || !answer.body) throw new Error(`a file was not handed out: HTTP ${answer.status}`);
  const digest = createHash('sha256');
  let kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_HASHED) return { problem: 'not hashed: too large' };
    digest.update(chunk);
    // Slack does not always say the size beforehand.
    if (size <= want.keepBytes) kept.push(chunk);
    else kept = [];
  }
  // Without the right to the file Slack answers with a page to sign in.
  if (want.size != null && size !== want.size)
    throw new Error(`a file was not handed out: ${size} bytes instead of ${want.size}`);
  return {
    sha256: digest.digest('hex'),
    ...(want.keepBytes > 0 && size <= want.keepBytes ? { bytes: Buffer.concat(kept) } : {}),
  };
}
