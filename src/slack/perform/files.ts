/**
 * Files. Slack gives a file its id before anybody can see it: that id is kept as long as the row, and after a lost answer,
 * or a crash before the row was settled, a message that holds it shows that the file was shared. So a file keeps the name
 * that people know.
 */
import { WebAPIHTTPError, WebAPIRateLimitedError } from '@slack/web-api';
import type { Effect } from '../../domain/effects.ts';
import { outbound } from '../../outbound.ts';
import { placeOf, savePlace } from '../../store/live-messages.ts';
import { DEADLINE_MS } from '../client.ts';
import { type Attempt, conversationOf, type Performing, present, stillOurs } from './context.ts';
import { findMessage } from './find.ts';
import { expectTwin } from './twins.ts';
import { secondsToWait } from './verdict.ts';

type FileEffect = Extract<Effect, { kind: 'file' }>;

export async function file(effect: FileEffect, attempt: Attempt, on: Performing): Promise<void> {
  const { row, doubt } = attempt;
  const { client, store } = on;
  const slot = `file:${row.effectId}`;
  const channel = await channelFor(effect, attempt, on);
  const earlier = doubt ? await placeOf(store, slot) : undefined;
  if (earlier === undefined || !(await isShared(channel, earlier.ts, attempt, on))) {
    const id = await upload(effect, on);
    await savePlace(store, slot, { channel, ts: id });
    if (earlier) await expectTwin(attempt, channel, on, [earlier.ts, id]);
    stillOurs(attempt);
    await client.files.completeUploadExternal({
      files: [{ id, title: effect.title }],
      channel_id: channel,
      ...(effect.comment === undefined ? {} : { initial_comment: effect.comment }),
    });
  }
}

/** Tries until then amount to some minutes; a channel that was not made by then is not made. */
const TRIES_FOR_CHANNEL = 15;

/** A file in a lane of its own may be tried before the channel of its incident is there. */
async function channelFor({ to, apart }: FileEffect, { row }: Attempt, on: Performing): Promise<string> {
  if (apart && to.kind === 'incident' && row.attempts < TRIES_FOR_CHANNEL) {
    const incident = await on.app.incident(to.id);
    if (incident && incident.channelId === undefined)
      throw new Error('the channel of the incident is not there yet');
  }
  return conversationOf(to, on);
}

const isShared = async (
  channel: string,
  id: string,
  { row }: Attempt,
  { client }: Performing,
): Promise<boolean> => {
  const ts = await findMessage(client, channel, row.createdAt, ({ files = [] }) =>
    files.some((each) => each.id === id),
  );
  return ts !== undefined;
};

/** Brings the bytes to Slack; nobody sees them before the upload is completed. */
async function upload({ name, content }: FileEffect, { client, now }: Performing): Promise<string> {
  // Slack refuses an empty file.
  const bytes = Buffer.from(content === '' ? '\n' : content, 'utf8');
  const asked = await client.files.getUploadURLExternal({ filename: name, length: bytes.length });
  const id = present(asked.file_id, 'the file');
  await send(present(asked.upload_url, 'the address for the file'), bytes, now);
  return id;
}

async function send(url: string, body: Buffer, now: () => Date): Promise<void> {
  const answer = await outbound(url, { method: 'POST', body, signal: AbortSignal.timeout(DEADLINE_MS) });
  if (answer.status === 429)
    throw new WebAPIRateLimitedError(secondsToWait(answer.headers.get('retry-after'), now()));
  if (!answer.ok) throw new WebAPIHTTPError(answer.status, answer.statusText, {});
}
