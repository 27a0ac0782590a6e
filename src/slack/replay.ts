/** Does what a crash left undone in the inbox, at most once; what is dangerous and old is not done, and said. */
import type { App as Bolt } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { App } from '../app/app.ts';
import type { Dispatch } from '../app/dispatch.ts';
import { DANGEROUS_MS, isUnanswerable } from '../app/said-at.ts';
import type { Logger } from '../log.ts';
import { type Delivered, openRows, settle, stateOf } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import { DONE, privately, respond } from './answer.ts';
import { isDangerous } from './danger.ts';
import type { Entering } from './enter-kept.ts';
import { type Body, mentionedLine, mentionIn, responseUrl, senderOf } from './inbound.ts';

export interface ReplayParts {
  readonly bolt: Pick<Bolt, 'processEvent'>;
  readonly app: Pick<App, 'endUndone'>;
  readonly dispatch: Pick<Dispatch, 'isDangerous'>;
  readonly inbox: Db;
  /** What this process is working on by itself. */
  readonly underWay: ReadonlySet<string>;
  /** What lay on disk. Without it, nothing did. */
  readonly entering: Pick<Entering, 'all' | 'fresh' | 'isOurs'> | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface Replay {
  /** Something has come from disk which newer commands are not to overtake. */
  isDue(): boolean;
  /** Goes through the open rows, oldest first, until `stopping` fires; at start and on each tick, by one instance at a time. */
  work(stopping?: AbortSignal): Promise<void>;
}

/** Younger rows may be under way in another instance. */
const SETTLE_MS = 15_000;
/** So long after its first failure what fails is tried again: the store or Slack may be away. */
const GIVE_UP_MS = 5 * 60_000;

/** While the store is away `work` throws: what is left is done by a later one. */
export function createReplay(parts: ReplayParts): Replay {
  const { inbox, underWay, entering, dispatch, now } = parts;
  const fresh = entering?.fresh ?? new Set();
  /** When each that fails has failed first. */
  const failing = new Map<string, number>();

  async function open(): Promise<readonly Delivered[]> {
    const asked = [...fresh];
    const { rows, isAll } = await openRows(inbox, new Date(now().getTime() - SETTLE_MS), asked);
    const found = new Set(rows.map(({ key }) => key));
    for (const key of isAll ? asked : found) fresh.delete(key);
    if (isAll) for (const key of failing.keys()) if (!found.has(key)) failing.delete(key);
    return rows;
  }

  async function workThrough(stopping: AbortSignal | undefined): Promise<void> {
    // First: what was refused on disk may stand open in the inbox. What is dangerous is left alone where that is not known.
    const refusalsKnown = (await entering?.all()) ?? true;
    const mayBeRedone = async (row: Delivered): Promise<boolean> =>
      !isDangerous(row, dispatch) || (refusalsKnown && ((await entering?.isOurs(row)) ?? true));
    for (const row of (await open()).filter(({ key }) => !underWay.has(key))) {
      if (stopping?.aborted) return;
      // After a freeze the list is old, and another instance has gone on.
      if ((await stateOf(inbox, row.key)) !== 'received') continue;
      if (isExpired(row, parts)) await expire(row, parts);
      else if (await mayBeRedone(row)) await redo(row, failing, parts);
    }
  }

  return {
    isDue: () => fresh.size > 0,
    async work(stopping) {
      try {
        await workThrough(stopping);
      } catch (error) {
        // The store is away, and what failed on its account is not tried meanwhile: its time begins anew.
        failing.clear();
        throw error;
      }
    },
  };
}

const isExpired = (row: Delivered, { dispatch, now }: ReplayParts): boolean =>
  now().getTime() - row.receivedAt.getTime() > DANGEROUS_MS && isDangerous(row, dispatch);

const expire = (row: Delivered, { app }: ReplayParts): Promise<void> =>
  app.endUndone({
    ...notRun(row, 'Firebreak was down, or could write nothing down'),
    inboxKey: row.key,
    ending: 'expired',
  });

function notRun(row: Delivered, why: string): { readonly user: string | undefined; readonly text: string } {
  const author = mentionIn(row.payload)?.['user'];
  const user = typeof author === 'string' ? author : senderOf(row.payload)?.id;
  const text = `:no_entry: ${said(row)} arrived ${hhmm(row.receivedAt)} UTC and was *not* run: ${why}. Say it again.`;
  return { user, text };
}

/** A direct message, once at most. */
export async function tellDirectly(
  user: string,
  text: string,
  client: WebClient,
  log: Logger,
): Promise<void> {
  try {
    const { channel } = await client.conversations.open({ users: user });
    await client.chat.postMessage({ channel: channel?.id ?? user, text });
  } catch (error) {
    log.error({ err: error, user }, 'a person was not told what became of what they asked for');
  }
}

async function redo(row: Delivered, failing: Map<string, number>, parts: ReplayParts): Promise<void> {
  const { bolt, app, inbox, log, now } = parts;
  const { key: inboxKey, payload, receivedAt } = row;
  const unanswerable = isUnanswerable(receivedAt, now());
  const url = responseUrl(payload);
  let refused: string | undefined;
  const ack = async (answer?: unknown): Promise<void> => {
    const message = answer as Body | undefined;
    refused = refusedForm(message);
    if (!message || !('text' in message)) {
      // It may have been promised an answer, by an instance that has none now.
      if (row.kind === 'click' && url !== undefined && !unanswerable)
        await respond(url, privately(DONE), log);
      return;
    }
    // What was done has ended its row by now; of what has not, the answer is why.
    if (unanswerable) refused = withoutStop(String(message['text']));
    else await respond(url, message, log);
  };
  try {
    await bolt.processEvent({ body: payload, ack, customProperties: { inboxKey, receivedAt } });
    if (refused === undefined) await settle(inbox, inboxKey, 'done', now());
    else await app.endUndone({ ...notRun(row, refused), inboxKey, ending: 'refused' });
  } catch (error) {
    log.error({ err: error, kind: row.kind }, 'a replay failed');
    // Not since it arrived: nobody may have been there to try it.
    const since = failing.get(inboxKey) ?? now().getTime();
    failing.set(inboxKey, since);
    // The person was told that it will be done: the next tick tries again.
    if (now().getTime() - since < GIVE_UP_MS) return;
    await app.endUndone({ ...notRun(row, 'it failed each time it was tried'), inboxKey, ending: 'refused' });
  }
}

/** The form is closed: what would stand at its fields. */
function refusedForm(answer: Body | undefined): string | undefined {
  const errors = Object.values((answer?.['errors'] ?? {}) as Readonly<Record<string, string>>);
  return errors.length === 0 ? undefined : withoutStop(errors.join('\n'));
}

/** As a part of a sentence. */
const withoutStop = (text: string): string => text.replace(/^:no_entry: /, '').replace(/\.$/, '');

function said({ kind, payload }: Delivered): string {
  const mention = mentionIn(payload);
  if (mention) return `\`${mentionedLine(String(mention['text']))}\``;
  if (kind === 'command') return `\`${String(payload['command'])} ${String(payload['text'])}\``;
  return kind === 'form' ? 'Your form' : 'Your click';
}

const hhmm = (at: Date): string => at.toISOString().slice(11, 16);
