/** Does what a crash left undone in the inbox, at most once; what is dangerous and old is not done, and said. */
import type { App as Bolt } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Dispatch } from '../app/dispatch.ts';
import type { Logger } from '../log.ts';
import { type Delivered, openRows, settle } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import { respond } from './answer.ts';
import { isDangerousClick, lineOf } from './clicks.ts';
import { type Body, responseUrl, senderOf } from './inbound.ts';
import { mentionedLine } from './mentions.ts';
import { isDangerousForm } from './modals.ts';

export interface ReplayParts {
  readonly bolt: Pick<Bolt, 'processEvent'>;
  readonly client: WebClient;
  readonly dispatch: Pick<Dispatch, 'isDangerous'>;
  readonly inbox: Db;
  /** What this process is working on by itself. */
  readonly underWay: ReadonlySet<string>;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Younger rows may be under way in another instance. */
const SETTLE_MS = 15_000;
/** What was dangerous to say is not done later than this. */
const DANGEROUS_MS = 60_000;
/** Until then what fails is tried again: the store or Slack may be away. */
const GIVE_UP_MS = 5 * 60_000;

/** Goes through the open rows, oldest first. */
export async function replayOpen(parts: ReplayParts): Promise<void> {
  const { inbox, underWay, now } = parts;
  const left = await openRows(inbox, new Date(now().getTime() - SETTLE_MS));
  for (const row of left.filter(({ key }) => !underWay.has(key))) {
    if (isExpired(row, parts)) await expire(row, parts);
    else await redo(row, parts);
  }
}

const isExpired = (row: Delivered, { dispatch, now }: ReplayParts): boolean =>
  now().getTime() - row.receivedAt.getTime() > DANGEROUS_MS && isDangerous(row, dispatch);

function isDangerous({ kind, payload }: Delivered, dispatch: ReplayParts['dispatch']): boolean {
  if (kind === 'command') return dispatch.isDangerous(String(payload['text']));
  if (kind === 'form') return isDangerousForm(String((payload['view'] as Body | undefined)?.['callback_id']));
  const mention = mentionIn(payload);
  if (mention) return dispatch.isDangerous(mentionedLine(String(mention['text'])));
  const actions = (payload['actions'] ?? []) as readonly Body[];
  return actions.some(({ action_id: id, value }) => {
    const line = lineOf(String(id), typeof value === 'string' ? value : undefined);
    return line === undefined ? isDangerousClick(String(id)) : dispatch.isDangerous(line);
  });
}

/** A mention is a typed line too. */
function mentionIn(payload: Body): Body | undefined {
  const event = payload['event'] as Body | undefined;
  return event?.['type'] === 'app_mention' ? event : undefined;
}

/** The row is ended first: to be told twice that nothing was done would be worse than not at all. */
async function expire(row: Delivered, parts: ReplayParts): Promise<void> {
  await settle(parts.inbox, row.key, 'expired', parts.now());
  await tellNotRun(row, 'Firebreak was down', parts);
}

async function tellNotRun(row: Delivered, why: string, { client, log }: ReplayParts): Promise<void> {
  const author = mentionIn(row.payload)?.['user'];
  const user = typeof author === 'string' ? author : senderOf(row.payload)?.id;
  if (user === undefined) return;
  const text = `:no_entry: ${said(row)} arrived ${hhmm(row.receivedAt)} UTC and was *not* run: ${why}. Say it again.`;
  try {
    const { channel } = await client.conversations.open({ users: user });
    await client.chat.postMessage({ channel: channel?.id ?? user, text });
  } catch (error) {
    log.error({ err: error, user }, 'nobody was told that a command was not run');
  }
}

async function redo(row: Delivered, parts: ReplayParts): Promise<void> {
  const { bolt, inbox, log, now } = parts;
  const { key: inboxKey, payload, receivedAt } = row;
  const ack = async (answer?: unknown): Promise<void> => {
    const message = answer as Body | undefined;
    if (message && 'text' in message) await respond(responseUrl(payload), message, log);
  };
  try {
    await bolt.processEvent({ body: payload, ack, customProperties: { inboxKey, receivedAt } });
    await settle(inbox, inboxKey, 'done', now());
  } catch (error) {
    log.error({ err: error, kind: row.kind }, 'a replay failed');
    // The person was told that it will be done: the next tick tries again.
    if (now().getTime() - receivedAt.getTime() < GIVE_UP_MS) return;
    const ended = await settle(inbox, inboxKey, 'refused', now());
    if (ended) await tellNotRun(row, 'it failed each time it was tried', parts);
  }
}

function said({ kind, payload }: Delivered): string {
  const mention = mentionIn(payload);
  if (mention) return `\`${mentionedLine(String(mention['text']))}\``;
  if (kind === 'command') return `\`${String(payload['command'])} ${String(payload['text'])}\``;
  return kind === 'form' ? 'Your form' : 'Your click';
}

const hhmm = (at: Date): string => at.toISOString().slice(11, 16);
