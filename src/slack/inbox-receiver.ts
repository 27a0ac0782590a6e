/** Stands between a Bolt receiver and the App: what Slack delivers is committed, or kept on disk, before it is acked. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type App, type CodedError, ErrorCode, type Receiver, type ReceiverEvent } from '@slack/bolt';
import { FirebreakError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { isAway, neverReached } from '../store/away.ts';
import { receive, settle, stateOf } from '../store/inbox.ts';
import type { Db } from '../store/store.ts';
import { type Answer, createAnswer, type Told } from './answer.ts';
import { type Arrival, type Body, identify, responseUrl, senderOf } from './inbound.ts';
import { type Unrecorded, withoutStore } from './without-store.ts';

export interface InboxParts extends Unrecorded {
  /** The small pool of its own. */
  readonly inbox: Db;
  readonly now: () => Date;
  readonly log: Logger;
  /** Tells a person who can be told in no other way. */
  readonly tell: (user: string, text: string) => Promise<void>;
}

export interface InboxReceiver extends Receiver {
  /** Keys that this process is working on: a replay must leave them alone. */
  readonly underWay: ReadonlySet<string>;
}

/** What takes longer than this is left to the next start. */
const STOP_MS = 3000;
const LOOK_MS = 20;

/** By the state in which the row was left; an act may have been committed although its answer was lost. */
const AFTER_FAILURE = {
  done: 'This was done, but something went wrong afterwards. Look at the channel before you repeat it.',
  refused: 'Something went wrong inside Firebreak, and this was not done. Say it again; the log says more.',
  received:
    'The store does not answer. This is recorded and will be done when it does: do not repeat it. (A step that changes a database is only done within a minute.)',
  unknown:
    'The store stopped answering while something went wrong. This may still be done by itself: look before you say it again.',
} as const;

/** Wraps a receiver; its `processEvent` is ours. */
export function inboxReceiver(inner: Receiver, parts: InboxParts): InboxReceiver {
  const underWay = new Set<string>();
  let open = 0;
  const counted = async (work: () => Promise<void>): Promise<void> => {
    open += 1;
    await work().finally(() => {
      open -= 1;
    });
  };
  return {
    underWay,
    init(app) {
      // Receivers call nothing else of an App.
      inner.init({
        processEvent: (event: ReceiverEvent) => counted(() => admit(app, event, parts, underWay)),
      } as unknown as App);
    },
    start: (...args: unknown[]) => inner.start(...args),
    async stop(...args: unknown[]) {
      // Their answers go over the connection that is to be closed.
      await emptied(() => open);
      return inner.stop(...args);
    },
  };
}

async function emptied(open: () => number): Promise<void> {
  for (let waited = 0; open() > 0 && waited < STOP_MS; waited += LOOK_MS) await sleep(LOOK_MS);
}

async function admit(
  app: App,
  event: ReceiverEvent,
  parts: InboxParts,
  underWay: Set<string>,
): Promise<void> {
  const arrival = identify(event.body);
  const receivedAt = parts.now();
  // Before the row is written: Slack's 3 s run already.
  const answer = createAnswer(event, arrival.kind, parts.log);
  const noted = await note(event, arrival, answer, receivedAt, parts);
  if (noted === 'failed') return;
  if (noted === 'known') return answer.forgo();
  const { key } = arrival;
  if (key !== undefined) underWay.add(key);
  try {
    await work(app, event, arrival, answer, receivedAt, parts);
  } finally {
    if (key !== undefined) underWay.delete(key);
  }
}

/** Commits the row. An event that cannot be written stays unacked, so that Slack sends it again. */
async function note(
  event: ReceiverEvent,
  { key, kind }: Arrival,
  answer: Answer,
  receivedAt: Date,
  parts: InboxParts,
): Promise<'new' | 'known' | 'failed'> {
  if (key === undefined) return 'new';
  const receivedBy = await parts.spool?.place();
  const delivery = { key, kind, payload: event.body, receivedAt, receivedBy };
  try {
    return await receive(parts.inbox, delivery);
  } catch (error) {
    parts.log.error({ err: error, kind, key }, 'a delivery was not recorded');
    if (kind === 'event') throw error;
    if (kind === 'closed' || kind === 'other') await answer.finish();
    else await tell(await withoutStore(delivery, error, parts), event.body, kind, answer, parts);
    return 'failed';
  }
}

/** A click on the Home tab has no address for an answer. */
async function tell(
  told: Told,
  body: Body,
  kind: Arrival['kind'],
  answer: Answer,
  { tell: directly }: InboxParts,
): Promise<void> {
  const user = senderOf(body)?.id;
  if (kind !== 'click' || responseUrl(body) !== undefined || user === undefined) return answer.finish(told);
  await answer.finish();
  await directly(user, told.text);
}

async function work(
  app: App,
  event: ReceiverEvent,
  arrival: Arrival,
  answer: Answer,
  receivedAt: Date,
  parts: InboxParts,
): Promise<void> {
  // Nobody waits for the outcome of an event, and its row is written.
  if (arrival.kind === 'event') await answer.ack();
  const noted = { inboxKey: arrival.key, receivedAt };
  try {
    await app.processEvent({
      ...event,
      ack: answer.ack,
      customProperties: { ...event.customProperties, ...noted },
    });
    await answer.finish();
  } catch (error) {
    if (error instanceof FirebreakError && error.code === 'ALREADY_DONE') {
      parts.log.warn({ key: arrival.key }, 'another instance has ended this delivery meanwhile');
      return answer.forgo();
    }
    parts.log.error({ err: error, kind: arrival.kind }, 'a delivery failed');
    // Nobody waits for it, and nobody would say it again: it stays open and is replayed.
    if (arrival.kind === 'event') return;
    const state = await afterFailure(arrival.key, error, parts);
    await answer.finish({ text: AFTER_FAILURE[state], over: state !== 'refused' });
    return;
  }
  // A command's row was ended by the dispatcher, or is left to who tells its person.
  if (arrival.kind !== 'command') await endDone(arrival.key, parts);
}

/** Ends a row as done that no act has ended in its own transaction. */
async function endDone(key: string | undefined, { inbox, now, log }: InboxParts): Promise<void> {
  if (key === undefined) return;
  try {
    await settle(inbox, key, 'done', now());
  } catch (error) {
    log.warn({ err: error }, 'a delivery stays open and will be replayed');
  }
}

/**
 * Looks how the row stands, and refuses it where the store can hear that: one that stays open is replayed. It stays open
 * too where the work failed because the store went away: unlike a defect, that is over when it is tried again.
 */
async function afterFailure(
  key: string | undefined,
  failure: unknown,
  { inbox, now, log }: InboxParts,
): Promise<keyof typeof AFTER_FAILURE> {
  if (key === undefined) return 'refused';
  let asked = false;
  try {
    const state = await stateOf(inbox, key);
    if (state === 'done') return 'done';
    // By another instance, which told its person: it will not be done.
    if (state === 'refused' || state === 'expired') return 'refused';
    if (isOfTheStore(failure)) return 'received';
    asked = true;
    // Whoever has ended it meanwhile has done it.
    return (await settle(inbox, key, 'refused', now())) ? 'refused' : 'done';
  } catch (error) {
    log.warn(
      { err: error },
      'a delivery stays open and will be replayed, unless the store has heard that it is refused',
    );
    return asked && !neverReached(error) ? 'unknown' : 'received';
  }
}

/** Bolt wraps what has no code of its own. Errors of Slack have one; their timeouts read like the store's. */
function isOfTheStore(failure: unknown): boolean {
  const { code, original } = failure as Partial<CodedError>;
  const cause = code === ErrorCode.UnknownError ? original : failure;
  const isOfSlack = String((cause as Partial<CodedError>).code).startsWith('slack_');
  return !isOfSlack && isAway(cause);
}
